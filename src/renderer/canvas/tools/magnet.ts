/** Draws vertices to what is there already, so that neighbours share their borders. */

import { rectangleRing } from '../../../core/geometry/polygon.ts'
import { nearestEdge, vertexAt } from '../geometry/handles.ts'
import type { ImagePoint } from '../geometry/space.ts'
import { toScreen } from '../geometry/view.ts'
import { kindOf } from '../shapes/kind-of.ts'
import type { Surface } from './tool.ts'

/** In CSS pixels. */
const REACH = 8

/** The nearest vertex, or else the nearest point of an edge, of another shape; the point itself where none is near. */
export function attracted(surface: Surface, point: ImagePoint, own: number | null): ImagePoint {
  if (!surface.magnet) return point
  const reach = REACH / surface.view.scale
  const around = [point.x - reach, point.y - reach, point.x + reach, point.y + reach] as const
  const rings = surface.index
    .within(around)
    .filter(({ id }) => id !== own)
    .flatMap((shape) =>
      shape.segmentation === null ? [rectangleRing(shape.box)] : kindOf(shape).vertices(shape),
    )
  const vertex = vertexAt(rings, surface.view, toScreen(surface.view, point))
  if (vertex) {
    const ring = rings[vertex.ring]!
    return { x: ring[2 * vertex.index]!, y: ring[2 * vertex.index + 1]! }
  }
  return nearestEdge(rings, point, reach)?.at ?? point
}
