/**
 * Each box's share of the cells: how many learn it on each level, how good their positions are, and which it lost to
 * which box.
 */
import type { Assignment } from '../detectors/assigner.ts'
import { LEVEL_NAMES } from '../pyramid/levels.ts'

/** N boxes; the arrays may be longer than that, see fitShares. */
export interface BoxShares {
  /** [N·5] locations of P3 to P7 that learn each box. */
  readonly perLevel: Int32Array
  /** [N] their sum. */
  readonly positives: Int32Array
  /** [N] locations that the box is eligible for and another box took. */
  readonly lost: Int32Array
  /** [N] the assigner's quality, for FCOS centerness, as a mean over its positives, in (0, 1]; 0 without any. */
  readonly meanCenterness: Float32Array
}

/** Locations that a box is eligible for and box `to` took. */
export interface LostLocations {
  readonly to: number
  readonly locations: number
}

const LEVELS = LEVEL_NAMES.length

export function emptyShares(boxes: number): BoxShares {
  return {
    perLevel: new Int32Array(boxes * LEVELS),
    positives: new Int32Array(boxes),
    lost: new Int32Array(boxes),
    meanCenterness: new Float32Array(boxes),
  }
}

/** The buffers themselves if they hold so many boxes, or else new ones of twice the size, for boxes come one by one. */
export const fitShares = (shares: BoxShares, boxes: number): BoxShares =>
  boxes <= shares.positives.length ? shares : emptyShares(2 * boxes)

/** The shares of the boxes of an assignment, `matched` [C], into the first N places of `into`. Visits eligible cells only. */
export function countShares(
  assignment: Assignment,
  matched: Int32Array,
  into: BoxShares = emptyShares(assignment.boxes.length / 4),
): BoxShares {
  const { perLevel, positives, lost, meanCenterness } = into
  const count = assignment.boxes.length / 4
  perLevel.fill(0, 0, count * LEVELS)
  positives.fill(0, 0, count)
  lost.fill(0, 0, count)
  for (let gt = 0; gt < count; gt++) {
    let sum = 0
    assignment.eligible(gt, (start, end, level) => {
      for (let cell = start; cell < end; cell++) {
        if (matched[cell] === gt) {
          sum += assignment.quality(gt, cell, level)
          perLevel[gt * LEVELS + level]++
          positives[gt]++
          // Against background nothing is lost: such a box takes part in no contest.
        } else if (assignment.strength(gt, cell) > Number.NEGATIVE_INFINITY) lost[gt]++
      }
    })
    meanCenterness[gt] = positives[gt] === 0 ? 0 : sum / positives[gt]
  }
  return into
}

/**
 * The boxes to which box `gt` lost cells, with the number of cells: highest number first, equal ones in order of
 * index.
 */
export function lostLocations(assignment: Assignment, gt: number, matched: Int32Array): LostLocations[] {
  const perWinner = new Map<number, number>()
  assignment.eligible(gt, (start, end) => {
    for (let cell = start; cell < end; cell++) {
      const winner = matched[cell]
      if (winner === gt || assignment.strength(gt, cell) === Number.NEGATIVE_INFINITY) continue
      perWinner.set(winner, (perWinner.get(winner) ?? 0) + 1)
    }
  })
  return [...perWinner]
    .map(([to, locations]) => ({ to, locations }))
    .sort((a, b) => b.locations - a.locations || a.to - b.to)
}
