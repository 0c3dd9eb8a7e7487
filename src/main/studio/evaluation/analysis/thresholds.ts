/** What precision, recall and F1 score thresholds give, per class at IoU 0.5. */
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

/** Of the curve that is drawn. */
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

/** In the order asked for; classes that the evaluation does not have are passed over. */
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
