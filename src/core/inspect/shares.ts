/** Each box's share of the locations: how many learn it on each level, how well centred they are, which it lost to whom. */

import { neverWins } from '../detectors/fcos/assign.ts'
import type { AssignmentRules } from '../detectors/fcos/config.ts'
import { emptyWindow, findEligible, forEachRun, limitsOf } from '../detectors/fcos/eligible.ts'
import { centerness } from '../detectors/fcos/targets.ts'
import { LEVEL_NAMES, type Pyramid } from '../pyramid/levels.ts'

/** N boxes; the arrays may be longer than that, see fitShares. */
export interface BoxShares {
  /** [N·5] locations of P3 to P7 that learn each box. */
  readonly perLevel: Int32Array
  /** [N] their sum. */
  readonly positives: Int32Array
  /** [N] locations that the box is eligible for and another box took. */
  readonly lost: Int32Array
  /** [N] mean over its positives, in (0, 1]; 0 without any. */
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

/** The shares of `boxes` [N·4] in an assignment `matched` [L] of them, into the first N places of `into`. Visits eligible locations only. */
export function countShares(
  { levels }: Pyramid,
  rules: AssignmentRules,
  boxes: Float32Array,
  matched: Int32Array,
  into: BoxShares = emptyShares(boxes.length / 4),
): BoxShares {
  const { perLevel, positives, lost, meanCenterness } = into
  const count = boxes.length / 4
  perLevel.fill(0, 0, count * LEVELS)
  positives.fill(0, 0, count)
  lost.fill(0, 0, count)
  const window = emptyWindow()
  const limits = levels.map((level) => limitsOf(level, rules))
  for (let gt = 0; gt < count; gt++) {
    const [x1, y1, x2, y2] = [boxes[gt * 4], boxes[gt * 4 + 1], boxes[gt * 4 + 2], boxes[gt * 4 + 3]]
    let sum = 0
    for (const [i, level] of levels.entries()) {
      if (!findEligible(level, limits[i], boxes, gt, window)) continue
      const { first, columns, offset, spacing } = level
      forEachRun(level, window, (start, end) => {
        const row = Math.floor((start - first) / columns)
        const y = offset.y + row * spacing.y
        const [t, b] = [Math.fround(y - y1), Math.fround(y2 - y)]
        for (let location = start; location < end; location++) {
          if (matched[location] !== gt) {
            lost[gt]++
            continue
          }
          const x = offset.x + (location - first - row * columns) * spacing.x
          sum += centerness(Math.fround(x - x1), t, Math.fround(x2 - x), b)
          perLevel[gt * LEVELS + i]++
          positives[gt]++
        }
      })
    }
    // Against background nothing is lost: the box takes part in no contest.
    if (neverWins(rules.area, boxes, gt)) lost[gt] = 0
    meanCenterness[gt] = positives[gt] === 0 ? 0 : sum / positives[gt]
  }
  return into
}

/** To whom box `gt` lost locations, and how many: those that took most first, of equals in order of index. */
export function lostLocations(
  { levels }: Pyramid,
  rules: AssignmentRules,
  boxes: Float32Array,
  gt: number,
  matched: Int32Array,
): LostLocations[] {
  const perWinner = new Map<number, number>()
  if (neverWins(rules.area, boxes, gt)) return []
  const window = emptyWindow()
  for (const level of levels) {
    if (!findEligible(level, limitsOf(level, rules), boxes, gt, window)) continue
    forEachRun(level, window, (start, end) => {
      for (const winner of matched.subarray(start, end)) {
        if (winner !== gt) perWinner.set(winner, (perWinner.get(winner) ?? 0) + 1)
      }
    })
  }
  return [...perWinner]
    .map(([to, locations]) => ({ to, locations }))
    .sort((a, b) => b.locations - a.locations || a.to - b.to)
}
