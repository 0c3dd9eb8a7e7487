/** The COCO detection metrics of a data set, equal to pycocotools' `COCOeval` with iouType 'bbox' and 'segm'. */
import type { Category, Dataset } from '../formats/dataset.ts'
import type { Detection, DetectionColumns } from '../formats/detection.ts'
import { accumulate } from './accumulate.ts'
import { type GroundTruth, groundTruthOf } from './ground-truth.ts'
import { match } from './matching.ts'
import { averagePrecision, averageRecall, type PrecisionRecall, type Selection } from './precision-recall.ts'
import { AREA, AREA_RANGES, IOU_50, IOU_75, UP_TO } from './protocol.ts'
import { type IouType, layOut, type Tables } from './tables.ts'

/** The 12 numbers in pycocotools' order: what is averaged, over which settings. */
export const COCO_STATS: readonly { readonly kind: 'AP' | 'AR'; readonly selection: Selection }[] = [
  { kind: 'AP', selection: { a: AREA.all, m: UP_TO[100] } },
  { kind: 'AP', selection: { t: IOU_50, a: AREA.all, m: UP_TO[100] } },
  { kind: 'AP', selection: { t: IOU_75, a: AREA.all, m: UP_TO[100] } },
  { kind: 'AP', selection: { a: AREA.small, m: UP_TO[100] } },
  { kind: 'AP', selection: { a: AREA.medium, m: UP_TO[100] } },
  { kind: 'AP', selection: { a: AREA.large, m: UP_TO[100] } },
  { kind: 'AR', selection: { a: AREA.all, m: UP_TO[1] } },
  { kind: 'AR', selection: { a: AREA.all, m: UP_TO[10] } },
  { kind: 'AR', selection: { a: AREA.all, m: UP_TO[100] } },
  { kind: 'AR', selection: { a: AREA.small, m: UP_TO[100] } },
  { kind: 'AR', selection: { a: AREA.medium, m: UP_TO[100] } },
  { kind: 'AR', selection: { a: AREA.large, m: UP_TO[100] } },
]

/** Metrics of one category; −1 where it has no objects (of that size). */
export interface CategoryMetrics extends Category {
  /** Objects to be found, crowds not counted. */
  readonly objects: number
  /** AP over IoU 0.50:0.95, at 0.50 and at 0.75; then by size. */
  readonly ap: number
  readonly ap50: number
  readonly ap75: number
  readonly apSmall: number
  readonly apMedium: number
  readonly apLarge: number
  /** Average recall over IoU 0.50:0.95 with at most 1, 10 and 100 detections per image. */
  readonly ar1: number
  readonly ar10: number
  readonly ar100: number
}

export interface Evaluation {
  /** The 12 numbers in pycocotools' order; see COCO_STATS. */
  readonly stats: readonly number[]
  /** By ascending category id; the index is k in the curves. */
  readonly perCategory: readonly CategoryMetrics[]
  readonly curves: PrecisionRecall
  /** Detections left out because the ground truth does not list their category. */
  readonly unknownCategory: number
}

/**
 * Evaluates detections against a data set, as during training. Size classes go by the annotation's `area`, the box's
 * where it has none. `difficult` is no COCO notion: such an object counts like any other.
 *
 * @throws as evaluateGroundTruth does.
 */
export function evaluate(dataset: Dataset, detections: readonly Detection[]): Evaluation {
  return evaluateGroundTruth(groundTruthOf(dataset), detections)
}

/**
 * Evaluates detections. Crowds are ignored regions; the best 100 detections per image and category count, of equal
 * scores the ones given first. One difference is meant: pycocotools takes an annotation whose id is 0 for none and
 * counts the detection that finds it as wrong; here ids of annotations play no part.
 *
 * @throws CodedError DATA_UNKNOWN_IMAGE for a detection on an image that the ground truth does not list;
 *   DATA_BAD_DETECTION for a score or coordinate that is not finite; DATA_NO_MASK where masks are compared and one is not given.
 */
export function evaluateGroundTruth(
  truth: GroundTruth,
  detections: readonly Detection[] | DetectionColumns,
  iouType: IouType = 'bbox',
): Evaluation {
  return evaluateTables(truth, layOut(truth, detections, iouType))
}

/** As evaluateGroundTruth, from tables that the caller lays out of the same ground truth and keeps for analyses. */
export function evaluateTables(truth: GroundTruth, tables: Tables): Evaluation {
  const matches = match(tables)
  const curves = accumulate(tables, matches)
  const names = new Map(truth.categories.map(({ id, name }) => [id, name]))
  return {
    stats: COCO_STATS.map(({ kind, selection }) => average(curves, kind, selection)),
    perCategory: tables.categoryIds.map((id, k) => ({
      id,
      name: names.get(id)!,
      objects: matches.positives[k * AREA_RANGES.length + AREA.all]!,
      ...categoryMetrics(curves, k),
    })),
    curves,
    unknownCategory: tables.detections.unknownCategory,
  }
}

function average(curves: PrecisionRecall, kind: 'AP' | 'AR', selection: Selection): number {
  return kind === 'AP' ? averagePrecision(curves, selection) : averageRecall(curves, selection)
}

function categoryMetrics(
  curves: PrecisionRecall,
  k: number,
): Omit<CategoryMetrics, 'id' | 'name' | 'objects'> {
  const [ap, ap50, ap75, apSmall, apMedium, apLarge, ar1, ar10, ar100] = COCO_STATS.map(
    ({ kind, selection }) => average(curves, kind, { ...selection, k }),
  ) as [number, number, number, number, number, number, number, number, number]
  return { ap, ap50, ap75, apSmall, apMedium, apLarge, ar1, ar10, ar100 }
}
