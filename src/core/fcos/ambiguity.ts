import { BACKGROUND } from './assign.ts'
import type { AssignmentRules } from './config.ts'
import { limitsOf } from './criteria.ts'
import { emptyWindow, findEligible, forEachRun } from './eligibility.ts'
import type { Pyramid } from './levels.ts'
import { neverWins } from './precedence.ts'

/** Locations that more than one box competes for (FCOS section 4.1, table 2). */
export interface Ambiguity {
  /** [L] number of boxes that the location is eligible for; 2 and more is ambiguous. */
  readonly candidates: Uint16Array
  /** [L] 1 where the boxes that the location is eligible for are of more than one class. */
  readonly severalClasses: Uint8Array
}

/**
 * boxes: [N·4] as for assign; classes: [N] any number per class; matched: [L] what assign returned for them.
 * Losing a location to a box of another class is worse than to one of the same class, which has the same label.
 */
export function ambiguity(
  { levels, locations }: Pyramid,
  rules: AssignmentRules,
  boxes: Float32Array,
  classes: ArrayLike<number>,
  matched: Int32Array,
): Ambiguity {
  const candidates = new Uint16Array(locations)
  const severalClasses = new Uint8Array(locations)
  const window = emptyWindow()
  for (const level of levels) {
    const limits = limitsOf(level, rules)
    for (let gt = 0; gt < boxes.length / 4; gt++) {
      if (neverWins(rules.area, boxes, gt) || !findEligible(level, limits, boxes, gt, window)) continue
      forEachRun(level, window, (start, end) => {
        for (let location = start; location < end; location++) {
          candidates[location]++
          if (classes[gt] !== classes[matched[location]]) severalClasses[location] = 1
        }
      })
    }
  }
  return { candidates, severalClasses }
}

/** Positive locations, and how many of them are ambiguous. */
export interface AmbiguityCount {
  readonly positives: number
  readonly ambiguous: number
  readonly ambiguousAcrossClasses: number
}

export function countAmbiguity(
  { candidates, severalClasses }: Ambiguity,
  matched: Int32Array,
): AmbiguityCount {
  let positives = 0
  let ambiguous = 0
  let ambiguousAcrossClasses = 0
  for (let location = 0; location < matched.length; location++) {
    if (matched[location] === BACKGROUND) continue
    positives++
    if (candidates[location] > 1) ambiguous++
    ambiguousAcrossClasses += severalClasses[location]
  }
  return { positives, ambiguous, ambiguousAcrossClasses }
}
