/** Counts which class is predicted for which true class. */
import { NOTHING } from '../group-matcher.ts'
import { iouOf } from '../ious.ts'
import { type Evidence, evidence } from './evidence.ts'
import type { ImageRows, RankedTables } from './ranked-tables.ts'

export interface ConfusionOptions {
  /** Detections with a lower score are left out. */
  readonly score: number
  readonly iou: number
}

export interface ConfusionCell {
  /** Index of the true class; K (background) for detections that match no object. */
  readonly truth: number
  /** Index of the predicted class; K (background) for objects that no detection finds. */
  readonly predicted: number
  /** From the best score; objects that are not found in the order of the tables. */
  readonly pairs: readonly Evidence[]
}

export interface ConfusionMatrix {
  /** Ids of the K classes, ascending; row and column K are background. */
  readonly categoryIds: readonly number[]
  /** [K+1][K+1] by true, then predicted class. A class's row adds up to its objects, crowds not counted. */
  readonly counts: readonly (readonly number[])[]
  /** The non-zero cells, row by row. */
  readonly cells: readonly ConfusionCell[]
}

/**
 * Objects against detections of any class. In each image, from the best score down, a detection takes the object of
 * highest IoU that is still free and reaches the threshold; of equal IoUs one of its own class, then the first in the
 * source. What is left over is paired with background, but for a detection that lies in a crowd of its class (share
 * of its area inside ≥ the IoU threshold), which does not count.
 */
export function confusionMatrix(tables: RankedTables, options: ConfusionOptions): ConfusionMatrix {
  const { categoryIds, groundTruth, detections } = tables
  const side = categoryIds.length + 1
  const cells: Evidence[][] = Array.from({ length: side * side }, () => [])
  for (const image of tables.images) {
    pairUp(tables, image, options, (g, d, iou) => {
      const truth = g === NOTHING ? side - 1 : groundTruth.category[g]!
      const predicted = d === NOTHING ? side - 1 : detections.category[d]!
      cells[truth * side + predicted]!.push(evidence(tables, g, d, iou))
    })
  }
  return {
    categoryIds,
    counts: categoryIds
      .concat(0)
      .map((_, k) => cells.slice(k * side, (k + 1) * side).map(({ length }) => length)),
    cells: cells.flatMap((pairs, at) =>
      pairs.length === 0
        ? []
        : [
            {
              truth: Math.floor(at / side),
              predicted: at % side,
              pairs: pairs.sort((a, b) => (b.score ?? 0) - (a.score ?? 0)),
            },
          ],
    ),
  }
}

function pairUp(
  tables: RankedTables,
  image: ImageRows,
  { score, iou: threshold }: ConfusionOptions,
  pair: (g: number, d: number, iou: number) => void,
): void {
  const { groundTruth, detections } = tables
  const free = new Set(image.objects.filter((g) => groundTruth.crowd[g] === 0))
  const crowds = image.objects.filter((g) => groundTruth.crowd[g] === 1)
  const isInCrowd = (d: number) =>
    crowds.some(
      (g) =>
        groundTruth.category[g] === detections.category[d] &&
        iouOf(groundTruth, g, detections, d) >= threshold,
    )
  for (const d of image.detections) {
    if (detections.scores[d]! < score) break
    let best = NOTHING
    let bestIou = 0
    for (const g of free) {
      const iou = iouOf(groundTruth, g, detections, d)
      if (iou < threshold || iou < bestIou) continue
      const isOfClass = groundTruth.category[g] === detections.category[d]
      const bestIsOfClass = best !== NOTHING && groundTruth.category[best] === detections.category[d]
      if (iou === bestIou && (bestIsOfClass || !isOfClass)) continue
      best = g
      bestIou = iou
    }
    if (best !== NOTHING) {
      free.delete(best)
      pair(best, d, bestIou)
    } else if (!isInCrowd(d)) {
      pair(NOTHING, d, 0)
    }
  }
  for (const g of free) pair(g, NOTHING, 0)
}
