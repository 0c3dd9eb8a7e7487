/** Fewer vertices: outlines within a told distance of the ones they stand for, and polygons out of masks. */
import { maskRings } from './mask.ts'
import { bridgeHoles, type Ring } from './polygon.ts'
import { type Rle, rleArea, rleIntersection, rleOfPolygons } from './rle.ts'

/**
 * A ring whose vertices are some of the given ones, such that no vertex left out is farther from the new outline than `tolerance` px
 * (Ramer 1972, Douglas and Peucker 1973). The outermost vertices stay, so that the box around the ring does too. A tolerance of 0 leaves
 * out what lies on straight edges. A ring keeps three vertices at least.
 */
export function simplifyRing(ring: Ring, tolerance: number): Ring {
  const count = ring.length >> 1
  if (count <= 3) return ring
  const kept = new Uint8Array(count)
  const anchors = outermost(ring)
  for (const at of anchors) kept[at] = 1
  const open: [number, number][] = anchors.map((at, i) => [at, i + 1 < anchors.length ? anchors[i + 1]! : at])
  // The last stretch passes the end of the list; with one anchor it is the whole ring.
  open[open.length - 1] = [anchors.at(-1)!, anchors[0]! + count]
  while (open.length > 0) {
    const [from, to] = open.pop()!
    let [farthest, at] = [tolerance, -1]
    for (let i = from + 1; i < to; i++) {
      const away = distanceTo(ring, i % count, from % count, to % count)
      if (away > farthest) [farthest, at] = [away, i]
    }
    if (at < 0) continue
    kept[at % count] = 1
    open.push([from, at], [at, to])
  }
  const simple = ring.filter((_, i) => kept[i >> 1])
  return simple.length >= 6 ? simple : ring
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

/** From vertex `i` to the line from vertex `from` to vertex `to`, ends included. */
function distanceTo(ring: Ring, i: number, from: number, to: number): number {
  const [ax, ay] = [ring[2 * from]!, ring[2 * from + 1]!]
  const [dx, dy] = [ring[2 * to]! - ax, ring[2 * to + 1]! - ay]
  const [px, py] = [ring[2 * i]! - ax, ring[2 * i + 1]! - ay]
  const length = dx * dx + dy * dy
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length))
  return Math.hypot(px - share * dx, py - share * dy)
}

export interface MaskOutline {
  /** One for each part; a hole is joined to the outline around it by a bridge (see `bridgeHoles`). */
  readonly rings: readonly Ring[]
  /** IoU in pixels of the mask with what the rings hold. */
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
  bridgeHoles(edges.map((ring) => simplifyRing(throughMiddles(ring), tolerance)))

/** IoU in pixels of polygons with a mask. */
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
