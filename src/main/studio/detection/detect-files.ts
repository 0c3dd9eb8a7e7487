/**
 * Detects in any number of images and writes files. Memory use does not grow with their number, and the engine never
 * waits for the disk.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { ScoredBox } from '../../../core/contract/engine.ts'
import type { CurrentModel, FilesReport } from '../../../core/contract/studio/models.ts'
import { MOST_DETECTIONS } from '../../../core/detectors/shared/select.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Category, DatasetImage } from '../../../core/formats/dataset.ts'
import { IMAGE_FILE, kindOf, listFiles } from '../datasets/files.ts'
import { writeDataset } from '../datasets/index.ts'
import type { JobContext } from '../jobs.ts'
import type { Models } from '../models/models.ts'
import { Pace } from '../models/pace.ts'
import { Drawing } from './drawing.ts'
import { Journal } from './journal.ts'
import { keepBest, limitBefore } from './limit.ts'
import { drawOverlay } from './overlay/overlay.ts'
import { type DetectedImage, type ResultFormat, resultWriter } from './results.ts'

export interface DetectFilesOptions {
  readonly images: InputImages
  readonly out: string
  readonly format: ResultFormat
  /** Also the images with their detections drawn on them, in `pictures`. */
  readonly pictures: boolean
  readonly score: number
  readonly nms: number
  /** Minimum scores of single classes, by the model's ids. */
  readonly thresholds: readonly { readonly classId: number; readonly score: number }[]
}

/** Images below a folder; their paths are relative to it, with forward slashes. */
export interface InputImages {
  readonly root: string
  readonly files: readonly { readonly id: number; readonly fileName: string }[]
}

const JOURNAL = 'detecting.jsonl'
/** Images of one size that go through the network together. */
const BATCH = 2
/** Number of images per request, because a million paths are too long for one message. */
const REQUEST = 1000

/**
 * Throws DATA_EXISTS where the output has files of something else, USAGE_NO_IMAGES, ENGINE_*, WEIGHTS_*, IO_WRITE, and the
 * signal's reason. What was detected until then is kept in the output for the next start.
 */
export async function detectFiles(
  models: Models,
  model: CurrentModel,
  given: DetectFilesOptions,
  control: JobContext,
): Promise<FilesReport> {
  const options = { ...given, out: resolve(given.out) }
  const { images, out, score, nms, thresholds, pictures } = options
  if (images.files.length === 0) throw new CodedError('USAGE_NO_IMAGES', 'There are no images to detect in')
  await checkOutput(out)
  const about = { model: model.key, images: digest(images), score, nms, thresholds, pictures }
  const journal = await openJournal(out, JSON.stringify(about))
  try {
    const { imagesPerSecond, classes } = await models.inTurn(control.signal, () =>
      detect(models, model, options, journal, control),
    )
    control.report(null, 'Writing files')
    const report = { ...(await write(journal, options, classes, control.signal)), imagesPerSecond }
    await rm(join(out, JOURNAL))
    return report
  } finally {
    journal.close()
  }
}

/** All images of a folder, numbered from 1. Throws DATA_READ. */
export async function imagesOfFolder(folder: string): Promise<InputImages> {
  const names = await listFiles(folder, IMAGE_FILE)
  return { root: resolve(folder), files: names.map((fileName, i) => ({ id: i + 1, fileName })) }
}

/** Identifies the images of a job. */
function digest({ root, files }: InputImages): string {
  const hash = createHash('sha256').update(root)
  for (const { id, fileName } of files) hash.update(`\0${id}\0${fileName}`)
  return hash.digest('hex')
}

async function checkOutput(out: string): Promise<void> {
  const kind = await kindOf(out)
  const isFree =
    kind === undefined ||
    (kind === 'folder' && (existsSync(join(out, JOURNAL)) || (await readdir(out)).length === 0))
  if (!isFree) throw new CodedError('DATA_EXISTS', `${out} has files`, 'Choose an empty folder, or a new one')
}

async function openJournal(out: string, head: string): Promise<Journal> {
  try {
    await mkdir(out, { recursive: true })
    return new Journal(join(out, JOURNAL), head)
  } catch (cause) {
    throw new CodedError('IO_WRITE', `${out} cannot be written: ${(cause as Error).message}`, undefined, {
      cause,
    })
  }
}

/** Images per second are null if nothing was left to detect. */
async function detect(
  { engine }: Models,
  model: CurrentModel,
  { images: { root, files }, out, score, nms, thresholds, pictures }: DetectFilesOptions,
  journal: Journal,
  { signal, report }: JobContext,
): Promise<{ readonly imagesPerSecond: number | null; readonly classes: readonly Category[] }> {
  const least = new Map(thresholds.map((one) => [one.classId, one.score]))
  const before = limitBefore(MOST_DETECTIONS, least.size > 0)
  const request = (images: InputImages['files']) =>
    ({
      method: 'detect',
      model: model.path,
      images: images.map(({ fileName }) => join(root, fileName)),
      score: Math.min(score, ...least.values()),
      ...{ nms, batch: BATCH, limit: before + 1, size: null, mayRound: true },
    }) as const
  let classes: readonly Category[] | null = null
  const done = new Set<string>()
  for (const { fileName } of journal.entries()) done.add(fileName)
  const missing = files.filter(({ fileName }) => !done.has(fileName))
  const pace = new Pace(missing.length)
  const drawing = new Drawing()
  for (let start = 0; start < missing.length; start += REQUEST) {
    const chunk = missing.slice(start, start + REQUEST)
    await engine.call(
      request(chunk),
      (event) => {
        if (event.kind === 'classes') classes = event.classes
        if (event.kind !== 'detected' && event.kind !== 'skipped') return
        const { id, fileName } = chunk[event.index]!
        report(...pace.step())
        if (event.kind === 'skipped') return journal.add({ fileName, error: event.error })
        const { width, height, tiles } = event
        const { detections, cut } = keepBest(
          event.detections,
          { limit: MOST_DETECTIONS, before, tiles },
          (one) => one.score >= (least.get(one.categoryId) ?? score),
        )
        const found = { id, fileName, width, height, detections, cut }
        if (!pictures) return journal.add(found)
        drawing.add(async () => {
          const picture = join(out, 'pictures', `${fileName}.jpg`)
          await drawOverlay(
            join(root, fileName),
            { detections: named(detections, classes!), truth: [] },
            picture,
          )
          journal.add(found)
        })
      },
      signal,
      drawing.pause,
    )
    await drawing.finished()
    signal.throwIfAborted()
  }
  // Only the model knows its classes; the engine sends them before the first image of a request.
  classes ??= (await engine.call(request(files.slice(0, 1)), undefined, signal)).classes
  return { imagesPerSecond: missing.length > 0 ? pace.rate : null, classes }
}

function named(detections: readonly ScoredBox[], classes: readonly Category[]) {
  return detections.map(({ box, score, categoryId }) => {
    const index = classes.findIndex(({ id }) => id === categoryId)
    return { box, score, index, name: classes[index]!.name }
  })
}

/** Writes the journal's detections in the requested format. */
async function write(
  journal: Journal,
  { out, format }: DetectFilesOptions,
  classes: readonly Category[],
  signal: AbortSignal,
): Promise<Omit<FilesReport, 'imagesPerSecond'>> {
  const count = { images: 0, skipped: 0, detections: 0, cut: 0 }
  function* found(): Generator<DetectedImage> {
    for (const entry of journal.entries()) if (!('error' in entry)) yield entry
  }
  for (const entry of journal.entries()) {
    if ('error' in entry) count.skipped++
    else {
      count.images++
      count.detections += entry.detections.length
      if (entry.cut) count.cut++
    }
  }
  if (format === 'coco') {
    const writer = await resultWriter(join(out, 'detections.json'), format)
    for (const image of found()) writer.add(image)
    await writer.finish(classes, true)
    return count
  }
  const images = {
    length: count.images,
    *[Symbol.iterator](): Generator<DatasetImage> {
      for (const { detections, cut: _, ...image } of found()) yield { ...image, annotations: detections }
    },
  }
  await writeDataset({ categories: classes, images }, { format, out, overwrite: true, signal })
  return count
}
