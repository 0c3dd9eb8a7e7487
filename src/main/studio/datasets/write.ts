/** Writes data sets to disk, whole or not at all. Of a stream of images, never more than a few are in memory. */
import { readdir } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import type { DatasetImage, DatasetStream, Problem } from '../../../core/formats/dataset.ts'
import { type Format, notKept, TRAITS } from '../../../core/formats/formats.ts'
import { mergeCategories } from '../../../core/formats/named.ts'
import { inside } from '../../../core/formats/paths.ts'
import { describeProblem, ProblemLog } from '../../../core/formats/problems.ts'
import { Survey } from '../../../core/formats/survey.ts'
import { checkNames } from '../../../core/formats/writer.ts'
import { refuseDevice } from '../../files/replace-file.ts'
import { kindOf } from './files.ts'
import { givingWay } from './give-way.ts'
import { Output } from './output.ts'

export interface WriteOptions {
  readonly format: Format
  /** A folder; for COCO and CSV also a file, if the name has the extension. */
  readonly out: string
  /** Replace label files that are there. Other files in the folder stay. */
  readonly overwrite?: boolean
  /** Copy the images from this root into the data set. Files that are there already stay as they are. */
  readonly copyImagesFrom?: string
  /** Count, but write nothing. */
  readonly dryRun?: boolean
  /** Anything that the format's writer would skip or repair is an error, and nothing is written. */
  readonly strict?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

export interface Written {
  readonly files: number
  readonly copiedImages: number
  /** What the data set holds. */
  readonly survey: Survey
  readonly problems: Problem[]
  /** What the format cannot hold: "difficult flag of 3 objects". */
  readonly notKept: readonly string[]
}

/**
 * Everything goes to a temporary folder beside the target first and is then renamed into place.
 * Throws DATA_EXISTS if the target has files and may not be overwritten, DATA_STRICT, IO_WRITE if the disk refuses, and
 * the signal's reason when it is aborted.
 */
export async function writeDataset(given: DatasetStream, options: WriteOptions): Promise<Written> {
  const { format, signal, copyImagesFrom, dryRun = false, strict = false } = options
  const { singleFile, imageFolder, walks = 1 } = TRAITS[format]
  const target = resolve(options.out)
  const asFile = singleFile !== undefined && extname(target).toLowerCase() === extname(singleFile)
  const output = new Output(target, asFile)
  const log = new ProblemLog(basename(target))
  const dataset = withDistinctClasses(given, log)
  const passes = 1 + walks + (copyImagesFrom === undefined ? 0 : 1)
  let done = 0
  const images = counted(dataset.images, () => options.onProgress?.(++done, passes * dataset.images.length))
  const giveWay = givingWay(signal)
  try {
    if (!dryRun) await checkTarget(target, asFile, options.overwrite ?? false)
    const survey = new Survey()
    for (const image of images) {
      checkNames(image)
      survey.add(image)
      await giveWay()
    }
    let files = 0
    for (const { path, text } of TRAITS[format].write({ ...dataset, images }, survey, log)) {
      files++
      if (!dryRun) await output.write(path, text, giveWay)
      await giveWay()
    }
    if (strict) refuseProblems(log.problems)
    if (!dryRun) {
      for (const { fileName } of copyImagesFrom === undefined ? [] : images) {
        const isThere = await output.copy(join(copyImagesFrom!, fileName), inside(imageFolder, fileName))
        if (!isThere) {
          const reason = 'its file is missing: only its labels are written'
          log.problems.push({ file: fileName, where: '', reason, action: 'skipped' })
        }
        signal?.throwIfAborted()
      }
      await output.settle()
    }
    return {
      files,
      copiedImages: dryRun ? 0 : output.files - files,
      survey,
      problems: log.problems,
      notKept: notKept(dataset.categories, survey, format),
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof CodedError ? error : unwritable(target, error)
  } finally {
    await output.discard()
  }
}

/** Throws DATA_STRICT if there is any. */
export function refuseProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return
  const others = problems.length === 1 ? '' : `, and ${problems.length - 1} more`
  throw new CodedError(
    'DATA_STRICT',
    `${describeProblem(problems[0]!)}${others}`,
    'Nothing was written; without --strict the rest is converted',
  )
}

/** A list of classes never has a name twice: the objects of the later one go to the first. */
function withDistinctClasses(dataset: DatasetStream, log: ProblemLog): DatasetStream {
  const { categories, idOf } = mergeCategories(dataset.categories, log)
  if (categories.length === dataset.categories.length) return dataset
  const { images } = dataset
  return {
    categories,
    images: {
      length: images.length,
      *[Symbol.iterator](): Generator<DatasetImage> {
        for (const image of images) {
          const annotations = image.annotations.map((one) => ({ ...one, categoryId: idOf(one.categoryId) }))
          yield { ...image, annotations }
        }
      },
    },
  }
}

const counted = (images: DatasetStream['images'], onImage: () => void): DatasetStream['images'] => ({
  length: images.length,
  *[Symbol.iterator](): Generator<DatasetImage> {
    for (const image of images) {
      yield image
      onImage()
    }
  },
})

async function checkTarget(target: string, asFile: boolean, overwrite: boolean): Promise<void> {
  refuseDevice(target)
  const kind = await kindOf(target)
  if (kind !== undefined && (kind === 'file') !== asFile) {
    throw new CodedError('DATA_EXISTS', `${target} is a ${kind}`, 'Give another name')
  }
  const taken = kind === 'file' || (kind === 'folder' && (await readdir(target)).length > 0)
  if (taken && !overwrite) {
    throw new CodedError(
      'DATA_EXISTS',
      `${target} ${asFile ? 'exists' : 'has files'}`,
      'Give another name, or --overwrite',
    )
  }
}

function unwritable(target: string, cause: unknown): CodedError {
  const { code, path, message } = cause as NodeJS.ErrnoException
  if (code === 'EEXIST') {
    return new CodedError('DATA_FILE_NAME', `Two images share the label file ${path}`, undefined, { cause })
  }
  const reason = code === 'ENOSPC' ? 'the disk is full' : message
  return new CodedError('IO_WRITE', `${target} was not written: ${reason}`, 'Nothing was left there', {
    cause,
  })
}
