import type { AssignmentRules } from './config.ts'
import { limitsOf } from './criteria.ts'
import { emptyWindow, findEligible, forEachRun } from './eligibility.ts'
import type { Pyramid } from './levels.ts'
import { weakestFirst } from './precedence.ts'

/** The label of a location that learns no box. */
export const BACKGROUND = -1

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
