/** From matched detections to precision and recall: pycocotools' `COCOeval.accumulate`. */
import { precisionAfter, raiseToEnvelope } from './envelope.ts'
import type { Matches } from './matching.ts'
import {
  curveAt,
  emptyPrecisionRecall,
  type PrecisionRecall,
  recallAt,
  type Setting,
} from './precision-recall.ts'
import { AREA_RANGES, IOU_THRESHOLDS, MAX_DETECTIONS, RECALL_THRESHOLDS } from './protocol.ts'
import type { Tables } from './tables.ts'

const A = AREA_RANGES.length

/** Fills the curves of every category, size class, detection limit and IoU threshold. */
export function accumulate(tables: Tables, matches: Matches): PrecisionRecall {
  const { detections, categoryIds } = tables
  const result = emptyPrecisionRecall(categoryIds.length)
  let start = 0
  for (let k = 0; k < categoryIds.length; k++) {
    let end = start
    while (end < detections.rows && detections.category[end] === k) end++
    const ranked = detections.byScore.subarray(start, end)
    for (let m = 0; m < MAX_DETECTIONS.length; m++) {
      const kept = ranked.filter((row) => matches.place[row]! < MAX_DETECTIONS[m]!)
      for (let a = 0; a < A; a++) {
        const positives = matches.positives[k * A + a]!
        if (positives === 0) continue
        for (let t = 0; t < IOU_THRESHOLDS.length; t++) {
          walk(result, { t, k, a, m }, kept, positives, detections.scores, matches)
        }
      }
    }
    start = end
  }
  return result
}

/**
 * Walks detections from the best score down. Precision only rises where an object is found, so its envelope (the
 * best precision at this recall or a higher one) needs only those points.
 */
function walk(
  result: PrecisionRecall,
  setting: Setting,
  kept: Uint32Array,
  positives: number,
  scores: Float64Array,
  { matched, ignored }: Matches,
): void {
  const bit = 1 << setting.t
  const column = setting.a * scores.length
  const precisionAtFind = new Float64Array(positives)
  const scoreAtFind = new Float64Array(positives)
  let found = 0
  let wrong = 0
  for (let i = 0; i < kept.length; i++) {
    const row = kept[i]!
    if (ignored[column + row]! & bit) continue
    if (matched[column + row]! & bit) {
      found++
      precisionAtFind[found - 1] = precisionAfter(found, wrong)
      scoreAtFind[found - 1] = scores[row]!
    } else {
      wrong++
    }
  }
  raiseToEnvelope(precisionAtFind, found)

  result.recall[recallAt(result, setting)] = found / positives
  let find = 0
  for (let r = 0; r < RECALL_THRESHOLDS.length; r++) {
    while (find < found && (find + 1) / positives < RECALL_THRESHOLDS[r]!) find++
    const at = curveAt(result, setting, r)
    result.precision[at] = find < found ? precisionAtFind[find]! : 0
    result.scores[at] = find < found ? scoreAtFind[find]! : 0
  }
  // Recall 0 is reached by the first detection, be it right, wrong or ignored.
  if (kept.length > 0) result.scores[curveAt(result, setting, 0)] = scores[kept[0]!]!
}
