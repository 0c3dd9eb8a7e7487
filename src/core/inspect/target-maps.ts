/** Maps of what every location learns, over one input: what the X-ray draws, recomputed on every frame of a drag. */

import { BACKGROUND } from '../detectors/assigner.ts'
import type { AssignmentRules, LossConfig } from '../detectors/fcos/config.ts'
import { emptyTargets, type Targets, targets } from '../detectors/fcos/targets.ts'
import type { Size } from '../geometry/box.ts'
import { type Pyramid, pyramid } from '../pyramid/levels.ts'
import { locationLevels } from '../pyramid/locations.ts'
import { type Ambiguity, type AmbiguityCount, ambiguity, emptyAmbiguity } from './ambiguity.ts'
import { type BoxShares, countShares, emptyShares, fitShares } from './shares.ts'

/** One image's ground truth and how it is learned. */
export interface TargetScene {
  /** [N·4] x1, y1, x2, y2 in pixels of the input. */
  readonly boxes: Float32Array
  /** [N] any number per class. */
  readonly classes: ArrayLike<number>
  readonly rules: AssignmentRules
  readonly boxWeight: LossConfig['boxWeight']
}

/**
 * L locations over P3 to P7, whatever levels learn. The maps [L] are the same arrays throughout, so that what reads them
 * may keep them; `update` overwrites them and allocates nothing of size L. For another size of input, make another.
 */
export class TargetMaps {
  /** [L] index into Pyramid.levels. */
  readonly level: Int32Array
  readonly #targets: Targets
  readonly #ambiguity: Ambiguity
  /** [L] the weight of each location in the box loss, before it is divided by their sum; 0 at background. */
  readonly boxWeight: Float32Array
  #shares = emptyShares(0)
  #pyramid: Pyramid
  #location: AssignmentRules['location'] = 'half-stride'
  #effectivePositives = 0

  /** input: the network's, padding included. */
  constructor(input: Size) {
    this.#pyramid = pyramid(input, this.#location)
    this.level = locationLevels(this.#pyramid)
    this.#targets = emptyTargets(this.#pyramid)
    this.#ambiguity = emptyAmbiguity(this.#pyramid.locations)
    this.boxWeight = new Float32Array(this.#pyramid.locations)
  }

  /** Where the locations of the latest update lie. */
  get pyramid(): Pyramid {
    return this.#pyramid
  }

  /** [L] index of the box that the location learns, or BACKGROUND. */
  get matched(): Int32Array {
    return this.#targets.matched
  }

  /** [L·4] pixels to the left, top, right and bottom side; 0 at background. */
  get ltrb(): Float32Array {
    return this.#targets.ltrb
  }

  /** [L] in (0, 1]; 0 at background. */
  get centerness(): Float32Array {
    return this.#targets.centerness
  }

  /** [L] number of boxes that the location is eligible for; 2 and more: ambiguous. `explain` names them. */
  get candidates(): Uint16Array {
    return this.#ambiguity.candidates
  }

  /** [L] 1 where these are of more than one class. */
  get severalClasses(): Uint8Array {
    return this.#ambiguity.severalClasses
  }

  get count(): Readonly<AmbiguityCount> {
    return this.#ambiguity.count
  }

  /** (Σw)² / Σw² over the box weights: as many positives of equal weight would average as well (Kish 1965). 0 without positives. */
  get effectivePositives(): number {
    return this.#effectivePositives
  }

  /** The boxes' shares, in the first N places. The arrays are replaced when boxes outgrow them. */
  get shares(): BoxShares {
    return this.#shares
  }

  update({ boxes, classes, rules, boxWeight }: TargetScene): void {
    if (rules.location !== this.#location) {
      this.#location = rules.location
      this.#pyramid = pyramid(this.#pyramid.input, rules.location)
    }
    targets(this.#pyramid, rules, boxes, this.#targets)
    ambiguity(this.#pyramid, rules, boxes, classes, this.matched, this.#ambiguity)
    this.#shares = fitShares(this.#shares, boxes.length / 4)
    countShares(this.#pyramid, rules, boxes, this.matched, this.#shares)
    this.#weigh(boxWeight)
  }

  #weigh(rule: LossConfig['boxWeight']): void {
    const { matched, centerness, boxWeight } = this
    let sum = 0
    let squares = 0
    for (let location = 0; location < matched.length; location++) {
      const weight = matched[location] === BACKGROUND ? 0 : rule === 'centerness' ? centerness[location] : 1
      boxWeight[location] = weight
      sum += weight
      squares += weight * weight
    }
    this.#effectivePositives = squares > 0 ? sum ** 2 / squares : 0
  }
}
