import { area } from '../../../core/geometry/box.ts'
import { dragBox, handleAt, isCorner, placeHandles } from '../geometry/handles.ts'
import { placeBox } from '../layers/placement.ts'
import type { ShapeKind } from './shape-kind.ts'

/** A box is hit anywhere inside it. */
export const boxKind: ShapeKind = {
  bounds: ({ box }) => box,
  hit: ({ box: [x1, y1, x2, y2] }, { x, y }, reach) =>
    x >= x1 - reach && x <= x2 + reach && y >= y1 - reach && y <= y2 + reach,
  area: ({ box }) => area(box),
  handles: ({ box }, view) => placeHandles(box, view),
  vertices: () => [],
  handleAt: ({ box }, view, at) => handleAt(placeHandles(box, view), box, view, at),
  placeOf({ box: [x1, y1, x2, y2] }, handle, near) {
    if (isCorner(handle)) return near
    return { x: handle.x < 0 ? x1 : x2, y: handle.y < 0 ? y1 : y2 }
  },
  drag({ box }, handle, to, rule, image) {
    const dragged = isCorner(handle) ? null : dragBox(box, handle, to, rule, image)
    return dragged && { box: dragged }
  },
  isPixelwise: () => false,
  trace(path, _, box, sight, lineWidth) {
    const { x, y, width, height } = placeBox(box, sight, lineWidth)
    path.rect(x, y, width, height)
  },
}
