/**
 * Ground truth from the geometry itself. A pixel shows a piece when the ray from the lens centre through the pixel's
 * centre meets it first; a box spans the pixels that show its piece inside the image (amodal extents are not guessed).
 */
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import { maskRings } from '../../../src/core/geometry/mask.ts'
import { polygonBounds, type Ring, signedArea } from '../../../src/core/geometry/polygon.ts'
import { type Rle, rleBounds, rleOfPixels } from '../../../src/core/geometry/rle.ts'
import { iouOfRings, outlineOfRings } from '../../../src/core/geometry/simplify.ts'
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

interface Traced {
  /** Which piece each pixel shows, [height · width] row-major, −1 for none. */
  readonly mask: Int16Array
  /** The whole outline of each piece, in pixels. */
  readonly outlines: readonly number[]
}

export function maskOf({ camera, pieces }: Pick<World, 'camera' | 'pieces'>): Traced {
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
export function annotate(
  world: Pick<World, 'camera' | 'pieces'>,
  { mask, outlines }: Traced = maskOf(world),
): Sighting[] {
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

/** How far the vertices that an outline leaves out may lie from it, px: the first of these that keeps LEAST_IOU. */
const TOLERANCES = [0.75, 0.5, 0.25, 0]
/** Of an outline with the pixels that show its piece. */
export const LEAST_IOU = 0.98
/**
 * Specks and holes of fewer pixels are left out: most are errors of the search along the ray, where it meets a surface at a flat
 * angle. A speck that the box reaches out to is kept.
 */
const SPECK = 8

/** Polygons around the pixels that show each piece, one per part that is seen; none where no pixel shows it, and for clutter. */
export function outlinesOf(
  world: Pick<World, 'camera' | 'pieces'>,
  { mask }: Pick<Traced, 'mask'>,
): (readonly Ring[])[] {
  const { width, height } = world.camera
  return world.pieces.map((piece, index) => {
    if (!categoryOf(piece)) return []
    const shown = mask.map((nearest) => (nearest === index ? 1 : 0))
    return outlineOf(rleOfPixels(shown, width, height))
  })
}

function outlineOf(shown: Rle): readonly Ring[] {
  const box = rleBounds(shown)
  const inside = ([x1, y1, x2, y2]: BoxXyxy) => x1 > box[0] && y1 > box[1] && x2 < box[2] && y2 < box[3]
  const edges = (maskRings(shown) ?? []).filter(
    (ring) => Math.abs(signedArea(ring)) >= SPECK || !inside(polygonBounds([ring])),
  )
  if (edges.length === 0) return []
  for (const tolerance of TOLERANCES) {
    const rings = outlineOfRings(edges, tolerance)
    if (iouOfRings(rings, shown) >= LEAST_IOU) return rings
  }
  return outlineOfRings(edges, 0)
}
