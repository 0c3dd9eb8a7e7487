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
const T = IOU_THRESHOLDS.length
const EVERY_THRESHOLD = (1 << T) - 1

/** Fills the curves of every category, size class, detection limit and IoU threshold. */
export function accumulate(tables: Tables, matches: Matches): PrecisionRecall {
  const { detections, categoryIds } = tables
  const result = emptyPrecisionRecall(categoryIds.length)
  let start = 0
  for (let k = 0; k < categoryIds.length; k++) {
    let end = start
    while (end < detections.rows && detections.category[end] === k) end++
    const ranked = detections.byScore.subarray(start, end)
    let before = -1
    for (let m = 0; m < MAX_DETECTIONS.length; m++) {
      const kept = placedBelow(ranked, matches.place, MAX_DETECTIONS[m]!)
      // Few images have more than ten detections of a category, so different limits often admit the same
      // detections and share their curves.
      const isSame = kept.length === before
      before = kept.length
      for (let a = 0; a < A; a++) {
        const positives = matches.positives[k * A + a]!
        if (positives === 0) continue
        if (!isSame) walk(result, { k, a, m }, kept, positives, detections.scores, matches)
        else for (let t = 0; t < T; t++) copyCurve(result, { t, k, a, m: m - 1 }, { t, k, a, m })
      }
    }
    start = end
  }
  return result
}

function placedBelow(rows: Uint32Array, place: Uint32Array, limit: number): Uint32Array {
  const kept = new Uint32Array(rows.length)
  let count = 0
  for (let i = 0; i < rows.length; i++) if (place[rows[i]!]! < limit) kept[count++] = rows[i]!
  return kept.subarray(0, count)
}

function copyCurve(result: PrecisionRecall, from: Setting, to: Setting): void {
  result.recall[recallAt(result, to)] = result.recall[recallAt(result, from)]!
  for (let r = 0; r < RECALL_THRESHOLDS.length; r++) {
    const [source, target] = [curveAt(result, from, r), curveAt(result, to, r)]
    result.precision[target] = result.precision[source]!
    result.scores[target] = result.scores[source]!
  }
}

/**
 * Walks detections from the best score down, for all IoU thresholds. Precision only rises where an object is found, so its envelope
 * (the best precision at this recall or a higher one) needs only those points.
 */
function walk(
  result: PrecisionRecall,
  setting: Omit<Setting, 't'>,
  kept: Uint32Array,
  positives: number,
  scores: Float64Array,
  { matched, ignored }: Matches,
): void {
  const column = setting.a * scores.length
  // [T·positives]
  const precisionAtFind = new Float64Array(T * positives)
  const scoreAtFind = new Float64Array(T * positives)
  const found = new Uint32Array(T)
  // Detections that are wrong at every threshold, as most are, and those that are wrong only at some.
  let wrongAtAll = 0
  const wrong = new Uint32Array(T)
  for (let i = 0; i < kept.length; i++) {
    const row = kept[i]!
    const isIgnored = ignored[column + row]!
    if (isIgnored === EVERY_THRESHOLD) continue
    const isMatched = matched[column + row]!
    if (isIgnored === 0 && isMatched === 0) {
      wrongAtAll++
      continue
    }
    for (let t = 0; t < T; t++) {
      if (isIgnored & (1 << t)) continue
      if (isMatched & (1 << t)) {
        const at = t * positives + found[t]!++
        precisionAtFind[at] = precisionAfter(found[t]!, wrongAtAll + wrong[t]!)
        scoreAtFind[at] = scores[row]!
      } else wrong[t]!++
    }
  }
  for (let t = 0; t < T; t++) {
    const own = (values: Float64Array) => values.subarray(t * positives, (t + 1) * positives)
    const best = scores[kept[0]!]
    writeCurve(result, { ...setting, t }, found[t]!, own(precisionAtFind), own(scoreAtFind), best)
  }
}

/**
 * @param found how many of the objects are found; `precisionAtFind` and `scoreAtFind` [positives] are those at each find.
 * @param best the best score of all detections, undefined where there are none.
 */
function writeCurve(
  result: PrecisionRecall,
  setting: Setting,
  found: number,
  precisionAtFind: Float64Array,
  scoreAtFind: Float64Array,
  best: number | undefined,
): void {
  raiseToEnvelope(precisionAtFind, found)
  const positives = precisionAtFind.length
  result.recall[recallAt(result, setting)] = found / positives
  let find = 0
  for (let r = 0; r < RECALL_THRESHOLDS.length; r++) {
    while (find < found && (find + 1) / positives < RECALL_THRESHOLDS[r]!) find++
    const at = curveAt(result, setting, r)
    result.precision[at] = find < found ? precisionAtFind[find]! : 0
    result.scores[at] = find < found ? scoreAtFind[find]! : 0
  }
  // The first detection reaches recall 0, whether it is right, wrong or ignored.
  if (best !== undefined) result.scores[curveAt(result, setting, 0)] = best
}
