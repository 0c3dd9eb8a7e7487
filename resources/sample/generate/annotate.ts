/**
 * Ground truth from the geometry itself. A pixel shows a piece when the ray from the lens centre through the pixel's
 * centre meets it first; a box spans the pixels that show its piece inside the image (amodal extents are not guessed).
 */
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import { boundsOfBall, rayThrough } from './camera.ts'
import { intersect } from './shapes.ts'
import { type CategoryName, categoryOf, type Piece, type World } from './world.ts'

export interface Sighting {
  readonly piece: Piece
  /** Undefined for clutter. */
  readonly category: CategoryName | undefined
  /** Image pixels; undefined when no pixel shows the piece. */
  readonly box: BoxXyxy | undefined
  /** Pixels that show the piece, over those its whole outline would cover with nothing before it, in and out of the image. */
  readonly visible: number
}

/** Which piece each pixel shows, [height · width] row-major, −1 for none; and the whole outline of each, in pixels. */
export function maskOf({ camera, pieces }: Pick<World, 'camera' | 'pieces'>): {
  mask: Int16Array
  outlines: number[]
} {
  const { width, height } = camera
  const mask = new Int16Array(width * height).fill(-1)
  const distances = new Float64Array(width * height).fill(Infinity)
  const outlines = pieces.map((piece, index) => {
    const bounds = boundsOfBall(camera, piece.centre, piece.radius)
    if (!bounds) return Infinity
    let outline = 0
    for (let y = Math.floor(bounds[1]); y < bounds[3]; y++) {
      for (let x = Math.floor(bounds[0]); x < bounds[2]; x++) {
        const t = intersect(piece, camera.eye, rayThrough(camera, x + 0.5, y + 0.5))
        if (t === Infinity) continue
        outline++
        if (x < 0 || y < 0 || x >= width || y >= height) continue
        const pixel = y * width + x
        if (t >= distances[pixel]) continue
        distances[pixel] = t
        mask[pixel] = index
      }
    }
    return outline
  })
  return { mask, outlines }
}

/** One entry per piece of the world, in its order. */
export function annotate(world: Pick<World, 'camera' | 'pieces'>): Sighting[] {
  const { mask, outlines } = maskOf(world)
  const extents = world.pieces.map(() => ({ x1: Infinity, y1: Infinity, x2: 0, y2: 0, count: 0 }))
  mask.forEach((index, pixel) => {
    if (index < 0) return
    const extent = extents[index]
    const x = pixel % world.camera.width
    const y = (pixel - x) / world.camera.width
    extent.x1 = Math.min(extent.x1, x)
    extent.y1 = Math.min(extent.y1, y)
    extent.x2 = Math.max(extent.x2, x + 1)
    extent.y2 = Math.max(extent.y2, y + 1)
    extent.count++
  })
  return world.pieces.map((piece, index) => {
    const { x1, y1, x2, y2, count } = extents[index]
    return {
      piece,
      category: categoryOf(piece),
      box: count > 0 ? ([x1, y1, x2, y2] as const) : undefined,
      visible: count / outlines[index],
    }
  })
}
