/** The COCO numbers and the curves that they are areas under. */
import type {
  ClassMetrics,
  EvaluationSummary,
  PrecisionCurve,
} from '../../../../core/contract/studio/evaluation.ts'
import type { ParsedParams } from '../../../../core/contract/studio.ts'
import {
  averagePrecision,
  curve,
  meanCurve,
  type Selection,
} from '../../../../core/evaluation/precision-recall.ts'
import { AREA_RANGES, IOU_THRESHOLDS, UP_TO } from '../../../../core/evaluation/protocol.ts'
import type { Analysis } from '../loaded-evaluation.ts'

export function metricsOf({ metrics }: Analysis): Omit<EvaluationSummary, 'changedImages' | 'removedImages'> {
  const perClass = metrics.perCategory.map(({ id, ...rest }): ClassMetrics => ({ classId: id, ...rest }))
  return { stats: metrics.stats, perClass }
}

type CurveOptions = ParsedParams<'evaluation.curves'>

export function curvesOf({ metrics, tables }: Analysis, options: CurveOptions): PrecisionCurve[] {
  const { categoryIds } = tables
  const a = AREA_RANGES.findIndex(({ name }) => name === options.size)
  const k = options.classId === null ? undefined : categoryIds.indexOf(options.classId)
  const t = options.iou === null ? undefined : nearestIou(options.iou)
  const make = (name: string, selection: Partial<Selection>): PrecisionCurve => {
    const whole = withoutGaps({ a, m: UP_TO[100], k, t, ...selection })
    const isOne = whole.k !== undefined && whole.t !== undefined
    return {
      name,
      classId: whole.k === undefined ? null : categoryIds[whole.k]!,
      ap: averagePrecision(metrics.curves, whole),
      precision: meanCurve(metrics.curves, whole),
      scores: isOne ? curve(metrics.curves, { ...whole, k: whole.k!, t: whole.t! }).scores : null,
    }
  }
  switch (options.by) {
    case 'class':
      return metrics.perCategory.map(({ name }, index) => make(name, { k: index }))
    case 'iou':
      return IOU_THRESHOLDS.map((iou, index) => make(`IoU ${iou.toFixed(2)}`, { t: index }))
    case 'size':
      return AREA_RANGES.map(({ name }, index) => make(name, { a: index }))
  }
}

/** Which of the protocol's thresholds is meant: they are sums of floating-point steps. */
const nearestIou = (iou: number): number =>
  IOU_THRESHOLDS.reduce(
    (best, one, i) => (Math.abs(one - iou) < Math.abs(IOU_THRESHOLDS[best]! - iou) ? i : best),
    0,
  )

/** An index left out averages over all; undefined would be an index. */
function withoutGaps({
  k,
  t,
  ...rest
}: {
  a: number
  m: number
  k?: number | undefined
  t?: number | undefined
}): Selection {
  return { ...rest, ...(k !== undefined && { k }), ...(t !== undefined && { t }) }
}
