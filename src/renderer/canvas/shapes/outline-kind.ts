/** Polygons and masks: hit on the outline and inside it, moved and resized by the box around them; polygons by their vertices too. */
import { area, type BoxXyxy } from '../../../core/geometry/box.ts'
import {
  insertCorner,
  moveCorner,
  type Part,
  partsOf,
  ringsOf,
  storedRings,
} from '../../../core/geometry/parts.ts'
import {
  distanceToEdge,
  polygonBounds,
  polygonHolds,
  type Ring,
  signedArea,
} from '../../../core/geometry/polygon.ts'
import { isPolygons, type Segmentation } from '../../../core/geometry/segmentation.ts'
import { type Shape, segmentationRings, shapeOfRings } from '../../../core/geometry/shape.ts'
import { edgeAt, isCorner, nearestEdge, placeHandles, vertexAt } from '../geometry/handles.ts'
import type { View } from '../geometry/view.ts'
import { boxKind } from './box-kind.ts'
import type { Reshaped, ShapeKind } from './shape-kind.ts'

interface Outline {
  /** null for a mask */
  readonly parts: readonly Part[] | null
  /** Of the parts, as they are edited. */
  readonly vertices: readonly Ring[]
  /** As they are filled. */
  readonly rings: readonly Ring[]
  readonly bounds: BoxXyxy
  readonly area: number
}

/** A segmentation is never modified, only replaced, so values derived from it stay valid for its lifetime. */
const outlines = new WeakMap<Segmentation, Outline>()

function outlineOf(segmentation: Segmentation): Outline {
  let outline = outlines.get(segmentation)
  if (!outline) {
    const rings = segmentationRings(segmentation)
    const signed = rings.reduce((sum, ring) => sum + signedArea(ring), 0)
    const parts = isPolygons(segmentation) ? partsOf(segmentation) : null
    const vertices = parts ? ringsOf(parts) : []
    outline = { parts, vertices, rings, bounds: polygonBounds(rings), area: signed }
    outlines.set(segmentation, outline)
  }
  return outline
}

const around = (a: BoxXyxy, b: BoxXyxy): BoxXyxy => [
  Math.min(a[0], b[0]),
  Math.min(a[1], b[1]),
  Math.max(a[2], b[2]),
  Math.max(a[3], b[3]),
]

/** The parts of a polygon; null for a box and a mask. */
export const partsOfShape = ({ segmentation }: Pick<Shape, 'segmentation'>): readonly Part[] | null =>
  segmentation && outlineOf(segmentation).parts

/** Below this width or height on the screen, in CSS pixels, the vertices of an outline would be all there is to take hold of. */
const ROOM_FOR_VERTICES = 24

/** null where an outline has nothing to draw, such as a mask without pixels: then the box stands for it. */
function visibleOutline({ segmentation }: Shape): Outline | null {
  const outline = segmentation && outlineOf(segmentation)
  return outline && outline.rings.length > 0 ? outline : null
}

const hasRoom = ([x1, y1, x2, y2]: BoxXyxy, { scale }: View): boolean =>
  Math.min(x2 - x1, y2 - y1) * scale >= ROOM_FOR_VERTICES

function reshaped(parts: readonly Part[]): Reshaped | null {
  const shape = shapeOfRings(storedRings(parts))
  return shape && { box: shape.box, segmentation: shape.segmentation! }
}

/** Beside the box of a polygon, whose vertices may lie on it, in CSS pixels. */
const HANDLE_GAP = 9

/** The box that the handles of an outline lie on. */
function frameOf({ box, segmentation }: Shape, { scale }: View): BoxXyxy {
  const gap = isPolygons(segmentation) ? HANDLE_GAP / scale : 0
  return [box[0] - gap, box[1] - gap, box[2] + gap, box[3] + gap]
}

export const outlineKind: ShapeKind = {
  ...boxKind,
  handles: (shape, view) => placeHandles(frameOf(shape, view), view),
  vertices: ({ segmentation }) => (segmentation ? outlineOf(segmentation).vertices : []),
  handleAt(shape, view, at) {
    const vertices = hasRoom(shape.box, view) ? outlineKind.vertices(shape) : []
    return (
      vertexAt(vertices, view, at) ??
      boxKind.handleAt({ ...shape, box: frameOf(shape, view) }, view, at) ??
      edgeAt(vertices, view, at)?.handle ??
      null
    )
  },
  placeOf(shape, handle, near) {
    if (!isCorner(handle)) return boxKind.placeOf(shape, handle, near)
    const ring = outlineKind.vertices(shape)[handle.ring]!
    if (handle.on === 'edge') return nearestEdge([ring], near, Infinity)!.at
    return { x: ring[2 * handle.index]!, y: ring[2 * handle.index + 1]! }
  },
  drag(shape, handle, to, rule, image) {
    if (!isCorner(handle)) return boxKind.drag(shape, handle, to, rule, image)
    const edit = handle.on === 'vertex' ? moveCorner : insertCorner
    return reshaped(edit(partsOfShape(shape)!, handle, to.x, to.y))
  },
  bounds(shape) {
    const outline = visibleOutline(shape)
    return outline ? around(shape.box, outline.bounds) : shape.box
  },
  hit(shape, at, reach) {
    const outline = visibleOutline(shape)
    if (!outline) return boxKind.hit(shape, at, reach)
    return (
      boxKind.hit({ ...shape, box: outline.bounds }, at, reach) &&
      (polygonHolds(outline.rings, at.x, at.y) || distanceToEdge(outline.rings, at.x, at.y) <= reach)
    )
  },
  area: (shape) => visibleOutline(shape)?.area ?? area(shape.box),
  isPixelwise: ({ segmentation }) => segmentation !== null && !isPolygons(segmentation),
  trace(path, shape, box, sight, lineWidth) {
    const outline = visibleOutline(shape)
    if (!outline) {
      boxKind.trace(path, shape, box, sight, lineWidth)
      return
    }
    const { view } = sight
    const scaleX = (box[2] - box[0]) / (shape.box[2] - shape.box[0])
    const scaleY = (box[3] - box[1]) / (shape.box[3] - shape.box[1])
    path.rings(outline.rings, {
      scaleX: view.scale * scaleX,
      scaleY: view.scale * scaleY,
      x: view.x + view.scale * (box[0] - shape.box[0] * scaleX),
      y: view.y + view.scale * (box[1] - shape.box[1] * scaleY),
    })
  },
}
