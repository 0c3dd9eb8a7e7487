/**
 * Polygons in image pixels, as COCO writes them: a ring is a flat list x1, y1, x2, y2, … whose last vertex joins the
 * first. Continuous coordinates as for boxes; y points down, so a ring of positive area runs clockwise on the screen.
 */
import type { BoxXyxy } from './box.ts'

export type Ring = readonly number[]

/** The smallest box around rings; Infinity and −Infinity if there is no vertex. */
export function polygonBounds(rings: readonly Ring[]): BoxXyxy {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const ring of rings) {
    for (let i = 0; i + 1 < ring.length; i += 2) {
      x1 = Math.min(x1, ring[i]!)
      x2 = Math.max(x2, ring[i]!)
      y1 = Math.min(y1, ring[i + 1]!)
      y2 = Math.max(y2, ring[i + 1]!)
    }
  }
  return [x1, y1, x2, y2]
}

/** Area in px² by the shoelace formula: positive for a clockwise ring, negative for a counterclockwise one. */
export function signedArea(ring: Ring): number {
  // Relative to the first vertex, since products of large coordinates would lose the digits of small areas.
  const [x0 = 0, y0 = 0] = ring
  let twice = 0
  for (let i = 2; i + 3 < ring.length; i += 2) {
    twice += (ring[i]! - x0) * (ring[i + 3]! - y0) - (ring[i + 2]! - x0) * (ring[i + 1]! - y0)
  }
  return twice / 2
}

/** The area of an object of several parts in px². Parts that overlap count twice, as in other tools. */
export const polygonArea = (rings: readonly Ring[]): number =>
  rings.reduce((sum, ring) => sum + Math.abs(signedArea(ring)), 0)

/** The same ring, running clockwise on the screen. */
export function clockwise(ring: Ring): Ring {
  if (signedArea(ring) >= 0) return ring
  const turned: number[] = []
  for (let i = ring.length - 2; i >= 0; i -= 2) turned.push(ring[i]!, ring[i + 1]!)
  return turned
}

/**
 * Whether rings hold a point, by the nonzero rule: clockwise rings are united, counterclockwise ones inside them are
 * holes. A canvas that fills a path by its default rule shows the same.
 */
export function polygonHolds(rings: readonly Ring[], x: number, y: number): boolean {
  let winding = 0
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 2; i + 1 < ring.length; j = i, i += 2) {
      const ay = ring[j + 1]!
      const by = ring[i + 1]!
      if (ay <= y === by <= y) continue
      const ax = ring[j]!
      const crossing = ax + ((ring[i]! - ax) * (y - ay)) / (by - ay)
      if (crossing > x) winding += ay <= y ? 1 : -1
    }
  }
  return winding !== 0
}

/** The distance from a point to the nearest edge; Infinity without one. */
export function distanceToEdge(rings: readonly Ring[], x: number, y: number): number {
  let least = Infinity
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 2; i + 1 < ring.length; j = i, i += 2) {
      const ax = ring[j]!
      const ay = ring[j + 1]!
      const dx = ring[i]! - ax
      const dy = ring[i + 1]! - ay
      const length = dx * dx + dy * dy
      const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length))
      const awayX = x - ax - share * dx
      const awayY = y - ay - share * dy
      least = Math.min(least, awayX * awayX + awayY * awayY)
    }
  }
  return Math.sqrt(least)
}

/**
 * The part of a ring inside a rectangle (Sutherland and Hodgman 1974); empty where nothing of it is. A ring that leaves the
 * rectangle and comes back runs along its sides in between, which fills nothing.
 */
export function clipRing(ring: Ring, [x1, y1, x2, y2]: BoxXyxy): Ring {
  let points = ring
  for (const [axis, bound, sign] of [
    [0, x1, 1],
    [0, x2, -1],
    [1, y1, 1],
    [1, y2, -1],
  ] as const) {
    const clipped: number[] = []
    for (let i = 0, j = points.length - 2; i + 1 < points.length; j = i, i += 2) {
      const before = sign * (points[j + axis]! - bound)
      const after = sign * (points[i + axis]! - bound)
      if (before < 0 !== after < 0) {
        const share = before / (before - after)
        const other = points[j + 1 - axis]! + share * (points[i + 1 - axis]! - points[j + 1 - axis]!)
        if (axis === 0) clipped.push(bound, other)
        else clipped.push(other, bound)
      }
      if (after >= 0) clipped.push(points[i]!, points[i + 1]!)
    }
    points = clipped
  }
  return points.length < 6 ? [] : points
}

export const rectangleRing = ([x1, y1, x2, y2]: BoxXyxy): Ring => [x1, y1, x2, y1, x2, y2, x1, y2]

/** The ellipse that touches all sides of a box, with a vertex on each; `vertices` is a multiple of four. */
export function ellipseRing([x1, y1, x2, y2]: BoxXyxy, vertices: number): Ring {
  const place = (share: number, low: number, high: number) =>
    share === 1 ? high : share === -1 ? low : (low + high) / 2 + (share * (high - low)) / 2
  return Array.from({ length: vertices }, (_, i) => {
    // The number of vertices is a multiple of four, so that those on the sides of the box are exact.
    const quarter = (4 * i) / vertices
    const [cos, sin] = Number.isInteger(quarter)
      ? ([
          [1, 0],
          [0, 1],
          [-1, 0],
          [0, -1],
        ][quarter] as [number, number])
      : [Math.cos((Math.PI / 2) * quarter), Math.sin((Math.PI / 2) * quarter)]
    return [place(cos, x1, x2), place(sin, y1, y2)]
  }).flat()
}

export const translateRing = (ring: Ring, dx: number, dy: number): Ring =>
  ring.map((value, i) => value + (i % 2 === 0 ? dx : dy))

/** Takes what lies in one box to the same place of another: the edges of the one become those of the other to the bit. */
export function fitRing(ring: Ring, from: BoxXyxy, to: BoxXyxy): Ring {
  const placed = (value: number, axis: 0 | 1): number => {
    const [low, high] = [from[axis], from[axis + 2]!]
    if (value === high) return to[axis + 2]!
    return to[axis] + ((value - low) / (high - low)) * (to[axis + 2]! - to[axis])
  }
  return ring.map((value, i) => placed(value, i % 2 === 0 ? 0 : 1))
}
