/**
 * The best pairs of cell and class of a level, by score: what decoding begins with. K classes; a pair is cell·K + class.
 *
 * Most logits fail, so the test comes first and costs one comparison: with a quality q, √(p·q) > t needs p > t²/q =: m, hence
 * z > ln(m/(1−m)), one logarithm per cell. m is taken 1e-6 lower, more than float32 rounding can move a score, so that the test never
 * drops what the exact one keeps. Once k pairs are held, their worst score is t.
 */
import { sigmoid } from './sigmoid.ts'
import { TopK } from './top-k.ts'

/** How pairs are scored by the class score p and the cell's quality q. */
export interface Ranking {
  score(p: number, q: number): number
  /** The class score p that scores t. */
  least(t: number, q: number): number
}

/** √(p·q) in float32, which is what torchvision ranks: saturated sigmoids tie. */
export const WITH_QUALITY: Ranking = {
  score: (p, q) => Math.fround(Math.sqrt(Math.fround(p * q))),
  least: (t, q) => (t * t) / q,
}
export const BY_CLASS: Ranking = { score: (p) => p, least: (t) => t }

/**
 * The pairs of cells [start, end), best first. Among equal scores the lower pair goes first (torch.topk leaves that open).
 *
 * @param logits [C,K] of the classes
 * @param quality [C] logits; null: 1 everywhere
 * @param threshold pairs score strictly above it
 * @param most pairs to keep
 */
export function bestPairs(
  [start, end]: readonly [number, number],
  { logits, quality, classes, classThreshold = 0 }: PairScores,
  ranking: Ranking,
  threshold: number,
  most: number,
): Int32Array {
  const kept = new TopK(Math.min(most, (end - start) * classes))
  for (let cell = start; cell < end; cell++) {
    const q = quality ? sigmoid(quality[cell]) : 1
    const t = Math.max(Math.fround(threshold), kept.bar)
    const m = Math.max(ranking.least(t, q) * (1 - 1e-6), classThreshold)
    if (m >= 1) continue
    const leastLogit = Math.log(m / (1 - m))
    for (let pair = cell * classes; pair < (cell + 1) * classes; pair++) {
      if (!(logits[pair] > leastLogit)) continue
      const scored = ranking.score(sigmoid(logits[pair]), q)
      if (scored > t) kept.offer(scored, pair)
    }
  }
  return kept.sorted().indices
}

export interface PairScores {
  readonly logits: Float32Array
  readonly quality: Float32Array | null
  readonly classes: number
  /** Class scores are above it, too. */
  readonly classThreshold?: number | undefined
}
