/** `fcos eval`: the COCO metrics of a results file. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError, fileFault } from '../../../core/errors.ts'
import {
  type CategoryMetrics,
  COCO_STATS,
  type Evaluation,
  evaluateGroundTruth,
} from '../../../core/evaluation/coco-metrics.ts'
import { groundTruthOf } from '../../../core/evaluation/ground-truth.ts'
import { AREA_RANGES, IOU_THRESHOLDS, MAX_DETECTIONS } from '../../../core/evaluation/protocol.ts'
import type { IouType } from '../../../core/evaluation/tables.ts'
import {
  type NamedGroundTruth,
  type NamedImage,
  parseCocoGroundTruth,
} from '../../../core/formats/coco-ground-truth.ts'
import {
  detectionsOutside,
  parseCocoResults,
  resultDetections,
  toDetections,
} from '../../../core/formats/coco-results.ts'
import { cocoResultColumns } from '../../../core/formats/coco-results-columns.ts'
import { type DetectionColumns, detectionColumns } from '../../../core/formats/detection.ts'
import type { Format } from '../../../core/formats/formats.ts'
import { parseJson } from '../../../core/formats/problems.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { countOf } from '../../../core/words.ts'
import { mapConcurrent } from '../../studio/datasets/files.ts'
import { findImageRoot } from '../../studio/datasets/image-root.ts'

export interface EvalReport {
  readonly images: number
  readonly detections: number
  readonly evaluation: Evaluation
}

/** A data set, and the path of a COCO results list. */
export interface EvalFiles {
  readonly gt: string
  readonly dt: string
  /** Format of the labels to read, if a folder has labels in several. */
  readonly from?: Format | undefined
  /** Whether boxes or masks are compared. */
  readonly iouType?: IouType | undefined
}

/**
 * @param say is told what of the ground truth was skipped or repaired, where it is not COCO's, and where sizes do not fit.
 * @throws CodedError USAGE_NO_FILE, DATA_JSON, DATA_COCO, DATA_COCO_RESULTS, DATA_UNKNOWN_IMAGE, DATA_NO_MASK or
 *   DATA_MASK; for data sets of other formats those of readDataset.
 */
export async function runEval(
  { gt, dt, iouType, from }: EvalFiles,
  say: (line: string) => void = () => {},
): Promise<EvalReport> {
  const truth = await readTruth({ gt, iouType, from }, say)
  const detections = await readResults(dt, truth.images, iouType)
  const outside = detectionsOutside(detections, truth.images)
  if (outside.length > 0) say(describeOutside(truth.images, detections, outside))
  const note = describeUndetected(truth, detections)
  if (note !== undefined) say(note)
  const evaluation = evaluateGroundTruth(truth, detections, iouType)
  return { images: truth.images.length, detections: detections.rows, evaluation }
}

async function readResults(
  dt: string,
  images: readonly NamedImage[],
  iouType: IouType | undefined,
): Promise<DetectionColumns> {
  const bytes = await readBytes(dt, '--dt takes the file that `fcos detect --out` wrote')
  const columns = iouType === 'segm' ? null : cocoResultColumns(bytes)
  if (columns) return resultDetections(columns, images, dt)
  const results = parseCocoResults(parseJson(bytes.toString(), dt), dt)
  return detectionColumns(toDetections(results, images, dt, iouType))
}

/** A COCO file is read as pycocotools reads it, a data set of another format as the other commands read it. */
async function readTruth(
  { gt, iouType, from }: Pick<EvalFiles, 'gt' | 'iouType' | 'from'>,
  say: (line: string) => void,
): Promise<NamedGroundTruth> {
  if (/\.json$/i.test(gt) && (from === undefined || from === 'coco')) {
    const truth = parseCocoGroundTruth(
      parseJson((await readBytes(gt, '--gt takes a data set')).toString(), gt),
      gt,
      iouType,
    )
    const note = await otherSizes(gt, truth.images)
    if (note) say(note)
    return truth
  }
  if (iouType === 'segm') {
    const why = `${gt}: masks are compared with those of a COCO file alone`
    throw new CodedError('USAGE_MASKS', why, 'Make one with `fcos convert --to coco`')
  }
  // The other readers are only loaded if they are needed.
  const { readDataset } = await import('../read-dataset.ts')
  const { dataset } = await readDataset(gt, say, from ? { from } : {})
  return { ...groundTruthOf(dataset), images: dataset.images }
}

/**
 * Number of pictures whose size is compared with a COCO file. Reading the headers of all could take longer than the
 * evaluation.
 */
const SAMPLE = 200

/**
 * A COCO file is taken as it is, so its boxes may be in the pixels of another version of the pictures, often of
 * photos before EXIF rotation. The low metrics then look like those of a bad detector.
 */
async function otherSizes(gt: string, all: readonly NamedImage[]): Promise<string | undefined> {
  const sized = all.filter(({ width, height, fileName }) => width && height && fileName !== '')
  const step = Math.max(1, sized.length / SAMPLE)
  const sample = Array.from(
    { length: Math.min(SAMPLE, sized.length) },
    (_, i) => sized[Math.floor(i * step)]!,
  )
  const images = sample.map(({ id, fileName, width, height }) => ({
    ...{ id, fileName, width: width!, height: height!, annotations: [] },
  }))
  const root = await findImageRoot(gt, { categories: [], images }).catch(() => undefined)
  if (root === undefined) return undefined
  // Its decoders take longer to load than the evaluation takes to read its files.
  const { measure } = await import('../../images/header.ts')
  const seen = await mapConcurrent(images, ({ fileName }) => measure(join(root, fileName)))
  const other = images.findIndex(({ width, height }, i) => isOther({ width, height }, seen[i]))
  if (other === -1) return undefined
  const count = images.filter((image, i) => isOther(image, seen[i])).length
  const { fileName, width, height } = images[other]!
  const file = seen[other]!
  return (
    `${count} of ${countOf(images.length, 'image')} looked at have another size than ${gt} states: ${fileName} is stated as ` +
    `${width} × ${height}, the file is ${file.width} × ${file.height}, EXIF orientation applied. Detections of this program count in ` +
    'the pixels of the files; `fcos convert --to coco` writes labels that do'
  )
}

const isOther = (stated: Size, seen: Size | undefined): boolean =>
  seen !== undefined && (seen.width !== stated.width || seen.height !== stated.height)

function describeOutside(
  images: readonly NamedImage[],
  { rows, imageId }: DetectionColumns,
  outside: readonly number[],
): string {
  const { fileName, width, height } = images.find(({ id }) => id === imageId[outside[0]!])!
  return (
    `The centres of ${outside.length} of ${countOf(rows, 'detection')} lie outside their images, as in ${fileName} of ${width} × ${height}: ` +
    'were they made in a version of another size?'
  )
}

/** An image that detection skipped looks like one in which it found nothing, and lowers the metrics just so. */
function describeUndetected(
  { images, objects }: NamedGroundTruth,
  { imageId }: DetectionColumns,
): string | undefined {
  const detected = new Set(imageId)
  const missed = new Set(
    objects.filter((one) => !one.crowd && !detected.has(one.imageId)).map((one) => one.imageId),
  )
  const without = images.filter(({ id }) => missed.has(id))
  if (without.length === 0) return undefined
  return (
    `${without.length} of ${countOf(images.length, 'image')} have objects but not one detection, as ${without[0]!.fileName}: their objects ` +
    'count as missed. Were these images skipped?'
  )
}

async function readBytes(file: string, remedy: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    const { reason } = fileFault(cause)
    throw new CodedError('USAGE_NO_FILE', `Cannot read ${file}: ${reason}`, remedy, { cause })
  }
}

/** As text: pycocotools' twelve lines, then one line per category. */
export function renderEval({ images, detections, evaluation }: EvalReport): string {
  const { stats, perCategory, unknownCategory } = evaluation
  const lines = [
    `images: ${images}, detections: ${detections}`,
    ...(unknownCategory > 0
      ? [`detections ignored because the ground truth lacks their category: ${unknownCategory}`]
      : []),
    '',
    ...stats.map((value, index) => ` ${describeStat(index)} = ${value.toFixed(3)}`),
    ` maxDets: at most ${MAX_DETECTIONS.at(-1)} detections per image and class are counted`,
    '',
    ...table(
      ['category', 'objects', 'AP', 'AP50', 'AP75', 'small', 'medium', 'large', 'AR100'],
      perCategory.map((it) => [
        it.name,
        String(it.objects),
        ...[it.ap, it.ap50, it.ap75, it.apSmall, it.apMedium, it.apLarge, it.ar100].map(cell),
      ]),
    ),
  ]
  return lines.join('\n')
}

/** ` Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ]`, as pycocotools words it. */
function describeStat(index: number): string {
  const { kind, selection } = COCO_STATS[index]!
  const title = kind === 'AP' ? 'Average Precision' : 'Average Recall'
  const iou = selection.t === undefined ? '0.50:0.95' : IOU_THRESHOLDS[selection.t]!.toFixed(2)
  const area = AREA_RANGES[selection.a]!.name
  const limit = MAX_DETECTIONS[selection.m]!
  return (
    `${title.padEnd(18)} (${kind}) @[ IoU=${iou.padEnd(9)} | area=${area.padStart(6)} | ` +
    `maxDets=${String(limit).padStart(3)} ]`
  )
}

/** A category without objects of the size has no number. */
const cell = (value: number): string => (value === -1 ? '–' : value.toFixed(3))

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  )
  return [header, ...rows].map(([name, ...cells]) =>
    [name!.padEnd(widths[0]!), ...cells.map((text, i) => text.padStart(widths[i + 1]!))].join('  ').trimEnd(),
  )
}

/** `fcos eval --json`. Where categories share a name, the later ones carry their id: "cat (7)". */
export interface EvalJson {
  readonly stats: readonly number[]
  readonly per_category: Readonly<Record<string, CategoryJson>>
}

interface CategoryJson {
  readonly id: number
  readonly objects: number
  readonly ap: number
  readonly ap50: number
  readonly ap75: number
  readonly ap_small: number
  readonly ap_medium: number
  readonly ap_large: number
  readonly ar1: number
  readonly ar10: number
  readonly ar100: number
}

export function evalJson({ evaluation }: EvalReport): EvalJson {
  const perCategory = new Map<string, CategoryJson>()
  for (const metrics of evaluation.perCategory) {
    const { id, name } = metrics
    perCategory.set(perCategory.has(name) ? `${name} (${id})` : name, categoryJson(metrics))
  }
  return { stats: evaluation.stats, per_category: Object.fromEntries(perCategory) }
}

function categoryJson({ name: _, apSmall, apMedium, apLarge, ...rest }: CategoryMetrics): CategoryJson {
  return { ...rest, ap_small: apSmall, ap_medium: apMedium, ap_large: apLarge }
}
