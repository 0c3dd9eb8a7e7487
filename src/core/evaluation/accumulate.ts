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
  const finds = new Finds(T * Math.max(0, ...matches.positives))
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
        if (!isSame) walk(result, { k, a, m }, kept, positives, detections.scores, matches, finds)
        else for (let t = 0; t < T; t++) copyCurve(result, { t, k, a, m: m - 1 }, { t, k, a, m })
      }
    }
    start = end
  }
  return result
}

/** Precision and score at each find, threshold after threshold: [T·positives] in use. One is enough for all walks. */
class Finds {
  readonly precision: Float64Array
  readonly scores: Float64Array

  constructor(length: number) {
    this.precision = new Float64Array(length)
    this.scores = new Float64Array(length)
  }
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
  finds: Finds,
): void {
  const column = setting.a * scores.length
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
        finds.precision[at] = precisionAfter(found[t]!, wrongAtAll + wrong[t]!)
        finds.scores[at] = scores[row]!
      } else wrong[t]!++
    }
  }
  const best = scores[kept[0]!]
  for (let t = 0; t < T; t++) writeCurve(result, { ...setting, t }, found[t]!, positives, finds, best)
}

/**
 * @param found how many of the `positives` are found at threshold `t`.
 * @param best the best score of all detections, undefined where there are none.
 */
function writeCurve(
  result: PrecisionRecall,
  setting: Setting,
  found: number,
  positives: number,
  finds: Finds,
  best: number | undefined,
): void {
  const first = setting.t * positives
  raiseToEnvelope(finds.precision, first, found)
  result.recall[recallAt(result, setting)] = found / positives
  let find = 0
  for (let r = 0; r < RECALL_THRESHOLDS.length; r++) {
    while (find < found && (find + 1) / positives < RECALL_THRESHOLDS[r]!) find++
    const at = curveAt(result, setting, r)
    result.precision[at] = find < found ? finds.precision[first + find]! : 0
    result.scores[at] = find < found ? finds.scores[first + find]! : 0
  }
  // The first detection reaches recall 0, whether it is right, wrong or ignored.
  if (best !== undefined) result.scores[curveAt(result, setting, 0)] = best
}
