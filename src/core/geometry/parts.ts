/**
 * Polygons with holes. COCO, YOLO and LabelMe cannot say a hole, but every program understands a ring that goes to the hole by a
 * bridge of no width, around it, and back: so holes are stored as such rings, and edited as rings of their own.
 */
import { clockwise, polygonHolds, type Ring, signedArea } from './polygon.ts'

/** A connected piece of an object. */
export interface Part {
  /** The ring as stored. It may have either direction if there are no holes. */
  readonly outline: Ring
  /** Counterclockwise, and the outline clockwise. */
  readonly holes: readonly Ring[]
}

/** The parts of stored rings. A ring without bridges is one part without holes. */
export const partsOf = (rings: readonly Ring[]): Part[] =>
  rings.flatMap((ring) => {
    if (!mayHaveBridges(ring)) return [{ outline: ring, holes: [] }]
    const opened = openBridges(clockwise(ring))
    return opened.length === 1 ? [{ outline: ring, holes: [] }] : grouped(opened)
  })

/** Converts parts to the stored form: one ring each. */
export const storedRings = (parts: readonly Part[]): Ring[] =>
  parts.map(({ outline, holes }) =>
    // From the left: a bridge goes left from a hole, and may end on a hole that is part of the ring already.
    holes.toSorted((a, b) => a[2 * leftmost(a)]! - b[2 * leftmost(b)]!).reduce(bridged, outline),
  )

/** Clockwise rings are parts, counterclockwise ones holes of the smallest part around them; holes outside all parts take nothing away. */
export function grouped(rings: readonly Ring[]): Part[] {
  const outlines = rings.filter((ring) => signedArea(ring) >= 0)
  const holesOf = new Map(outlines.map((outline) => [outline, [] as Ring[]]))
  for (const hole of rings.filter((ring) => signedArea(ring) < 0)) {
    const inside = insideOf(hole)
    // A smaller part may lie as an island in the hole.
    const around = outlines.filter(
      (outline) => signedArea(outline) > -signedArea(hole) && polygonHolds([outline], ...inside),
    )
    const smallest = around.toSorted((a, b) => signedArea(a) - signedArea(b))[0]
    if (smallest) holesOf.get(smallest)!.push(hole)
  }
  return outlines.map((outline) => ({ outline, holes: holesOf.get(outline)! }))
}

/** Rings to be filled by the nonzero rule: outlines run clockwise, holes counterclockwise. */
export const filledRings = (parts: readonly Part[]): Ring[] =>
  parts.flatMap(({ outline, holes }) => [clockwise(outline), ...holes])

function leftmost(ring: Ring): number {
  let best = 0
  for (let i = 1; i < ring.length >> 1; i++) if (ring[2 * i]! < ring[2 * best]!) best = i
  return best
}

/**
 * A point well inside a ring, since a hole may touch its outline: the middle of the corner at the leftmost vertex, or half way to
 * the vertex that lies deepest in this corner.
 */
function insideOf(ring: Ring): [x: number, y: number] {
  const count = ring.length >> 1
  const at = leftmost(ring)
  const corner = [(at + count - 1) % count, at, (at + 1) % count]
  const [ax, ay, x, y, bx, by] = corner.flatMap((i) => [ring[2 * i]!, ring[2 * i + 1]!]) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const triangle = [ax, ay, x, y, bx, by]
  let [deepest, depth] = [-1, 0]
  for (let i = 0; i < count; i++) {
    if (corner.includes(i) || !polygonHolds([triangle], ring[2 * i]!, ring[2 * i + 1]!)) continue
    const away = Math.abs((bx - ax) * (ring[2 * i + 1]! - ay) - (by - ay) * (ring[2 * i]! - ax))
    if (away > depth) [deepest, depth] = [i, away]
  }
  if (deepest < 0) return [(ax + x + bx) / 3, (ay + y + by) / 3]
  return [(x + ring[2 * deepest]!) / 2, (y + ring[2 * deepest + 1]!) / 2]
}

/** A ring with a hole joined to it: from the hole's leftmost vertex straight left to the nearest edge. */
function bridged(ring: Ring, hole: Ring): Ring {
  const start = leftmost(hole)
  const [hx, hy] = [hole[2 * start]!, hole[2 * start + 1]!]
  let [nearest, edge] = [-Infinity, -1]
  for (let i = 0; i < ring.length; i += 2) {
    const j = (i + 2) % ring.length
    const [ay, by] = [ring[i + 1]!, ring[j + 1]!]
    if (ay <= hy === by <= hy) continue
    const x = ring[i]! + ((ring[j]! - ring[i]!) * (hy - ay)) / (by - ay)
    if (x <= hx && x > nearest) [nearest, edge] = [x, i]
  }
  const around = [...hole.slice(2 * start), ...hole.slice(0, 2 * start)]
  // By rounding, a hole that touches its outline may begin left of it: its bridge then goes to the nearest vertex.
  if (edge < 0) {
    edge = nearestVertex(ring, hx, hy)
    return [...ring.slice(0, edge + 2), ...around, hx, hy, ...ring.slice(edge)]
  }
  const next = (edge + 2) % ring.length
  if (ring[next] === nearest && ring[next + 1] === hy) edge = next
  const isVertex = ring[edge] === nearest && ring[edge + 1] === hy
  const head = [...ring.slice(0, edge + 2), ...(isVertex ? [] : [nearest, hy])]
  return [...head, ...around, hx, hy, nearest, hy, ...ring.slice(edge + 2)]
}

/** Index of its x in the ring. */
function nearestVertex(ring: Ring, x: number, y: number): number {
  const distance = (at: number) => Math.hypot(ring[at]! - x, ring[at + 1]! - y)
  let best = 0
  for (let at = 2; at < ring.length; at += 2) if (distance(at) < distance(best)) best = at
  return best
}

/** Whether some vertex occurs twice, as the ends of a bridge do. */
function mayHaveBridges(ring: Ring): boolean {
  const seen = new Set<number>()
  for (let i = 0; i < ring.length; i += 2) seen.add(placeKey(ring, i >> 1))
  return seen.size < ring.length >> 1
}

/** A hash that is equal for equal vertices, and rarely for others. */
const placeKey = (ring: Ring, i: number): number => ring[2 * i]! + Math.SQRT2 * ring[2 * i + 1]!

/** An edge that a ring goes forth and back is a bridge, and what lies beyond it a ring of its own. */
function openBridges(ring: Ring): Ring[] {
  const count = ring.length >> 1
  const seen = Map.groupBy(
    Array.from({ length: count }, (_, i) => i),
    (i) => placeKey(ring, i),
  )
  const isAt = (i: number, j: number) => ring[2 * i] === ring[2 * j] && ring[2 * i + 1] === ring[2 * j + 1]
  for (let from = 0; from < count; from++) {
    const to = (from + 1) % count
    for (const back of seen.get(placeKey(ring, to))!) {
      const end = (back + 1) % count
      if (back <= to || end === from || !isAt(back, to) || !isAt(end, from)) continue
      const beyond = ring.slice(2 * to, 2 * back)
      // The two ends of the bridge on this side are one vertex.
      const rest = end === 0 ? ring.slice(2, 2 * to) : [...ring.slice(0, 2 * to), ...ring.slice(2 * end + 2)]
      return [withoutLanding(rest, end === 0 ? from - 1 : from), beyond]
        .filter((part) => part.length >= 6)
        .flatMap(openBridges)
    }
  }
  return [ring]
}

/** How far from its edge the end of a bridge may be by rounding, as a share of its coordinates. */
const ROUNDING = 1e-12

/** Without a vertex that is there for a bridge alone: on the straight line between its neighbours. */
function withoutLanding(ring: Ring, at: number): Ring {
  const count = ring.length >> 1
  const before = (at + count - 1) % count
  const after = (at + 1) % count
  const [x, y] = [ring[2 * at]!, ring[2 * at + 1]!]
  const [ax, ay] = [ring[2 * before]! - x, ring[2 * before + 1]! - y]
  const [bx, by] = [ring[2 * after]! - x, ring[2 * after + 1]! - y]
  const away = Math.abs(ax * by - ay * bx) / Math.hypot(bx - ax, by - ay)
  if (count < 4 || !(away <= ROUNDING * (Math.abs(x) + Math.abs(y) + 1)) || ax * bx + ay * by >= 0)
    return ring
  return [...ring.slice(0, 2 * at), ...ring.slice(2 * at + 2)]
}

/** A vertex, or the edge from it to the next: `ring` counts outlines and their holes in order. */
export interface Corner {
  readonly ring: number
  readonly index: number
}

/** All rings in the order in which corners count them. */
export const ringsOf = (parts: readonly Part[]): Ring[] =>
  parts.flatMap(({ outline, holes }) => [outline, ...holes])

function withRing(parts: readonly Part[], ring: number, edit: (before: Ring) => Ring | null): Part[] {
  let first = 0
  return parts.flatMap((part) => {
    const at = ring - first
    first += 1 + part.holes.length
    if (at < 0 || at > part.holes.length) return [part]
    if (at === 0) {
      const outline = edit(part.outline)
      return outline ? [{ ...part, outline }] : []
    }
    const hole = edit(part.holes[at - 1]!)
    return [{ ...part, holes: part.holes.toSpliced(at - 1, 1, ...(hole ? [hole] : [])) }]
  })
}

export const moveCorner = (parts: readonly Part[], { ring, index }: Corner, x: number, y: number): Part[] =>
  withRing(parts, ring, (before) => before.with(2 * index, x).with(2 * index + 1, y))

/** A new vertex on the edge that begins at a corner. */
export const insertCorner = (parts: readonly Part[], { ring, index }: Corner, x: number, y: number): Part[] =>
  withRing(parts, ring, (before) => before.toSpliced(2 * index + 2, 0, x, y))

/** A ring of three vertices goes with any of them, and a part with its outline. */
export const removeCorner = (parts: readonly Part[], { ring, index }: Corner): Part[] =>
  withRing(parts, ring, (before) => (before.length <= 6 ? null : before.toSpliced(2 * index, 2)))
