/**
 * How much of an outline PolarMask can say at all: the IoU of an object with the polygon that its own rays describe. No training
 * makes a detection better than that.
 */

import { polygonBounds, polygonHolds, type Ring, signedArea } from '../../geometry/polygon.ts'
import type { Pyramid } from '../../pyramid/levels.ts'
import { locationAt } from '../../pyramid/locations.ts'
import type { ObjectDetails } from '../assigner.ts'
import { lengthOf, overlap } from '../shared/outline-iou.ts'
import { polarObjects } from './objects.ts'
import { MISSING_RAY, outlineCrossings, rayDirection, rayPolygon } from './rays.ts'
import {
  isTooSmall,
  largestPart,
  locationsOfObject,
  outline,
  type PolarObject,
  type PolarRays,
  raysOfObject,
} from './targets.ts'

/** What rays cannot say of an object, or what is not learnt at all. */
export const OUTLINE_LOSSES = [
  'centroid outside',
  'hole lost',
  'part lost',
  'not star-shaped',
  'tiny',
] as const
export type OutlineLoss = (typeof OUTLINE_LOSSES)[number]

export interface Representability {
  /** IoU of the object with the polygon of the rays from the centroid of its largest part; 0 of an object without area. */
  readonly fromCentroid: number
  /** The highest IoU from a location that would learn the object; null where there is none. */
  readonly best: number | null
  readonly losses: readonly OutlineLoss[]
}

/** Holes and further parts of less than this share of the object are no loss that anybody sees. */
const LEAST_SHARE = 0.01
/** A ray that leaves the outline and comes back within this many pixels of the input follows a rough edge. */
const ROUGH_EDGE = 1

/**
 * @param object its polygons fill by the nonzero rule: parts run one way, holes the other. Pixels of the network's input.
 */
export function representability(grid: Pyramid, object: PolarObject, rules: PolarRays): Representability {
  const { polygons } = object
  const contour = outline(object.mask)
  const rings = polygons ?? (contour ? [[...contour.points]] : [])
  const area = rings.reduce((sum, ring) => sum + signedArea(ring), 0)
  if (rings.length === 0 || area === 0) return { fromCentroid: 0, best: null, losses: ['tiny'] }
  const shape = new Scanned(rings)
  const iouFrom = (x: number, y: number) => shape.iou(rayPolygon(raysOfObject(object, x, y, rules), x, y))
  const part = largestPart(rings)
  const [x, y] = rules.rays === 'exact' ? centroidOf(part) : contour!.centroid
  const ious = locationsOfObject(grid, object).map((location) => {
    const at = locationAt(grid, location)
    return iouFrom(at.x, at.y)
  })
  const turn = Math.sign(signedArea(part))
  const areaOf = (chosen: (ring: Ring) => boolean) =>
    rings.filter(chosen).reduce((sum, ring) => sum + Math.abs(signedArea(ring)), 0)
  const isHole = (ring: Ring) => Math.sign(signedArea(ring)) !== turn
  const least = LEAST_SHARE * Math.abs(area)
  const isMissing =
    rules.rays === 'code' && raysOfObject(object, x, y, rules).some((ray) => ray <= MISSING_RAY)
  const losses: Record<OutlineLoss, boolean> = {
    'centroid outside': !polygonHolds(rings, x, y),
    'hole lost': areaOf(isHole) >= least,
    'part lost': areaOf((ring) => ring !== part && !isHole(ring)) >= least,
    'not star-shaped': leavesAgain(part, x, y, rules.count),
    tiny: isTooSmall(object) || isMissing,
  }
  return {
    fromCentroid: iouFrom(x, y),
    best: ious.length > 0 ? Math.max(...ious) : null,
    losses: OUTLINE_LOSSES.filter((loss) => losses[loss]),
  }
}

/** Of object `gt` of an image; null where only its box is known. */
export function representabilityAt(
  grid: Pyramid,
  boxes: Float32Array,
  details: ObjectDetails,
  gt: number,
  rules: PolarRays,
): Representability | null {
  const own = details.outlines?.[gt]
  if (!own) return null
  const [object] = polarObjects(grid.input, boxes.subarray(gt * 4, gt * 4 + 4), { outlines: [own] })
  return representability(grid, object!, rules)
}

function centroidOf(ring: Ring): [x: number, y: number] {
  // Relative to the first vertex, so that small areas far from the origin keep their digits.
  const [x0 = 0, y0 = 0] = ring
  let [twice, x, y] = [0, 0, 0]
  for (let i = 0; i < ring.length; i += 2) {
    const j = (i + 2) % ring.length
    const [ax, ay, bx, by] = [ring[i]! - x0, ring[i + 1]! - y0, ring[j]! - x0, ring[j + 1]! - y0]
    const cross = ax * by - bx * ay
    twice += cross
    x += cross * (ax + bx)
    y += cross * (ay + by)
  }
  return [x0 + x / (3 * twice), y0 + y / (3 * twice)]
}

/** Whether a ray is outside the ring for a while before it meets it for the last time. */
function leavesAgain(ring: Ring, x: number, y: number, count: number): boolean {
  for (let ray = 0; ray < count; ray++) {
    const crossings = outlineCrossings(ring, x, y, rayDirection(ray, count))
    // Inward from the farthest crossing, stretches inside and outside take turns.
    for (let last = crossings.length - 2; last >= 0; last -= 2) {
      if (crossings[last]! - (crossings[last - 1] ?? 0) > ROUGH_EDGE) return true
    }
  }
  return false
}

/** Lines across a shape: areas are then within a thousandth or so of the exact ones. */
const LINES = 128

/** A shape along horizontal lines, which others are held against. */
class Scanned {
  readonly #top: number
  readonly #step: number
  readonly #spans: readonly (readonly number[])[]

  constructor(rings: readonly Ring[]) {
    const [, top, , bottom] = polygonBounds(rings)
    this.#top = top
    this.#step = (bottom - top) / LINES
    this.#spans = this.#scan(rings)
  }

  /** With a polygon. */
  iou(polygon: Ring): number {
    const spans = this.#scan([polygon])
    // What lies above and below the lines belongs to the polygon alone.
    const [, y1, , y2] = polygonBounds([polygon])
    const isWithin = y1 >= this.#top - 1e-6 && y2 <= this.#top + LINES * this.#step + 1e-6
    let [shared, own, other] = [0, 0, 0]
    for (const [line, ofShape] of this.#spans.entries()) {
      own += lengthOf(ofShape)
      other += lengthOf(spans[line]!)
      shared += overlap(ofShape, spans[line]!)
    }
    const whole = isWithin ? other : Math.abs(signedArea(polygon)) / this.#step
    const united = own + whole - shared
    return united > 0 ? shared / united : 0
  }

  /** Where the area within rings begins and ends on each line, by the nonzero rule. */
  #scan(rings: readonly Ring[]): number[][] {
    const crossings: number[][] = Array.from({ length: LINES }, () => [])
    const turns: number[][] = Array.from({ length: LINES }, () => [])
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 2; i + 1 < ring.length; j = i, i += 2) {
        const [ax, ay, bx, by] = [ring[j]!, ring[j + 1]!, ring[i]!, ring[i + 1]!]
        const lineAt = (y: number) => Math.ceil((y - this.#top) / this.#step - 0.5)
        const first = Math.max(0, lineAt(Math.min(ay, by)))
        const end = Math.min(LINES, lineAt(Math.max(ay, by)))
        for (let line = first; line < end; line++) {
          const y = this.#top + (line + 0.5) * this.#step
          insert(crossings[line]!, turns[line]!, ax + ((bx - ax) * (y - ay)) / (by - ay), ay < by ? 1 : -1)
        }
      }
    }
    return crossings.map((ofLine, line) => {
      let winding = 0
      return ofLine.filter((_, i) => {
        const before = winding
        winding += turns[line]![i]!
        return before === 0 || winding === 0
      })
    })
  }
}

/** Keeps the crossings of a line ascending; there are few of them. */
function insert(xs: number[], turns: number[], x: number, turn: number): void {
  let at = xs.length
  xs.push(x)
  turns.push(turn)
  for (; at > 0 && xs[at - 1]! > x; at--) {
    xs[at] = xs[at - 1]!
    turns[at] = turns[at - 1]!
  }
  xs[at] = x
  turns[at] = turn
}
