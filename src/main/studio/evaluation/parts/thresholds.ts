import type { ClassThresholds } from '../../../../core/contract/studio/evaluation.ts'
import {
  bestThreshold,
  type ThresholdCurve,
  thresholdCurves,
} from '../../../../core/evaluation/analysis/threshold-curve.ts'
import type { Analysis } from '../opened.ts'

const STEPS = 100

/** Per class, what precision, recall and F1 each threshold gives at IoU 0.5. */
export function thresholdsOf({ tables, findings }: Analysis): ClassThresholds[] {
  return thresholdCurves(tables, findings).map((curve) => {
    const best = bestThreshold(curve)
    return {
      classId: curve.categoryId,
      objects: curve.positives,
      best: best && { score: best.score, precision: best.precision, recall: best.recall, f1: best.f1 },
      ...sampled(curve),
    }
  })
}

/** A threshold takes all detections of at least its score; where there are none, none is wrong. */
function sampled({ scores, precision, recall, f1 }: ThresholdCurve) {
  const lasts = Array.from({ length: STEPS + 1 }, (_, step) => {
    const below = scores.findIndex((score) => score < step / STEPS)
    return (below < 0 ? scores.length : below) - 1
  })
  return {
    precision: lasts.map((last) => precision[last] ?? 1),
    recall: lasts.map((last) => recall[last] ?? 0),
    f1: lasts.map((last) => f1[last] ?? 0),
  }
}
