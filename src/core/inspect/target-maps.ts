/** Maps of what every location learns, over one input: what the X-ray draws, recomputed on every frame of a drag. */
import { type Assignment, BACKGROUND, type ObjectDetails } from '../detectors/assigner.ts'
import type { Detector } from '../detectors/detector.ts'
import { FCOS } from '../detectors/fcos/index.ts'
import type { FcosTargetMaps } from '../detectors/fcos/views.ts'
import type { Size } from '../geometry/box.ts'
import type { Pyramid } from '../pyramid/levels.ts'
import { locationLevels } from '../pyramid/locations.ts'
import { type Ambiguity, type AmbiguityCount, ambiguity, emptyAmbiguity, runnersUp } from './ambiguity.ts'
import { type BoxShares, countShares, emptyShares, fitShares } from './shares.ts'

/** One image's ground truth and how it is learned. */
export interface TargetScene {
  /** [N·4] x1, y1, x2, y2 in pixels of the input. */
  readonly boxes: Float32Array
  /** [N] any number per class. */
  readonly classes: ArrayLike<number>
  readonly details?: Pick<ObjectDetails, 'outlines'> | undefined
  readonly assignment: unknown
  readonly loss: unknown
}

/**
 * L locations over all levels, whatever levels learn. The maps are the same arrays throughout, so that what reads them may
 * keep them; `update` overwrites them and allocates nothing of size L. For another size of input or detector, make another.
 */
export class TargetMaps<Own extends { readonly effectivePositives?: number } = FcosTargetMaps> {
  readonly detector: Detector
  /** [L] index into Pyramid.levels. */
  readonly level: Int32Array
  /** [C] index of the box that the cell learns, or BACKGROUND. */
  readonly matched: Int32Array<ArrayBuffer>
  readonly #input: Size
  readonly #ambiguity: Ambiguity
  readonly #runnersUp: Int32Array<ArrayBuffer>
  /** [L] the box that the location learns, with several cells that of the first that learns one; or BACKGROUND. */
  readonly owners: Int32Array<ArrayBuffer>
  readonly #rivals: Int32Array<ArrayBuffer>
  #assignment: Assignment
  #own: Own | undefined
  #shares = emptyShares(0)

  /** input: the network's, padding included. */
  constructor(input: Size, detector: Detector = FCOS as unknown as Detector) {
    this.detector = detector
    this.#input = input
    const { assignment } = detector.presets.lite0([])
    const grid = detector.grid(input, { assignment })
    this.#assignment = detector.assigner.over(grid, assignment, new Float32Array())
    this.level = locationLevels(grid)
    this.matched = this.#assignment.assign()
    this.#ambiguity = emptyAmbiguity(this.matched.length)
    this.#runnersUp = new Int32Array(this.matched.length)
    const isAlone = detector.cellsPerLocation === 1
    this.owners = isAlone ? this.matched : new Int32Array(grid.locations)
    this.#rivals = isAlone ? this.#runnersUp : new Int32Array(grid.locations)
  }

  /** Where the locations of the latest update lie. */
  get pyramid(): Pyramid {
    return this.#assignment.grid
  }

  get assignment(): Assignment {
    return this.#assignment
  }

  /** The detector's own maps. */
  get own(): Own {
    return this.#own!
  }

  /** [C] number of boxes that the cell is eligible for; 2 and more: ambiguous. `explain` names them. */
  get candidates(): Uint16Array {
    return this.#ambiguity.candidates
  }

  /** [C] 1 where these are of more than one class. */
  get severalClasses(): Uint8Array {
    return this.#ambiguity.severalClasses
  }

  get count(): Readonly<AmbiguityCount> {
    return this.#ambiguity.count
  }

  /** The boxes' shares, in the first N places. The arrays are replaced when boxes outgrow them. */
  get shares(): BoxShares {
    return this.#shares
  }

  /** [L] see runnersUp; computed now. */
  runnersUp(): Int32Array {
    const cells = runnersUp(this.#assignment, this.matched, this.#runnersUp)
    if (cells !== this.#rivals) firstOfEach(cells, this.detector.cellsPerLocation, this.#rivals)
    return this.#rivals
  }

  update({ boxes, classes, details, assignment: rules, loss }: TargetScene): void {
    const { detector, matched } = this
    const grid = detector.grid(this.#input, { assignment: rules })
    const known: ObjectDetails = {
      classes,
      get outlines() {
        return details?.outlines
      },
    }
    const assignment = detector.assigner.over(grid, rules, boxes, known)
    this.#assignment = assignment
    assignment.assign(matched)
    if (this.owners !== matched) firstOfEach(matched, detector.cellsPerLocation, this.owners)
    const config = { assignment: rules, loss }
    this.#own = detector.targetMaps(grid, config, boxes, matched, this.#own, known) as Own
    ambiguity(assignment, classes, matched, this.#ambiguity)
    this.#shares = fitShares(this.#shares, boxes.length / 4)
    countShares(assignment, matched, this.#shares)
  }
}

/** Of each location the first box among those of its cells [C]; or BACKGROUND. */
function firstOfEach(cells: Int32Array, each: number, into: Int32Array): void {
  into.fill(BACKGROUND)
  for (let cell = cells.length - 1; cell >= 0; cell--) {
    if (cells[cell]! >= 0) into[Math.floor(cell / each)] = cells[cell]!
  }
}
