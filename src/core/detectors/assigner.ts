/**
 * The interface of a rule that decides which cells of a detector's grid learn which box. Code that counts recall, ambiguity and
 * shares of boxes, and explains them, works with every rule that implements it.
 */
import type { BoxXyxy } from '../geometry/box.ts'
import type { Ring } from '../geometry/polygon.ts'
import type { Pyramid } from '../pyramid/levels.ts'

/** The owner of a cell that learns no box. */
export const BACKGROUND = -1

/** The owner of a cell that is left out of the loss. */
export const IGNORED = -2

/** Rings of each object, to be filled by the nonzero rule: parts run one way, holes the other. Null: only its box is known. */
export type Outlines = readonly (readonly Ring[] | null)[]

/** What may be known about objects in addition to their boxes. */
export interface ObjectDetails {
  readonly classes?: ArrayLike<number> | undefined
  readonly outlines?: Outlines | undefined
}

export interface Assigner<Rules> {
  /** The assignment of `boxes` [N·4] (x1, y1, x2, y2 in pixels of the input). Boxes without area are allowed; no cell learns them. */
  over(grid: Pyramid, rules: Rules, boxes: Float32Array, details?: ObjectDetails): Assignment
}

/** C cells, N boxes. */
export interface Assignment {
  readonly grid: Pyramid
  /** [N·4] */
  readonly boxes: Float32Array
  /** [C] index of the box that each cell learns, BACKGROUND or IGNORED. `into` may be a buffer of an earlier call; it is overwritten. */
  assign(into?: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer>
  /**
   * Calls `visit` with each run [start, end) of cells that would learn box `gt` if no box were stronger there, in ascending order, or
   * those of one level.
   */
  eligible(gt: number, visit: (start: number, end: number, level: number) => void, only?: number): void
  /**
   * Of several boxes that a cell is eligible for it learns the one of greatest strength, of equals the one of lower index.
   * With −Infinity, the cell stays background.
   */
  strength(gt: number, cell: number): number
  /** Describes the boxes that take cells from others, such as "smaller boxes". */
  readonly stronger: string
  /** The boxes that may take a cell from box `gt` where both are eligible. */
  rivals(gt: number): readonly number[]
  /** Whether a cell learns the classes of all boxes that are eligible there, and not only that of the box which owns it. */
  readonly learnsAllClasses?: true
  /** Quality in (0, 1] of a cell on `level` as a place to learn the box from, such as centerness. */
  quality(gt: number, cell: number, level: number): number
  /** Whether cells of a level may learn anything at all. */
  learns(level: number): boolean
  /** The outcomes of boxes at a cell: of those around it, the nearest to a positive first. If there are none, that of the nearest box. */
  explain(cell: number): readonly CellOutcome[]
  /** The cells of a location, to be drawn, where it has several. */
  marks?(location: number): readonly CellMark[]
  /** The cells among which those of box `gt` were chosen, where the rule compares them. */
  strip?(gt: number): CandidateStrip
  /** The reason, in the detector's terms, why no cell can learn box `gt`: it has no area, is eligible nowhere, or loses to background. */
  obstacle(gt: number): Obstacle | null
}

/** The outcome of one box at one cell. */
export interface CellOutcome {
  readonly gt: number
  readonly positive: boolean
  /** One sentence without a full stop. `nameOf` gives the name of a box. */
  describe(nameOf?: (gt: number) => string): string
}

/** An anchor: a cell that is a box. */
export interface CellMark {
  readonly title: string
  /** Pixels of the network's input. */
  readonly box: BoxXyxy
  /** IoU with the box that it fits best. */
  readonly iou: number
  /** low-quality: positive only because no anchor fits some box better. ignored: left out of the loss. */
  readonly state: 'positive' | 'low-quality' | 'ignored' | 'background'
  /** One sentence without a full stop. `nameOf` gives what a box is called. */
  describe(nameOf?: (gt: number) => string): string
}

/** The candidates of a box by IoU. */
export interface CandidateStrip {
  readonly mean: number
  /** The least IoU of a positive. */
  readonly threshold: number
  readonly candidates: readonly {
    readonly location: number
    readonly iou: number
    readonly positive: boolean
    /** The reason, as one sentence without a full stop. */
    describe(nameOf?: (gt: number) => string): string
  }[]
}

export interface Obstacle {
  readonly cause: string
  /** The cause in a few words, by which boxes are counted: "no location inside". */
  readonly title: string
  /** One sentence without a full stop, about the box of that name. */
  describe(box: string): string
}
