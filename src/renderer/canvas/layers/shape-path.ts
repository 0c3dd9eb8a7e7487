import type { Ring } from '../../../core/geometry/polygon.ts'
import type { Placement, Tracer } from '../shapes/shape-kind.ts'

/** Paths in image pixels by their rings, which are never changed: the browser carries them to the screen in one go. */
const known = new WeakMap<readonly Ring[], Path2D>()

function pathOf(rings: readonly Ring[]): Path2D {
  let path = known.get(rings)
  if (path) return path
  path = new Path2D()
  for (const ring of rings) {
    path.moveTo(ring[0]!, ring[1]!)
    for (let i = 2; i + 1 < ring.length; i += 2) path.lineTo(ring[i]!, ring[i + 1]!)
    path.closePath()
  }
  known.set(rings, path)
  return path
}

/** Collects shapes to be drawn in one go. */
export class ShapePath implements Tracer {
  readonly path = new Path2D()

  rect(x: number, y: number, width: number, height: number): void {
    this.path.rect(x, y, width, height)
  }

  rings(rings: readonly Ring[], { scaleX, scaleY, x, y }: Placement): void {
    this.path.addPath(pathOf(rings), { a: scaleX, d: scaleY, e: x, f: y })
  }
}
