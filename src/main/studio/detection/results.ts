/** Writes detections as a COCO results list that grows with every image, or as a data set of another format. */
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { ScoredBox } from '../../../core/contract/engine.ts'
import { CodedError, fileFault } from '../../../core/errors.ts'
import { toCocoResults } from '../../../core/formats/coco-results.ts'
import type { Category, DatasetImage, Problem } from '../../../core/formats/dataset.ts'
import { toXywh } from '../../../core/geometry/box.ts'
import { refuseDevice, settleFile, unfinished } from '../../files/replace-file.ts'
import { kindOf } from '../datasets/files.ts'
import { writeDataset } from '../datasets/index.ts'

export type ResultFormat = 'coco' | 'csv' | 'labelme' | 'voc' | 'yolo'

export interface DetectedImage {
  readonly id: number
  readonly fileName: string
  readonly width: number
  readonly height: number
  readonly detections: readonly ScoredBox[]
  /** Whether more detections were found than are kept. */
  readonly cut?: boolean
}

export interface ResultWriter {
  add(image: DetectedImage): void
  /**
   * Moves the results to their destination. If images are missing, the name gets `.incomplete`, so that complete
   * results are not replaced. Returns their path and what the format could not hold.
   */
  finish(
    classes: readonly Category[],
    isComplete: boolean,
  ): Promise<{ readonly out: string; readonly problems: readonly Problem[] }>
  /** Removes what was written. */
  abandon(): void
}

/**
 * @throws CodedError DATA_EXISTS before anything is computed, where the output would replace what is no earlier
 *   results list; IO_WRITE.
 */
export async function resultWriter(out: string, format: ResultFormat): Promise<ResultWriter> {
  refuseDevice(out)
  if (format === 'coco') return new ResultsList(await resultsFile(out))
  if (
    (await kindOf(out)) === 'file' ||
    ((await kindOf(out)) === 'folder' && (await readdir(out)).length > 0)
  ) {
    throw new CodedError('DATA_EXISTS', `${out} exists`, 'Give another --out')
  }
  return new LabelFiles(out, format)
}

/** `fcos eval` wants one file: OUT itself if it is named .json, else detections.json in it. */
async function resultsFile(out: string): Promise<string> {
  const isFile = /\.json$/i.test(out)
  if (!isFile && (await kindOf(out)) === 'file') {
    const remedy = 'Give a folder, or a file whose name ends in .json'
    throw new CodedError('DATA_EXISTS', `${out} is a file that exists`, remedy)
  }
  const file = isFile ? out : path.join(out, 'detections.json')
  if ((await kindOf(file)) === undefined || startsWithBracket(file)) return file
  throw new CodedError(
    'DATA_EXISTS',
    `${file} already exists and is not a results list`,
    'Give another --out',
  )
}

/** A results list is a JSON list. A COCO data set, which must not be overwritten, is an object. */
function startsWithBracket(file: string): boolean {
  const descriptor = openSync(file, 'r')
  const head = Buffer.alloc(1)
  readSync(descriptor, head)
  closeSync(descriptor)
  return head.toString() === '['
}

class ResultsList implements ResultWriter {
  readonly #file: string
  readonly #partial: string
  readonly #descriptor: number
  #separator = '[\n'

  constructor(file: string) {
    this.#file = file
    this.#partial = unfinished(file)
    this.#descriptor = this.#write(() => {
      mkdirSync(path.dirname(file), { recursive: true })
      return openSync(this.#partial, 'w')
    })
  }

  add({ id, fileName, detections }: DetectedImage): void {
    const boxes = detections.map(({ box, ...rest }) => ({ imageId: id, ...rest, box: toXywh(box) }))
    for (const result of toCocoResults(boxes, [{ id, fileName }])) {
      this.#write(() => writeSync(this.#descriptor, this.#separator + JSON.stringify(result)))
      this.#separator = ',\n'
    }
  }

  async finish(_: readonly Category[], isComplete: boolean): ReturnType<ResultWriter['finish']> {
    this.#write(() => {
      writeSync(this.#descriptor, this.#separator === ',\n' ? '\n]\n' : '[]\n')
      closeSync(this.#descriptor)
    })
    const out = isComplete ? this.#file : this.#file.replace(/\.json$/i, '.incomplete.json')
    await settleFile(this.#partial, out)
    return { out, problems: [] }
  }

  abandon(): void {
    rmSync(this.#partial, { force: true })
  }

  #write<T>(action: () => T): T {
    try {
      return action()
    } catch (cause) {
      const { reason, remedy } = fileFault(cause)
      throw new CodedError('IO_WRITE', `${this.#file} cannot be written: ${reason}`, remedy, { cause })
    }
  }
}

class LabelFiles implements ResultWriter {
  readonly #out: string
  readonly #format: Exclude<ResultFormat, 'coco'>
  readonly #images: DatasetImage[] = []

  constructor(out: string, format: Exclude<ResultFormat, 'coco'>) {
    this.#out = out
    this.#format = format
  }

  add({ detections, ...image }: DetectedImage): void {
    this.#images.push({ ...image, annotations: detections })
  }

  async finish(categories: readonly Category[], isComplete: boolean): ReturnType<ResultWriter['finish']> {
    const dataset = { categories, images: this.#images }
    const out = isComplete ? this.#out : `${this.#out}.incomplete`
    const { problems } = await writeDataset(dataset, { format: this.#format, out, overwrite: !isComplete })
    return { out, problems }
  }

  abandon(): void {}
}
