import { neverWins } from '../detectors/fcos/assign.ts'
import type { AssignmentRules } from '../detectors/fcos/config.ts'
import { emptyWindow, findEligible, forEachRun, limitsOf } from '../detectors/fcos/eligible.ts'
import type { Pyramid } from '../pyramid/levels.ts'

/** Locations that more than one box competes for (FCOS section 4.1, table 2). */
export interface Ambiguity {
  /** [L] number of boxes that the location is eligible for; 2 and more is ambiguous. */
  readonly candidates: Uint16Array
  /** [L] 1 where the boxes that the location is eligible for are of more than one class. */
  readonly severalClasses: Uint8Array
  readonly count: AmbiguityCount
}

export interface AmbiguityCount {
  /** Locations that learn a box, … */
  positives: number
  /** … of those the ones eligible for another, … */
  ambiguous: number
  /** … and of those the ones eligible for a box of another class. */
  ambiguousAcrossClasses: number
}

/**
 * boxes: [N·4] as for assign; classes: [N] any number per class; matched: [L] what assign returned for them.
 * `into` takes the buffers of an earlier call over a pyramid of the same size.
 * Losing a location to a box of another class is worse than to one of the same class, which has the same label.
 */
export function ambiguity(
  { levels, locations }: Pyramid,
  rules: AssignmentRules,
  boxes: Float32Array,
  classes: ArrayLike<number>,
  matched: Int32Array,
  into: Ambiguity = emptyAmbiguity(locations),
): Ambiguity {
  const { candidates, severalClasses, count } = into
  candidates.fill(0)
  severalClasses.fill(0)
  Object.assign(count, noAmbiguity())
  const window = emptyWindow()
  for (const level of levels) {
    const limits = limitsOf(level, rules)
    for (let gt = 0; gt < boxes.length / 4; gt++) {
      if (neverWins(rules.area, boxes, gt) || !findEligible(level, limits, boxes, gt, window)) continue
      forEachRun(level, window, (start, end) => {
        for (let location = start; location < end; location++) {
          const boxesHere = ++candidates[location]
          if (boxesHere === 1) count.positives++
          else if (boxesHere === 2) count.ambiguous++
          if (severalClasses[location] === 0 && classes[gt] !== classes[matched[location]]) {
            severalClasses[location] = 1
            count.ambiguousAcrossClasses++
          }
        }
      })
    }
  }
  return into
}

export const noAmbiguity = (): AmbiguityCount => ({ positives: 0, ambiguous: 0, ambiguousAcrossClasses: 0 })

export function emptyAmbiguity(locations: number): Ambiguity {
  return {
    candidates: new Uint16Array(locations),
    severalClasses: new Uint8Array(locations),
    count: noAmbiguity(),
  }
}
