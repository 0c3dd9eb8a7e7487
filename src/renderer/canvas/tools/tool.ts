/** Tools are small state machines: they receive pointer samples, keep a sketch of the gesture, and submit finished gestures. */
import type { Size } from '../../../core/geometry/box.ts'
import type { DraftShape, EditPort, Scene, SelectMode } from '../editing.ts'
import type { CornerHandle } from '../geometry/handles.ts'
import type { ShapeIndex } from '../geometry/shape-index.ts'
import type { ImagePoint, ScreenPoint } from '../geometry/space.ts'
import type { View } from '../geometry/view.ts'

export interface PointerSample {
  readonly screen: ScreenPoint
  readonly image: ImagePoint
  /** Constrains a shape; at a press, adds to the selection. */
  readonly shift: boolean
  /** Shapes about the centre; at a press, takes away from the selection. */
  readonly alt: boolean
}

/** What a tool sees and may ask for. */
export interface Surface {
  readonly scene: Scene
  readonly image: Size
  readonly index: ShapeIndex
  readonly view: View
  /** Edges go to whole pixels. */
  readonly snapping: boolean
  /** Vertices go to outlines and boxes nearby. */
  readonly magnet: boolean
  readonly edits: Pick<EditPort, 'add' | 'change' | 'select'>
  pan(dx: number, dy: number): void
}

/** What the canvas draws of an unfinished gesture. */
export interface Sketch {
  readonly draft: readonly DraftShape[] | null
  /** A region that selects, as a closed path. */
  readonly region: readonly ImagePoint[] | null
  /** The box under the pointer. */
  readonly hovered: number | null
  readonly crosshair: boolean
  /** An outline that is not closed yet. */
  readonly path: PathSketch | null
  /** The vertex or edge of the selected polygon that a press would take, or that was picked. */
  readonly corner: CornerHandle | null
}

export interface PathSketch {
  readonly points: readonly ImagePoint[]
  /** Where the next vertex would be. */
  readonly next: ImagePoint | null
  /** The pointer is on the first vertex: a press closes the outline. */
  readonly closes: boolean
  /** What closing it does to the selected object; null draws a new one. */
  readonly change: 'add' | 'cut' | null
}

export const BLANK: Sketch = {
  draft: null,
  region: null,
  hovered: null,
  crosshair: false,
  path: null,
  corner: null,
}

export interface Tool {
  readonly sketch: Sketch
  /** What to do next, or why nothing was done; null where that goes without saying. */
  readonly hint?: string | null
  press(p: PointerSample): void
  /** With and without a button held; a tool knows whether it was pressed. */
  move(p: PointerSample): void
  release(p: PointerSample): void
  /** The pointer left the canvas with no button held. */
  leave(): void
  /** Cancels the gesture and returns to idle; false if there was no gesture. */
  cancel(): boolean
  /** Completes the gesture; false if there was none. */
  finish?(): boolean
  /** Takes back a step of the gesture, and does it again; false if no gesture is under way. */
  undo?(): boolean
  redo?(): boolean
  /** Removes what is picked of a shape; false if nothing is. */
  remove?(): boolean
  /** The scene was replaced during a gesture; the image is still the same. */
  sceneChanged(): void
  /** The CSS cursor where the pointer is. */
  cursor(p: PointerSample): string
}

/** A press that moves less than this is a click, in CSS pixels. */
export const CLICK_SLOP = 3
/** How far from a box's edge a press still takes it, in CSS pixels. */
export const HIT_REACH = 3

export const regionMode = ({ shift, alt }: PointerSample): SelectMode =>
  shift ? 'add' : alt ? 'remove' : 'replace'
