/** `fcos detect`: runs a detector on images and writes its detections. */
import { constants, existsSync } from 'node:fs'
import { access, mkdir, realpath } from 'node:fs/promises'
import path from 'node:path'
import type { DetectResult } from '../../../core/contract/engine.ts'
import type { RuntimeName } from '../../../core/contract/runtime.ts'
import type { Tiling } from '../../../core/detectors/shared/tiles.ts'
import { CodedError, describe } from '../../../core/errors.ts'
import { type Translation, translateClasses } from '../../../core/formats/class-names.ts'
import type { Category } from '../../../core/formats/dataset.ts'
import type { Format } from '../../../core/formats/formats.ts'
import { describeProblem } from '../../../core/formats/problems.ts'
import { countOf } from '../../../core/words.ts'
import { requireWeightsFile } from '../../files/weights-file.ts'
import { requireIntactWeights } from '../../setup/weights.ts'
import { kindOf } from '../../studio/datasets/files.ts'
import { keepBest, limitBefore } from '../../studio/detection/limit.ts'
import { type Drawing, drawOverlay, isOverlay } from '../../studio/detection/overlay/overlay.ts'
import {
  type DetectedImage,
  type ResultFormat,
  type ResultWriter,
  resultWriter,
} from '../../studio/detection/results.ts'
import type { Engine } from '../../studio/engine/client.ts'
import { startEngine } from '../../studio/engine/spawn.ts'
import { aboutCheckpoint } from '../../studio/engine/weights-file.ts'
import type { InputImage } from '../detection/inputs.ts'
import { interruptible } from '../interrupt.ts'
import { duration, type Progress } from '../progress.ts'

export interface DetectOptions {
  /** Format of the labels to read, if a data set has labels in several. */
  readonly from?: Format
  readonly model: string
  /** Image files, folders, globs, data sets. */
  readonly images: readonly string[]
  readonly out: string
  readonly format: ResultFormat
  /** Minimum score; the defaults are those that the model has for each class, or else SCORE; SHOWN_SCORE for the pictures. */
  readonly score?: number
  /** Minimum scores of single classes, by name. */
  readonly classScore?: Readonly<Record<string, number>>
  /** Names of the wanted classes; all by default. */
  readonly classes?: readonly string[]
  /** Long side of tiles in pixels of the image. */
  readonly tile?: Tiling
  /** Folder for the pictures, one per image. */
  readonly overlay?: string
  /** Maximum number of detections per image, of a tiled one per tile. */
  readonly limit: number
  readonly batch: number
  /** By default the detector's own. */
  readonly nms?: number
  readonly size?: number
  readonly fastMath?: boolean
  readonly runtime?: RuntimeName
  readonly device?: 'cpu' | 'gpu'
  readonly threads?: number
}

/** Low enough for a whole precision-recall curve. */
export const SCORE = 0.05
/** Pictures show fewer, because all detections of the curve would cover them. */
export const SHOWN_SCORE = 0.4
export interface DetectReport {
  readonly out: string
  readonly overlay: string | null
  readonly images: number
  readonly skipped: number
  readonly detections: number
  /** Images with more detections than the limit allows. */
  readonly cut: number
  /** Images that were detected in tiles. */
  readonly tiled: number
  /** False if it was interrupted, so that the remaining images are missing. */
  readonly complete: boolean
  /** Covers reading, computing and writing, once the engine is running. */
  readonly imagesPerSecond: number
}

/** @throws CodedError USAGE_*, DATA_*, WEIGHTS_*, IO_WRITE, ENGINE_*, RUNTIME_*. */
export async function runDetect(options: DetectOptions, progress: Progress): Promise<DetectReport> {
  const { model } = options
  requireWeightsFile(model, 'USAGE_NO_FILE')
  await requireIntactWeights(model)
  const { fastMath, runtime, device, threads } = options
  const starting = startEngine({ fastMath, runtime, device, threads })
  // Node would end the program for a rejection that nothing awaits yet.
  starting.catch(() => undefined)
  try {
    return await detectWith(starting, options, progress)
  } finally {
    await starting.then(
      (engine) => engine.close(),
      () => undefined,
    )
  }
}

async function detectWith(
  starting: Promise<Engine>,
  options: DetectOptions,
  progress: Progress,
): Promise<DetectReport> {
  const { out, overlay } = options
  // The readers of data sets are loaded while the engine's process starts.
  const { findImages } = await import('../detection/inputs.ts')
  const inputs = await findImages(options.images, options.from ? { from: options.from } : {})
  const pictures = overlay === undefined ? [] : await picturesOf(inputs, overlay)
  const writer = await resultWriter(out, options.format)
  try {
    const { result, found, cut, tiled, seconds } = await detect(
      await starting,
      inputs,
      options,
      writer,
      progress,
    )
    if (result.images === 0 && result.skipped > 0) {
      throw new CodedError(
        'DATA_IMAGES',
        result.skipped === 1
          ? 'The image could not be read'
          : `None of the ${result.skipped} images could be read`,
        'The reasons are listed above',
      )
    }
    const written = await writer.finish(result.classes, result.complete)
    if (tiled > 0) progress.say(tiledNote(tiled))
    if (cut > 0) progress.say(cutNote(cut, options.limit))
    for (const problem of written.problems) progress.say(describeProblem(problem))
    if (overlay !== undefined) {
      await drawAll(
        inputs,
        found,
        result.classes,
        { files: pictures, score: options.score ?? SHOWN_SCORE },
        progress,
      )
    }
    return {
      out: written.out,
      overlay: overlay ?? null,
      images: result.images,
      skipped: result.skipped,
      detections: found.reduce((sum, image) => sum + (image?.detections.length ?? 0), 0),
      ...{ cut, tiled },
      complete: result.complete,
      imagesPerSecond: result.images / seconds,
    }
  } catch (error) {
    writer.abandon()
    throw error
  } finally {
    progress.end()
  }
}

/** Results by index of the input, with gaps for skipped images. */
type Found = (DetectedImage | undefined)[]

async function detect(
  engine: Engine,
  inputs: readonly InputImage[],
  options: DetectOptions,
  writer: ResultWriter,
  progress: Progress,
): Promise<{ result: DetectResult; found: Found; cut: number; tiled: number; seconds: number }> {
  const { model, nms = null, limit, batch, size, tile } = options
  const own = (await aboutCheckpoint(model))?.thresholds
  const images = inputs.map((input) => input.path)
  const sizes = inputs.map(({ labelled }) => labelled?.size ?? null)
  const before = limitBefore(limit, hasClassScores(options, own))
  const request = {
    method: 'detect',
    model,
    images,
    sizes,
    score: lowest(options, own),
    nms,
    batch,
    limit: before + 1,
    size: size ?? null,
    ...(tile !== undefined && { tile }),
    mayRound: options.fastMath !== false,
  } as const
  const found: Found = []
  let [cut, tiled] = [0, 0]
  let least: LeastScores = () => SCORE
  let refused: unknown = null
  const stop = new AbortController()
  const dataset = categoriesOf(inputs)
  let translation: Translation | null = null
  const start = performance.now()
  const elapsed = (): number => (performance.now() - start) / 1000
  const result = await interruptible(
    (line) => progress.say(line),
    (signal) =>
      engine.call(
        request,
        (event) => {
          if (event.kind === 'note') progress.say(event.message)
          if (event.kind === 'classes') {
            progress.say(`Detecting on ${event.runtime}`)
            try {
              least = leastScores(event.classes, options, own, (line) => progress.say(line))
            } catch (error) {
              refused = error
              stop.abort()
            }
          }
          if (event.kind === 'classes' && dataset) {
            translation = translateClasses(event.classes, dataset)
            for (const note of translation.notes) progress.say(note)
          }
          if (event.kind !== 'detected' && event.kind !== 'skipped') return
          const input = inputs[event.index]!
          if (event.kind === 'skipped') {
            progress.say(`Skipped ${describe(event.error)}`)
          } else {
            const { width, height } = event
            const ids = translation?.idOf
            const limits = { limit, before, tiles: event.tiles }
            const kept = keepBest(event.detections, limits, (one) => one.score >= least(one.categoryId))
            if (event.tiles) tiled++
            if (kept.cut) cut++
            const detections = kept.detections.map((one) => ({
              ...one,
              categoryId: ids?.get(one.categoryId) ?? one.categoryId,
            }))
            found[event.index] = { id: input.id, fileName: input.fileName, width, height, detections }
            writer.add(found[event.index]!)
          }
          const rate = (event.index + 1) / elapsed()
          const left = duration((inputs.length - event.index - 1) / rate)
          progress.update(event.index + 1, inputs.length, `${rate.toFixed(1)} images/s  ${left} left`)
        },
        AbortSignal.any([signal, stop.signal]),
      ),
  )
  if (refused !== null) throw refused
  // Assigned during the call of the engine, which TypeScript cannot see.
  const translated = translation as Translation | null
  const classes = translated?.categories ?? result.classes
  return { result: { ...result, classes }, found, cut, tiled, seconds: elapsed() }
}

type ScoreOptions = Pick<DetectOptions, 'score' | 'classScore' | 'classes'>

/** The minimum score of a class, by the model's id; Infinity for a class that is not wanted. */
type LeastScores = (classId: number) => number

/** The lowest minimum score of all classes, which is the one for the engine. */
export function lowest({ score, classScore = {} }: ScoreOptions, own: readonly number[] | undefined): number {
  const rest = score === undefined && own ? own : [score ?? SCORE]
  return Math.min(...rest, ...Object.values(classScore))
}

/** Whether some classes have another minimum score than the rest, or none at all is wanted. */
export const hasClassScores = (
  { score, classScore = {}, classes }: ScoreOptions,
  own: readonly number[] | undefined,
): boolean =>
  classes !== undefined || Object.keys(classScore).length > 0 || (score === undefined && own !== undefined)

/** @throws CodedError USAGE_CLASSES for a name that the model does not have. */
export function leastScores(
  classes: readonly Category[],
  { score, classScore = {}, classes: wanted }: ScoreOptions,
  own: readonly number[] | undefined,
  say: (line: string) => void,
): LeastScores {
  const unknown = [...(wanted ?? []), ...Object.keys(classScore)].find(
    (name) => !classes.some((one) => one.name === name),
  )
  if (unknown !== undefined) {
    const known = classes.map(({ name }) => name).join(', ')
    throw new CodedError('USAGE_CLASSES', `The model has no class ${unknown}`, `It has ${known}`)
  }
  const usesOwn = score === undefined && own !== undefined
  if (usesOwn) say("Taking the model's own minimum score of each class; --score sets another")
  const byId = new Map(
    classes.map(({ id, name }, k) => {
      const least = classScore[name] ?? (usesOwn ? own[k] : score) ?? SCORE
      return [id, wanted && !wanted.includes(name) ? Infinity : least]
    }),
  )
  return (id) => byId.get(id)!
}

export const tiledNote = (images: number): string =>
  `${images === 1 ? 'One image was' : `${images} images were`} detected in tiles, being much larger than the images that ` +
  `the model learnt from, or because of --tile. --tile off detects ${images === 1 ? 'it' : 'them'} as a whole`

/** The classes of the data sets that the images come from, or null if they come from none. Throws USAGE_CLASSES. */
function categoriesOf(inputs: readonly InputImage[]): Category[] | null {
  const sets = new Set(inputs.flatMap(({ labelled }) => (labelled ? [labelled.categories] : [])))
  if (sets.size === 0) return null
  const all = new Map<number, Category>()
  for (const category of [...sets].flat()) {
    const { id, name } = category
    const other = [...all.values()].find((one) => (one.id === id) !== (one.name === name))
    if (other) {
      throw new CodedError(
        'USAGE_CLASSES',
        `The data sets number their classes differently: ${other.name} is ${other.id} and ${name} is ${id}`,
        'Run the command once for each data set',
      )
    }
    all.set(id, category)
  }
  return [...all.values()]
}

/**
 * Where the picture of each input goes. The folder is made, so that one that cannot be written fails before anything is
 * computed.
 * @throws CodedError DATA_EXISTS if a picture would replace a file that this command has not drawn; IO_FILE.
 */
async function picturesOf(inputs: readonly InputImage[], folder: string): Promise<string[]> {
  const taken = new Set<string>()
  const files = inputs.map(({ fileName }) => {
    const { dir, name, base } = path.parse(fileName)
    // a.jpg and a.png, or A.jpg, in one folder.
    let stem = path.join(dir, name)
    for (let n = 1; taken.has(stem.toLowerCase()); n++) stem = path.join(dir, n === 1 ? base : `${base}-${n}`)
    taken.add(stem.toLowerCase())
    return path.join(folder, `${stem}.jpg`)
  })
  const read = new Set(await Promise.all(inputs.map((input) => realPath(input.path))))
  for (const file of files) {
    if (!existsSync(file) || ((await isOverlay(file)) && !read.has(await realPath(file)))) continue
    const why = `${file} already exists and was not drawn by an earlier detection`
    throw new CodedError('DATA_EXISTS', why, 'Choose another folder with --overlay')
  }
  if ((await kindOf(folder)) === 'file') {
    const why = `${folder} is a file, so no pictures can be put into it`
    throw new CodedError('DATA_EXISTS', why, 'Choose another folder with --overlay')
  }
  await mkdir(folder, { recursive: true })
  await access(folder, constants.W_OK)
  return files
}

/** The path with links resolved, or as it is if there is no such file. */
const realPath = (file: string): Promise<string> => realpath(file).catch(() => file)

export const cutNote = (images: number, limit: number): string =>
  `More than ${limit} detections were found in ${images === 1 ? 'one image' : `${images} images`}; ` +
  `the best ${limit} are kept. Use --limit to keep more`

async function drawAll(
  inputs: readonly InputImage[],
  found: Found,
  classes: DetectResult['classes'],
  { files, score }: { readonly files: readonly string[]; readonly score: number },
  progress: Progress,
): Promise<void> {
  const read = inputs.flatMap((input, i) => (found[i] ? [{ ...input, ...found[i], out: files[i]! }] : []))
  for (const [i, image] of read.entries()) {
    const detections = drawingOf(image.detections, classes, score)
    await drawOverlay(image.path, { detections, truth: image.truth }, image.out)
    progress.update(i + 1, read.length, 'pictures')
  }
}

/** What a picture shows of the detections. */
export function drawingOf(
  detections: DetectedImage['detections'],
  classes: DetectResult['classes'],
  least: number,
): Drawing['detections'] {
  const indexOf = new Map(classes.map(({ id }, index) => [id, index]))
  return detections
    .filter(({ score }) => score >= least)
    .map(({ box, score, categoryId }) => {
      const index = indexOf.get(categoryId)!
      return { box, score, index, name: classes[index]!.name }
    })
}

export function renderDetect(report: DetectReport): string {
  const { images, skipped, detections, imagesPerSecond, out, overlay, complete } = report
  return [
    `${countOf(detections, 'detection')} in ${countOf(images, 'image')}, ${imagesPerSecond.toFixed(1)} images/s${skipped > 0 ? `; ${countOf(skipped, 'image was', 'images were')} skipped` : ''}`,
    `Written to ${out}`,
    ...(overlay === null ? [] : [`Pictures in ${overlay}`]),
    ...(complete
      ? []
      : ['Stopped early: the remaining images are missing, so earlier results were not replaced']),
  ].join('\n')
}
