/** Compares scores with the IoU of boxes, as points and in numbers. */

import type { ScoreAgainstIou } from '../../../../core/contract/studio/evaluation.ts'
import { MOST_POINTS, POINT_COLUMNS } from '../../../../core/contract/studio/evaluation-points.ts'
import type { ParsedParams } from '../../../../core/contract/studio.ts'
import { CodedError } from '../../../../core/errors.ts'
import { type BestIous, bestIous, scoreAgainstIou } from '../../../../core/evaluation/analysis/score-iou.ts'
import type { FrozenDetection } from '../frozen.ts'
import type { Analysis } from '../loaded-evaluation.ts'

type Options = Pick<ParsedParams<'evaluation.scores'>, 'axis' | 'objects'>

const known = new WeakMap<Analysis, Map<Options['objects'], BestIous>>()

function bestOf(analysis: Analysis, objects: Options['objects']): BestIous {
  const of = known.get(analysis) ?? new Map<Options['objects'], BestIous>()
  known.set(analysis, of)
  const best = of.get(objects) ?? bestIous(analysis.tables, objects)
  of.set(objects, best)
  return best
}

export function scoresOf(analysis: Analysis, { axis, objects }: Options): ScoreAgainstIou {
  return scoreAgainstIou(bestOf(analysis, objects), valuesOf(analysis.detections, axis))
}

/** evaluation-points.ts says how they are laid out. Evenly spread over the images where there are too many to draw. */
export function pointsOf(analysis: Analysis, { axis, objects }: Options): Uint8Array {
  const { detection, iou } = bestOf(analysis, objects)
  const values = valuesOf(analysis.detections, axis)
  const count = Math.min(detection.length, MOST_POINTS)
  const floats = new Float32Array(count * POINT_COLUMNS)
  const integers = new Uint32Array(floats.buffer)
  for (let i = 0; i < count; i++) {
    const at = Math.floor((i * detection.length) / count)
    const index = detection[at]!
    floats[i] = values[index]!
    floats[count + i] = iou[at]!
    integers[2 * count + i] = index
    integers[3 * count + i] = analysis.detections[index]!.categoryId
  }
  return new Uint8Array(floats.buffer)
}

/** Throws USAGE_RANKING where the detections do not tell their centerness. */
function valuesOf(detections: readonly FrozenDetection[], axis: Options['axis']): Float64Array {
  return Float64Array.from(detections, ({ score, classScore, centerness }) => {
    if (axis === 'score') return score
    if (classScore === undefined || centerness === undefined) {
      throw new CodedError('USAGE_RANKING', 'These detections have no centerness')
    }
    return axis === 'class' ? classScore : classScore * centerness
  })
}
