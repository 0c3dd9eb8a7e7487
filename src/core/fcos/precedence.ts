/** Which of several eligible boxes a location learns: the one of smallest area (FCOS section 3.2). */
import type { AssignmentRules } from './config.ts'

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
