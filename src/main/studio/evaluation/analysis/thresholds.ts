/** Precision, recall and F1 of score thresholds, per class at IoU 0.5. */
import type {
  ClassFigures,
  ClassThreshold,
  ClassThresholds,
} from '../../../../core/contract/studio/evaluation.ts'
import {
  bestThreshold,
  figuresAt as figuresOf,
} from '../../../../core/evaluation/analysis/threshold-curve.ts'
import type { Analysis } from '../loaded-evaluation.ts'

/** Number of points of the curve that is drawn. */
const STEPS = 100

export function thresholdsOf({ thresholdCurves }: Analysis): ClassThresholds[] {
  return thresholdCurves.map((curve) => {
    const sampled = Array.from({ length: STEPS + 1 }, (_, step) => figuresOf(curve, step / STEPS))
    return {
      classId: curve.categoryId,
      objects: curve.positives,
      best: bestThreshold(curve),
      precision: sampled.map(({ precision }) => precision),
      recall: sampled.map(({ recall }) => recall),
      f1: sampled.map(({ f1 }) => f1),
    }
  })
}

/** In the requested order. Classes that the evaluation does not have are skipped. */
export function figuresAt(
  { thresholdCurves }: Analysis,
  thresholds: readonly ClassThreshold[],
): ClassFigures[] {
  const curves = new Map(thresholdCurves.map((curve) => [curve.categoryId, curve]))
  return thresholds.flatMap(({ classId, score }) => {
    const curve = curves.get(classId)
    return curve ? [{ classId, ...figuresOf(curve, score) }] : []
  })
}
