/**
 * What the canvas asks of a shape: where it is, whether the pointer is on it, what can be dragged, and how it is drawn. Tools,
 * selection and layers know shapes through this alone. A new kind of shape is a file beside this one and a row in `kindOf` (kind-of.ts).
 */
import type { BoxXyxy, Size } from '../../../core/geometry/box.ts'
import type { Ring } from '../../../core/geometry/polygon.ts'
import type { Shape } from '../../../core/geometry/shape.ts'
import type { DraftShape } from '../editing.ts'
import type { Handle, PlacedHandle, ResizeRule } from '../geometry/handles.ts'
import type { ImagePoint, ScreenPoint } from '../geometry/space.ts'
import type { View } from '../geometry/view.ts'
import type { Sight } from '../layers/placement.ts'

/** Where image pixels go on the canvas, in CSS pixels: scaled first, then moved. */
export interface Placement {
  readonly scaleX: number
  readonly scaleY: number
  readonly x: number
  readonly y: number
}

/** A path that shapes add themselves to, in CSS pixels of the canvas. */
export interface Tracer {
  rect(x: number, y: number, width: number, height: number): void
  /** Rings of image pixels, filled by the nonzero rule. */
  rings(rings: readonly Ring[], placement: Placement): void
}

/** A box, and the outline where that is no longer what went with the box. */
export type Reshaped = Pick<DraftShape, 'box' | 'segmentation'>

export interface ShapeKind {
  /** The smallest box around all of it, in image pixels. */
  bounds(shape: Shape): BoxXyxy
  /** Whether a point is on the shape, or no farther from it than `reach` image pixels. */
  hit(shape: Shape, at: ImagePoint, reach: number): boolean
  /** In px²; of shapes under the pointer the smallest is taken first. */
  area(shape: Shape): number
  /** Those that change its box. */
  handles(shape: Shape, view: View): PlacedHandle[]
  /** Rings whose vertices can be dragged; none of a box or a mask. */
  vertices(shape: Shape): readonly Ring[]
  handleAt(shape: Shape, view: View, at: ScreenPoint): Handle | null
  /** Where a handle is taken hold of; the pointer nearby keeps its distance to it. */
  placeOf(shape: Shape, handle: Handle, near: ImagePoint): ImagePoint
  /** The shape after a handle was dragged to a point; null where the image's edge stops it. */
  drag(shape: Shape, handle: Handle, to: ImagePoint, rule: ResizeRule, image: Size): Reshaped | null
  /** Moves by whole pixels only: it is made of them. */
  isPixelwise(shape: Shape): boolean
  /** Adds the shape to a path, moved and scaled so that its box is `box`. */
  trace(path: Tracer, shape: Shape, box: BoxXyxy, sight: Sight, lineWidth: number): void
}
