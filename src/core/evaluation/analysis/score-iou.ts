/** Does the score tell how well a box fits? Figure 7 of the FCOS paper (arXiv 1904.01355) with its numbers. */
import { NOTHING } from '../group-matcher.ts'
import { iouOf } from '../ious.ts'
import { spearman } from './rank-correlation.ts'
import type { RankedTables } from './ranked-tables.ts'

const BINS = 10

/** One point per detection that the protocol counts, image by image. */
export interface BestIous {
  /** [N] index into the detections as given. */
  readonly detection: Uint32Array
  /** [N] index into the ground truth's objects of the one that fits best; −1: it overlaps none. */
  readonly object: Int32Array
  /** [N] IoU with that object. */
  readonly iou: Float64Array
}

export interface ScoreBin {
  /** Scores in [from, to), in the last bin [from, to]. */
  readonly from: number
  readonly to: number
  readonly count: number
  /** Null if the bin is empty. */
  readonly meanScore: number | null
  readonly meanIou: number | null
}

export interface ScoreIou {
  readonly count: number
  /** Spearman's ρ; null if it is undefined. */
  readonly spearman: number | null
  /**
   * Share of the points below y = x, whose score is higher than their IoU. Like all of these, null without points.
   */
  readonly shareBelow: number | null
  /** Mean of score − IoU. */
  readonly meanExcess: number | null
  readonly bins: readonly ScoreBin[]
  /** LaECE: mean over points of |mean score − mean IoU| of their bin. */
  readonly calibrationError: number | null
}

/** For every detection the object with the highest IoU, even if another detection finds it. Crowds are left out. */
export function bestIous(tables: RankedTables, objectsOf: 'same class' | 'any class'): BestIous {
  const { groundTruth, detections } = tables
  const { images } = tables
  const N = images.reduce((sum, image) => sum + image.detections.length, 0)
  const best = { detection: new Uint32Array(N), object: new Int32Array(N), iou: new Float64Array(N) }
  let at = 0
  for (const image of images) {
    const objects = image.objects.filter((g) => groundTruth.crowd[g] === 0)
    for (const d of image.detections) {
      best.detection[at] = detections.source[d]!
      best.object[at] = NOTHING
      for (const g of objects) {
        if (objectsOf === 'same class' && groundTruth.category[g] !== detections.category[d]) continue
        const iou = iouOf(groundTruth, g, detections, d)
        if (iou <= best.iou[at]!) continue
        best.iou[at] = iou
        best.object[at] = groundTruth.source[g]!
      }
      at++
    }
  }
  return best
}

/**
 * Points x = score, y = IoU.
 *
 * @param scores of all detections as given, in [0, 1]: the detector's, or the class score without centerness, …
 */
export function scoreAgainstIou({ detection, iou }: BestIous, scores: ArrayLike<number>): ScoreIou {
  const N = detection.length
  const x = new Float64Array(N)
  for (let i = 0; i < N; i++) x[i] = scores[detection[i]!]!
  let below = 0
  let excess = 0
  for (let i = 0; i < N; i++) {
    if (iou[i]! < x[i]!) below++
    excess += x[i]! - iou[i]!
  }
  const bins = binned(x, iou)
  const gap = ({ count, meanScore, meanIou }: ScoreBin) => count * Math.abs((meanScore ?? 0) - (meanIou ?? 0))
  const mean = (sum: number) => (N === 0 ? null : sum / N)
  return {
    count: N,
    spearman: spearman(x, iou),
    shareBelow: mean(below),
    meanExcess: mean(excess),
    bins,
    calibrationError: mean(bins.reduce((sum, bin) => sum + gap(bin), 0)),
  }
}

function binned(x: Float64Array, y: Float64Array): ScoreBin[] {
  const count = new Uint32Array(BINS)
  const sumX = new Float64Array(BINS)
  const sumY = new Float64Array(BINS)
  for (let i = 0; i < x.length; i++) {
    const bin = Math.min(Math.floor(x[i]! * BINS), BINS - 1)
    count[bin]!++
    sumX[bin]! += x[i]!
    sumY[bin]! += y[i]!
  }
  return Array.from(count, (n, bin) => ({
    from: bin / BINS,
    to: (bin + 1) / BINS,
    count: n,
    meanScore: n === 0 ? null : sumX[bin]! / n,
    meanIou: n === 0 ? null : sumY[bin]! / n,
  }))
}
