/** Cells that several boxes compete for, and the box that would be next. */
import { type Assignment, BACKGROUND } from '../detectors/assigner.ts'

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
 * classes: [N] any number per class; matched: [C] what the assignment gave. `into` takes the buffers of an earlier call over
 * a grid of the same size. Losing a location to a box of another class is worse than to one of the same class, which has the
 * same label.
 */
export function ambiguity(
  assignment: Assignment,
  classes: ArrayLike<number>,
  matched: Int32Array,
  into: Ambiguity = emptyAmbiguity(matched.length),
): Ambiguity {
  const { candidates, severalClasses, count } = into
  candidates.fill(0)
  severalClasses.fill(0)
  Object.assign(count, noAmbiguity())
  for (let gt = 0; gt < assignment.boxes.length / 4; gt++) {
    assignment.eligible(gt, (start, end) => {
      for (let cell = start; cell < end; cell++) {
        if (assignment.strength(gt, cell) === Number.NEGATIVE_INFINITY) continue
        const boxesHere = ++candidates[cell]
        if (boxesHere === 1) count.positives++
        else if (boxesHere === 2) count.ambiguous++
        if (severalClasses[cell] === 0 && classes[gt] !== classes[matched[cell]]) {
          severalClasses[cell] = 1
          count.ambiguousAcrossClasses++
        }
      }
    })
  }
  return into
}

/**
 * The box that each cell would learn if the one it learns, `matched` [C], were not there: [C] indices, or BACKGROUND where no
 * other competes. Takes and returns buffers as `assign` does.
 */
export function runnersUp(
  assignment: Assignment,
  matched: Int32Array,
  into: Int32Array<ArrayBuffer> = new Int32Array(matched.length),
): Int32Array<ArrayBuffer> {
  into.fill(BACKGROUND)
  for (let gt = 0; gt < assignment.boxes.length / 4; gt++) {
    assignment.eligible(gt, (start, end) => {
      for (let cell = start; cell < end; cell++) {
        const strength = assignment.strength(gt, cell)
        if (matched[cell] === gt || strength === Number.NEGATIVE_INFINITY) continue
        // Of equals the one of lower index stays.
        if (into[cell] === BACKGROUND || strength > assignment.strength(into[cell], cell)) into[cell] = gt
      }
    })
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
