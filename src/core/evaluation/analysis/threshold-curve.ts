/** Precision, recall and F1 against the score threshold, and the detections behind each point. */
import { NOTHING } from '../group-matcher.ts'
import { type Findings, VERDICT } from './findings.ts'
import type { RankedTables } from './ranked-tables.ts'

/**
 * One category's ranking, a point per detection that counts, from the best score down: what holds if this detection
 * is the last one taken. Precision against recall is the PR curve before its envelope is taken.
 */
export interface ThresholdCurve {
  readonly categoryId: number
  readonly positives: number
  /** [N] descending. */
  readonly scores: Float64Array
  /** [N] */
  readonly precision: Float64Array
  /** [N] 0 if there is no object to be found. */
  readonly recall: Float64Array
  /** [N] 2PR/(P + R) = 2·right/(detections + positives). */
  readonly f1: Float64Array
  /** [N] index into the detections as given. */
  readonly detection: Uint32Array
  /** [N] index into the ground truth's objects of the one found; −1: the detection is wrong. */
  readonly object: Int32Array
}

/** One curve per category, by ascending id. */
export function thresholdCurves(tables: RankedTables, findings: Findings): ThresholdCurve[] {
  const { detections, categoryIds } = tables
  const rows: number[][] = categoryIds.map(() => [])
  for (const d of tables.ranked) {
    if (findings.verdict[d] !== VERDICT.ignored) rows[detections.category[d]!]!.push(d)
  }
  return rows.map((ranked, k) => curveOf(tables, findings, k, ranked))
}

function curveOf(
  tables: RankedTables,
  findings: Findings,
  k: number,
  ranked: readonly number[],
): ThresholdCurve {
  const { groundTruth, detections, categoryIds } = tables
  const N = ranked.length
  const positives = findings.positives[k]!
  const curve = {
    categoryId: categoryIds[k]!,
    positives,
    scores: new Float64Array(N),
    precision: new Float64Array(N),
    recall: new Float64Array(N),
    f1: new Float64Array(N),
    detection: new Uint32Array(N),
    object: new Int32Array(N),
  }
  let right = 0
  for (const [i, d] of ranked.entries()) {
    const g = findings.object[d]!
    if (g !== NOTHING) right++
    curve.scores[i] = detections.scores[d]!
    curve.precision[i] = right / (i + 1)
    curve.recall[i] = positives === 0 ? 0 : right / positives
    curve.f1[i] = (2 * right) / (i + 1 + positives)
    curve.detection[i] = detections.source[d]!
    curve.object[i] = g === NOTHING ? NOTHING : groundTruth.source[g]!
  }
  return curve
}

/** Precision, recall and F1 if only detections with at least this score are kept. */
export interface ThresholdFigures {
  readonly score: number
  /** 1 if nothing is detected, because then nothing is wrong. */
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/** Computed exactly at the score. A grid of thresholds could drop the detection whose score is the threshold. */
export function figuresAt(
  { scores, precision, recall, f1 }: ThresholdCurve,
  score: number,
): ThresholdFigures {
  // Number of scores, in descending order, that reach the threshold.
  let [taken, beyond] = [0, scores.length]
  while (taken < beyond) {
    const middle = (taken + beyond) >> 1
    if (scores[middle]! >= score) taken = middle + 1
    else beyond = middle
  }
  const last = taken - 1
  return { score, precision: precision[last] ?? 1, recall: recall[last] ?? 0, f1: f1[last] ?? 0 }
}

/**
 * The score threshold of highest F1, of equals the highest score; null where nothing is ever found. A threshold takes
 * all detections of its score, so only the last point of equal scores is one. Of all thresholds that keep the same
 * detections it is the shortest decimal, so that whoever prints it need not round it: rounded up it would drop the last
 * of them. FCOS's demo chooses per class likewise, but reads F1 off the 101 points of the interpolated curve.
 */
export function bestThreshold({ scores, precision, recall, f1 }: ThresholdCurve): ThresholdFigures | null {
  let best = NOTHING
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] === scores[i + 1]) continue
    if (f1[i]! > (f1[best] ?? 0)) best = i
  }
  if (best === NOTHING) return null
  return {
    score: shortestDecimal(scores[best + 1] ?? 0, scores[best]!),
    precision: precision[best]!,
    recall: recall[best]!,
    f1: f1[best]!,
  }
}

/** The highest of the numbers in (above, upTo] that have the fewest digits. */
function shortestDecimal(above: number, upTo: number): number {
  for (let digits = 1; digits <= 15; digits++) {
    const rounded = Math.floor(upTo * 10 ** digits) / 10 ** digits
    if (rounded > above && rounded <= upTo) return rounded
  }
  return upTo
}
