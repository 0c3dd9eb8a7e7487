/**
 * Which cells of a detector's grid learn which box, as an interface: what counts recall, ambiguity and shares, and explains
 * them, works for every rule that can say these things.
 */
import type { BoxXyxy } from '../geometry/box.ts'
import type { Ring } from '../geometry/polygon.ts'
import type { Pyramid } from '../pyramid/levels.ts'

/** The owner of a cell that learns no box. */
export const BACKGROUND = -1

/** The owner of a cell that neither costs nor learns. */
export const IGNORED = -2

/** Rings of each object, to be filled by the nonzero rule: parts run one way, holes the other. Null: only its box is known. */
export type Outlines = readonly (readonly Ring[] | null)[]

/** What may be known of objects beside their boxes. */
export interface ObjectDetails {
  readonly classes?: ArrayLike<number> | undefined
  readonly outlines?: Outlines | undefined
}

export interface Assigner<Rules> {
  /** The assignment of `boxes` [N·4] (x1, y1, x2, y2 in pixels of the input). Degenerate boxes are ordinary: nothing learns them. */
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
   * −Infinity: it does not even win against background.
   */
  strength(gt: number, cell: number): number
  /** What boxes are that take cells from others: "smaller boxes". */
  readonly stronger: string
  /** The boxes that may take a cell from box `gt` where both are eligible. */
  rivals(gt: number): readonly number[]
  /** Whether a cell learns the classes of all boxes that are eligible there, and not only that of the box which owns it. */
  readonly learnsAllClasses?: true
  /** How good a place the cell, which lies on `level`, is for a box that it learns, in (0, 1]. */
  quality(gt: number, cell: number, level: number): number
  /** Whether cells of a level may learn anything at all. */
  learns(level: number): boolean
  /** What became of boxes at a cell: those around it, the most nearly positive first; or else the nearest alone; none without boxes. */
  explain(cell: number): readonly CellOutcome[]
  /** The cells of a location where it has several, to be drawn. */
  marks?(location: number): readonly CellMark[]
  /** The cells among which those of box `gt` were chosen, where the rule compares them. */
  strip?(gt: number): CandidateStrip
  /** Why no cell learns box `gt`, which may have no area, be eligible for none, or lose to background: the detector's word for it. */
  obstacle(gt: number): Obstacle | null
}

/** What became of one box at one cell. */
export interface CellOutcome {
  readonly gt: number
  readonly positive: boolean
  /** One sentence without a full stop. `nameOf` gives what a box is called. */
  describe(nameOf?: (gt: number) => string): string
}

/** A cell that is a box itself: an anchor. */
export interface CellMark {
  readonly title: string
  /** Pixels of the network's input. */
  readonly box: BoxXyxy
  /** With the box that it fits best. */
  readonly iou: number
  /** low-quality: positive only because a box has no better. ignored: left out of the loss. */
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
    /** Why. One sentence without a full stop. */
    describe(nameOf?: (gt: number) => string): string
  }[]
}

export interface Obstacle {
  readonly cause: string
  /** The cause in a few words, to be counted: "no location inside". */
  readonly title: string
  /** One sentence without a full stop, about the box of that name. */
  describe(box: string): string
}
