/**
 * What the canvas shows and what it asks for: its whole knowledge of the studio.
 *
 * A Scene is a value: it is never changed, only replaced, so identity tells what is new. Keep it in `$state.raw`.
 * Editing goes the other way, through the EditPort, one call per gesture.
 */
import type { BoxXyxy } from '../../core/geometry/box.ts'
import type { Segmentation } from '../../core/geometry/segmentation.ts'
import type { Shape } from '../../core/geometry/shape.ts'

/** A box, or an outline with the box around it. Image pixels, sub-pixel precision kept; x1 < x2 and y1 < y2. */
export interface CanvasShape extends Shape {
  readonly id: number
  readonly classId: number
  /** Of the class, #rrggbb. */
  readonly colour: string
  /** What the tag says, usually the class's name. */
  readonly label: string
  /** Neither drawn nor hit. */
  readonly hidden: boolean
  /** Drawn and selectable, never moved or resized. */
  readonly locked: boolean
  /** A proposal or guess, not a label: drawn dashed. */
  readonly proposed: boolean
  /** The detector's confidence in [0, 1]. */
  readonly score: number | null
  readonly crowd: boolean
  readonly difficult: boolean
}

export interface SceneImage {
  readonly id: number
  /** Pixels as displayed, EXIF orientation applied. */
  readonly width: number
  readonly height: number
}

export interface Scene {
  /** null: no image is open. */
  readonly image: SceneImage | null
  /** In drawing order. Replace the array only if a shape or a flag has changed, since the spatial index is then rebuilt. */
  readonly shapes: readonly CanvasShape[]
  readonly selection: ReadonlySet<number>
  /** The class a new shape gets: its colour, #rrggbb, while it is drawn. */
  readonly penColour: string
}

export const EMPTY_SCENE: Scene = { image: null, shapes: [], selection: new Set(), penColour: '#ffffff' }

/** replace: select exactly these. toggle: each changes its state. */
export type SelectMode = 'replace' | 'add' | 'remove' | 'toggle'

/** A shape at this moment of a gesture. */
export interface DraftShape {
  /** null for one being drawn */
  readonly id: number | null
  readonly box: BoxXyxy
  /** The outline where the gesture changes it; left out, the outline goes with its box. */
  readonly segmentation?: Segmentation
}

/**
 * The session's side. Each call of add and change is a finished gesture, and one undo step.
 * They take effect at once: the scene that shows the result is set before the call returns, so that nothing flickers
 * between the draft's end and the store's answer. Boxes lie inside the image, or as far outside as they did before.
 */
export interface EditPort {
  /** A shape was drawn. The canvas stays with its tool; whether drawing is sticky is decided here. */
  add(shape: Shape): void
  change(shapes: ReadonlyMap<number, Shape>): void
  /** Moved by a key. Presses in a row are one gesture, whose end is decided here. */
  nudge(shapes: ReadonlyMap<number, Shape>): void
  select(ids: readonly number[], mode: SelectMode): void
  /** The shapes under the pointer's hand, at most once per frame; null when the gesture ended or was abandoned. */
  draft(shapes: readonly DraftShape[] | null): void
}
