import { BACKGROUND } from './assign.ts'
import type { AssignmentRules } from './config.ts'
import { limitsOf } from './criteria.ts'
import { emptyWindow, findEligible, forEachRun } from './eligibility.ts'
import type { Pyramid } from './levels.ts'
import { weakestFirst } from './precedence.ts'

/**
 * The box that each location would learn if the one it learns were not there: [L] indices into `boxes` [N·4], or BACKGROUND
 * where no other is eligible. Takes and returns buffers as assign does.
 */
export function runnersUp(
  { levels, locations }: Pyramid,
  rules: AssignmentRules,
  boxes: Float32Array,
  into: Int32Array<ArrayBuffer> = new Int32Array(locations),
): Int32Array<ArrayBuffer> {
  const matched = new Int32Array(locations).fill(BACKGROUND)
  into.fill(BACKGROUND)
  const window = emptyWindow()
  const order = weakestFirst(rules.area, boxes)
  for (const level of levels) {
    const limits = limitsOf(level, rules)
    for (const gt of order) {
      if (!findEligible(level, limits, boxes, gt, window)) continue
      forEachRun(level, window, (start, end) => {
        into.set(matched.subarray(start, end), start)
        matched.fill(gt, start, end)
      })
    }
  }
  return into
}
