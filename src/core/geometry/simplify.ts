/** Simplifies outlines to within a given distance, and converts masks to polygons. */

import { readCocoRle } from './coco-rle.ts'
import { maskRings } from './mask.ts'
import { grouped, partsOf, ringsOf, storedRings } from './parts.ts'
import type { Ring } from './polygon.ts'
import { type Rle, rleArea, rleIntersection, rleOfPolygons } from './rle.ts'
import { isPolygons, type Segmentation } from './segmentation.ts'

/**
 * A ring whose vertices are some of the given ones, such that no vertex left out is farther from the new outline than `tolerance` px
 * (Ramer 1972, Douglas and Peucker 1973). The outermost vertices stay, so that the box around the ring does too. A tolerance of 0 leaves
 * out what lies on straight edges. A ring keeps three vertices at least.
 */
export function simplifyRing(ring: Ring, tolerance: number): Ring {
  const count = ring.length >> 1
  if (count <= 3) return ring
  const anchors = outermost(ring)
  // The last section wraps around the end of the list; with a single anchor, it is the whole ring.
  const stretches = anchors.map((at, i): Stretch => [at, anchors[i + 1] ?? anchors[0]! + count])
  const simple = reduced(ring, stretches, tolerance)
  return simple.length >= 6 ? simple : ring
}

/** The same for an open line, whose end points stay. */
export const simplifyLine = (line: Ring, tolerance: number): Ring =>
  line.length <= 4 ? line : reduced(line, [[0, (line.length >> 1) - 1]], tolerance)

/** Simplifies from one vertex to another, both of which stay. Indices beyond the number of vertices wrap around. */
type Stretch = readonly [from: number, to: number]

function reduced(points: Ring, stretches: readonly Stretch[], tolerance: number): Ring {
  const count = points.length >> 1
  const kept = new Uint8Array(count)
  for (const [from, to] of stretches) kept[from % count] = kept[to % count] = 1
  const open = [...stretches]
  while (open.length > 0) {
    const [from, to] = open.pop()!
    let [farthest, at] = [tolerance, -1]
    for (let i = from + 1; i < to; i++) {
      const away = distanceTo(points, i % count, from % count, to % count)
      if (away > farthest) [farthest, at] = [away, i]
    }
    if (at < 0) continue
    kept[at % count] = 1
    open.push([from, at], [at, to])
  }
  return points.filter((_, i) => kept[i >> 1])
}

/** The vertices on the sides of the box around a ring, the first on each side, in order. */
function outermost(ring: Ring): number[] {
  const best = [0, 0, 0, 0]
  for (let i = 0; i < ring.length >> 1; i++) {
    const [x, y] = [ring[2 * i]!, ring[2 * i + 1]!]
    if (x < ring[2 * best[0]!]!) best[0] = i
    if (y < ring[2 * best[1]! + 1]!) best[1] = i
    if (x > ring[2 * best[2]!]!) best[2] = i
    if (y > ring[2 * best[3]! + 1]!) best[3] = i
  }
  return [...new Set(best)].sort((a, b) => a - b)
}

/** Distance from vertex `i` to the line segment from vertex `from` to vertex `to`. */
function distanceTo(ring: Ring, i: number, from: number, to: number): number {
  const [ax, ay] = [ring[2 * from]!, ring[2 * from + 1]!]
  const [dx, dy] = [ring[2 * to]! - ax, ring[2 * to + 1]! - ay]
  const [px, py] = [ring[2 * i]! - ax, ring[2 * i + 1]! - ay]
  const length = dx * dx + dy * dy
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length))
  return Math.hypot(px - share * dx, py - share * dy)
}

export interface Simplified {
  readonly rings: readonly Ring[]
  readonly vertices: number
  /** IoU, in pixels, with the original. */
  readonly iou: number
}

/**
 * An outline with fewer vertices, or a mask as polygons, within `tolerance` px of what it was; null where nothing is left to outline.
 *
 * @param size of the image
 */
export function simplifySegmentation(
  segmentation: Segmentation,
  tolerance: number,
  size: { readonly width: number; readonly height: number },
): Simplified | null {
  if (!isPolygons(segmentation)) {
    const outline = outlineOfMask(readCocoRle(segmentation, 'mask'), tolerance)
    return outline && { ...outline, vertices: verticesOf(outline.rings) }
  }
  const simple = partsOf(segmentation).map(({ outline, holes }) => ({
    outline: simplifyRing(outline, tolerance),
    holes: holes.map((hole) => simplifyRing(hole, tolerance)),
  }))
  const rings = storedRings(simple)
  const iou = iouOfRings(rings, rleOfPolygons(segmentation, size.width, size.height))
  return { rings, vertices: verticesOf(rings), iou }
}

/** Number of vertices that can be edited; the ends of bridges to holes do not count. */
export const verticesOf = (rings: readonly Ring[]): number =>
  ringsOf(partsOf(rings)).reduce((sum, ring) => sum + ring.length / 2, 0)

export interface MaskOutline {
  /** One ring per part. A hole is joined to its outline by a bridge (see parts.ts). */
  readonly rings: readonly Ring[]
  /** IoU, in pixels, of the mask with the area inside the rings. */
  readonly iou: number
}

/**
 * Polygons for a mask: through the middles of its pixels' outer edges, which leave every pixel's centre on its side, then simplified.
 * Null for a mask without pixels, or of more than 64 million.
 *
 * @param tolerance of the simplification in px
 */
export function outlineOfMask(mask: Rle, tolerance: number): MaskOutline | null {
  const edges = maskRings(mask)
  if (!edges) return null
  const rings = outlineOfRings(edges, tolerance)
  return { rings, iou: iouOfRings(rings, mask) }
}

/** The same for the edges of pixels that `maskRings` gives, or some of them. */
export const outlineOfRings = (edges: readonly Ring[], tolerance: number): Ring[] =>
  storedRings(grouped(edges.map((ring) => simplifyRing(throughMiddles(ring), tolerance))))

/** IoU, in pixels, of polygons with a mask. */
export function iouOfRings(rings: readonly Ring[], mask: Rle): number {
  const drawn = rleOfPolygons(rings, mask.width, mask.height)
  const shared = rleIntersection(drawn, mask)
  return shared / (rleArea(drawn) + rleArea(mask) - shared)
}

/** A ring along pixel edges becomes one through the middle of each of these edges, one px long. */
function throughMiddles(ring: Ring): Ring {
  const middles: number[] = []
  for (let i = 0; i < ring.length; i += 2) {
    const j = (i + 2) % ring.length
    const [dx, dy] = [ring[j]! - ring[i]!, ring[j + 1]! - ring[i + 1]!]
    const length = Math.abs(dx) + Math.abs(dy)
    for (let step = 0.5; step < length; step++) {
      middles.push(ring[i]! + (dx / length) * step, ring[i + 1]! + (dy / length) * step)
    }
  }
  return middles
}
