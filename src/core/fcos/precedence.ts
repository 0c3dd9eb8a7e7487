/** Which of several eligible boxes a location learns: the one of smallest area (FCOS section 3.2). */
import type { AssignmentRules } from './config.ts'

/**
 * The quantity that the smaller wins of two boxes; between equals the lower index wins. Infinity: the box never wins.
 * Two implementations measure area differently:
 * - inclusive, (w + 1)(h + 1): the authors' boxes count their last pixel in.
 * - float32: torchvision maximises 1e8 − w·h in float32, whose spacing near 1e8 is 8, so that areas within
 *   8 px² tie; and where 1e8 − w·h is not positive the box loses even against background.
 */
export function precedence(rule: AssignmentRules['area'], boxes: Float32Array, gt: number): number {
  const width = Math.fround(boxes[gt * 4 + 2] - boxes[gt * 4])
  const height = Math.fround(boxes[gt * 4 + 3] - boxes[gt * 4 + 1])
  if (rule === 'inclusive') return Math.fround(Math.fround(width + 1) * Math.fround(height + 1))
  const margin = Math.fround(1e8 - Math.fround(width * height))
  return margin < 1e-5 ? Number.POSITIVE_INFINITY : -margin
}

/** Box indices from the one that loses every location to the one that wins every location. Boxes that never win are left out. */
export function weakestFirst(rule: AssignmentRules['area'], boxes: Float32Array): Int32Array {
  const keys = Float32Array.from({ length: boxes.length / 4 }, (_, gt) => precedence(rule, boxes, gt))
  const order = Int32Array.from(keys.keys()).filter((gt) => keys[gt] < Number.POSITIVE_INFINITY)
  return order.sort((a, b) => keys[b] - keys[a] || b - a)
}
