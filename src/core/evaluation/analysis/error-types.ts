/**
 * Why detections are wrong and objects not found, after TIDE (Bolya et al., ECCV 2020, arXiv 2008.08115, section 2.2):
 * each wrong detection and each object that no change of a detection would find has exactly one type.
 */
import { NOTHING } from '../group-matcher.ts'
import { iouOf } from '../ious.ts'
import { type Findings, VERDICT } from './findings.ts'
import type { RankedTables } from './ranked-tables.ts'

export const ERROR_TYPES = [
  'classification',
  'localisation',
  'both',
  'duplicate',
  'background',
  'missed',
] as const
export type ErrorType = (typeof ERROR_TYPES)[number]

/** tb: up to this IoU a detection is one of background. tf is the threshold of the findings, 0.5. */
const BACKGROUND_IOU = 0.1

export interface DetectionErrors {
  /** [detection rows] index into ERROR_TYPES; NOTHING where the detection is right or ignored. */
  readonly type: Int8Array
  /** [detection rows] row of the object that the error is about; NOTHING for background. */
  readonly object: Int32Array
  /** [detection rows] IoU with that object. */
  readonly iou: Float64Array
  /**
   * [object rows] for an object that is not found, row of the best-scoring detection with the right class or the
   * right place for it (a localisation or classification error); NOTHING: the object is missed.
   */
  readonly nearest: Int32Array
}

/**
 * Types in tidecv's order of tests, its bounds included: of the object of the same class that fits best,
 * tb ≤ IoU ≤ tf: localisation. Else of those of another class IoU ≥ tf: classification. Else an object of the same
 * class that another detection found: duplicate. Else no object above tb: background. Else both.
 * Crowds are no objects here, and a detection that the metrics ignore is no error.
 */
export function classifyErrors(tables: RankedTables, findings: Findings): DetectionErrors {
  const { groundTruth, detections } = tables
  const errors: DetectionErrors = {
    type: new Int8Array(detections.rows).fill(NOTHING),
    object: new Int32Array(detections.rows).fill(NOTHING),
    iou: new Float64Array(detections.rows),
    nearest: new Int32Array(groundTruth.rows).fill(NOTHING),
  }
  for (const image of tables.images) {
    const objects = image.objects.filter((g) => groundTruth.crowd[g] === 0)
    for (const d of image.detections) {
      if (findings.verdict[d] === VERDICT.wrong) classify(tables, findings, objects, d, errors)
    }
  }
  return errors
}

function classify(
  { groundTruth, detections }: RankedTables,
  findings: Findings,
  objects: Uint32Array,
  d: number,
  errors: DetectionErrors,
): void {
  let same = NOTHING
  let sameIou = 0
  let other = NOTHING
  let otherIou = 0
  for (const g of objects) {
    const iou = iouOf(groundTruth, g, detections, d)
    if (groundTruth.category[g] === detections.category[d]) {
      if (iou > sameIou) {
        same = g
        sameIou = iou
      }
    } else if (iou > otherIou) {
      other = g
      otherIou = iou
    }
  }
  const set = (type: ErrorType, object: number, iou: number) => {
    errors.type[d] = ERROR_TYPES.indexOf(type)
    errors.object[d] = object
    errors.iou[d] = iou
  }
  const fixable = (object: number) => {
    // Detections come from the best score, so the first one is the best.
    if (findings.detection[object] === NOTHING && errors.nearest[object] === NOTHING)
      errors.nearest[object] = d
  }
  const threshold = findings.iouThreshold
  if (sameIou >= BACKGROUND_IOU && sameIou <= threshold) {
    set('localisation', same, sameIou)
    fixable(same)
  } else if (otherIou >= threshold) {
    set('classification', other, otherIou)
    fixable(other)
  } else if (sameIou >= threshold) {
    set('duplicate', same, sameIou)
  } else if (Math.max(sameIou, otherIou) <= BACKGROUND_IOU) {
    set('background', NOTHING, Math.max(sameIou, otherIou))
  } else {
    set('both', other, otherIou)
  }
}
