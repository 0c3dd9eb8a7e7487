/** Which box each location learns: of those that it is eligible for, the one of smallest area (FCOS sections 3.1 and 3.2). */

import type { Pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND } from '../assigner.ts'
import type { AssignmentRules } from './config.ts'
import { emptyWindow, findEligible, forEachRun, limitsOf } from './eligible.ts'

type AreaRule = AssignmentRules['area']

/**
 * The quantity whose smaller value wins between two boxes; of equals the lower index wins. Two implementations
 * measure area differently:
 * - inclusive, (w + 1)(h + 1): the authors' boxes count their last pixel in.
 * - float32: torchvision maximises 1e8 − w·h in float32, whose spacing just below 1e8 is 8, so that areas within
 *   8 px² tie. Where 1e8 − w·h is not positive, background wins: Infinity.
 */
export function precedence(rule: AreaRule, boxes: Float32Array, gt: number): number {
  const width = Math.fround(boxes[gt * 4 + 2] - boxes[gt * 4])
  const height = Math.fround(boxes[gt * 4 + 3] - boxes[gt * 4 + 1])
  if (rule === 'inclusive') return Math.fround(Math.fround(width + 1) * Math.fround(height + 1))
  const margin = Math.fround(1e8 - Math.fround(width * height))
  return margin < 1e-5 ? Number.POSITIVE_INFINITY : -margin
}

/** True for a box that loses every location even against background: in torchvision's rule, one of 1e8 px² or more. */
export function neverWins(rule: AreaRule, boxes: Float32Array, gt: number): boolean {
  return precedence(rule, boxes, gt) === Number.POSITIVE_INFINITY
}

/** Indices of the boxes that win against box `gt` wherever both are eligible. */
export function strongerBoxes(rule: AreaRule, boxes: Float32Array, gt: number): number[] {
  const own = precedence(rule, boxes, gt)
  const stronger: number[] = []
  for (let other = 0; other < boxes.length / 4; other++) {
    const key = precedence(rule, boxes, other)
    if (key < own || (key === own && other < gt)) stronger.push(other)
  }
  return stronger
}

/** Indices of boxes, from the one that loses every contest to the one that wins every; without those that never win. */
export function weakestFirst(rule: AreaRule, boxes: Float32Array): Int32Array {
  const count = boxes.length / 4
  const keys = new Float32Array(count)
  const order = new Int32Array(count)
  let end = 0
  for (let gt = 0; gt < count; gt++) {
    keys[gt] = precedence(rule, boxes, gt)
    if (keys[gt] < Number.POSITIVE_INFINITY) order[end++] = gt
  }
  const sorted = order.subarray(0, end)
  // Sorting a typed array takes a microsecond even of one element, and most images of many data sets have few boxes.
  return end > 1 ? sorted.sort((a, b) => keys[b] - keys[a] || b - a) : sorted
}

/**
 * The box that each location learns: [L] indices into `boxes`, or BACKGROUND (FCOS section 3).
 *
 * boxes: [N·4] x1, y1, x2, y2 in pixels of the input. N = 0, boxes partly or wholly outside the input, and boxes
 * without area are ordinary. `matched` may be a buffer of an earlier call; it is overwritten and returned.
 *
 * Boxes are painted over one another, the strongest last.
 */
export function assign(
  { levels, locations }: Pyramid,
  rules: AssignmentRules,
  boxes: Float32Array,
  matched: Int32Array<ArrayBuffer> = new Int32Array(locations),
): Int32Array<ArrayBuffer> {
  matched.fill(BACKGROUND)
  const window = emptyWindow()
  const order = weakestFirst(rules.area, boxes)
  for (const level of levels) {
    const limits = limitsOf(level, rules)
    for (const gt of order) {
      if (!findEligible(level, limits, boxes, gt, window)) continue
      forEachRun(level, window, (start, end) => matched.fill(gt, start, end))
    }
  }
  return matched
}
