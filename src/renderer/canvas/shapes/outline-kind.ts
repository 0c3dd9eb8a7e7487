/** Polygons and masks: hit on the outline and inside it, moved and resized by the box around them. */
import { area, type BoxXyxy } from '../../../core/geometry/box.ts'
import {
  distanceToEdge,
  polygonBounds,
  polygonHolds,
  type Ring,
  signedArea,
} from '../../../core/geometry/polygon.ts'
import { isPolygons, type Segmentation } from '../../../core/geometry/segmentation.ts'
import { type Shape, segmentationRings } from '../../../core/geometry/shape.ts'
import { boxKind } from './box-kind.ts'
import type { ShapeKind } from './shape-kind.ts'

interface Outline {
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
    outline = { rings, bounds: polygonBounds(rings), area: signed }
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

/** null where an outline has nothing to draw, such as a mask without pixels: then the box stands for it. */
function visibleOutline({ segmentation }: Shape): Outline | null {
  const outline = segmentation && outlineOf(segmentation)
  return outline && outline.rings.length > 0 ? outline : null
}

export const outlineKind: ShapeKind = {
  ...boxKind,
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
