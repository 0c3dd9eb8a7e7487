/** Everything that one picture shows. */
import type { Camera } from './camera.ts'
import type { Finish } from './materials.ts'
import type { Room } from './room.ts'
import type { Placed, ShapeName } from './shapes.ts'
import type { Tabletop } from './tabletops.ts'
import type { Vec3 } from './vec.ts'

/** The three classes; a category id is the place in this list plus one. */
export const CATEGORIES = ['die', 'marble', 'pawn'] as const
export type CategoryName = (typeof CATEGORIES)[number]

export interface Piece extends Placed {
  readonly shape: ShapeName
  readonly finish: Finish
}

/** How the film or sensor answers. */
export interface Film {
  /** Stops above or below the automatic exposure. */
  readonly exposure: number
  /** Gains of red and blue against green. */
  readonly whiteBalance: readonly [red: number, blue: number]
  /** Standard deviation of the grain at mid grey, in 8-bit steps. */
  readonly grain: number
  /** Light lost in the corners, 0 to 1. */
  readonly vignette: number
}

export interface World {
  readonly camera: Camera
  readonly pieces: readonly Piece[]
  readonly table: Tabletop
  /** The table ends where `away · point` passes this distance (centimetres). */
  readonly edge: { readonly away: Vec3; readonly distance: number }
  readonly room: Room
  readonly film: Film
  readonly seed: number
}

/** A draught is clutter: in the picture, but no class of the data set. */
export const categoryOf = (piece: Piece): CategoryName | undefined =>
  piece.shape === 'draught' ? undefined : piece.shape
