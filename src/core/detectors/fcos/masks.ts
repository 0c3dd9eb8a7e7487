/**
 * Which box each location learns where objects have masks. Two ideas, each on its own or together: the centre that center
 * sampling measures from is the mask's instead of the box's (AdelaiDet); only pixels inside the mask are positive (FCOS
 * section 5, "if masks are available").
 *
 * L locations, G boxes [G·4] x1, y1, x2, y2 in pixels of the network's input, and a mask of that size each.
 */
import { pixelsOfRle, type Rle } from '../../geometry/rle.ts'
import type { Level, Pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND } from '../assigner.ts'
import type { AssignmentRules, MaskRules } from './config.ts'
import { emptyWindow, findEligible, forEachRun, limitsOf } from './eligible.ts'

export interface MaskedObject {
  readonly mask: Rle
  /** What center sampling measures from; the mean of the mask's pixels for `maskCentre`. */
  readonly centre: readonly [x: number, y: number]
}

export interface MaskAssignment {
  /** [L] index into `boxes`, or BACKGROUND. */
  readonly matched: Int32Array
  /** [L] 1 where a box alone would make the location positive, and its mask does not. */
  readonly removed: Uint8Array
  /** [L] 1 where the location is positive by the fallback. */
  readonly fallback: Uint8Array
}

/** Mean index of the mask's pixels; of an empty mask the origin. */
export function maskCentre({ height, counts }: Rle): [x: number, y: number] {
  let [sumX, sumY, pixels, at] = [0, 0, 0, 0]
  for (let run = 0; run < counts.length; run++) {
    const end = at + counts[run]
    if (run % 2 === 1) {
      for (let i = at; i < end; i++) {
        sumX += Math.floor(i / height)
        sumY += i % height
      }
      pixels += counts[run]
    }
    at = end
  }
  return pixels === 0 ? [0, 0] : [Math.fround(sumX / pixels), Math.fround(sumY / pixels)]
}

/** Of several boxes that want a location the one of smallest area w·h learns it, of equals the first. */
export function assignWithMasks(
  layout: Pyramid,
  rules: AssignmentRules,
  masks: MaskRules,
  boxes: Float32Array,
  objects: readonly MaskedObject[],
): MaskAssignment {
  const out = {
    matched: new Int32Array(layout.locations).fill(BACKGROUND),
    removed: new Uint8Array(layout.locations),
    fallback: new Uint8Array(layout.locations),
  }
  for (const gt of largestFirst(boxes)) {
    const base = baseLocations(layout, rules, masks, boxes, gt, objects[gt])
    if (!masks.pixels) {
      for (const { location } of base) out.matched[location] = gt
      continue
    }
    const pixels = pixelsOfRle(objects[gt].mask)
    const { width, height } = objects[gt].mask
    // A box, and so a location in it, may reach beyond the mask's image.
    const isInside = ({ x, y }: Point) =>
      x >= 0 && y >= 0 && x < width && y < height && pixels[Math.floor(y) * width + Math.floor(x)] === 1
    const inside = base.filter(isInside)
    const chosen = inside.length > 0 ? inside : fallbackOf(masks.fallback, base, objects[gt].mask, pixels)
    const kept = new Set(chosen.map(({ location }) => location))
    for (const { location } of base) if (!kept.has(location)) out.removed[location] = 1
    for (const { location } of chosen) {
      out.matched[location] = gt
      out.fallback[location] = inside.length === 0 ? 1 : 0
    }
  }
  for (const [location, gt] of out.matched.entries()) if (gt !== BACKGROUND) out.removed[location] = 0
  return out
}

interface Point {
  readonly location: number
  readonly x: number
  readonly y: number
}

/** Inside the box, in the range of the level, and near the centre where there is a radius. */
function baseLocations(
  { levels }: Pyramid,
  rules: AssignmentRules,
  { centre: origin }: MaskRules,
  boxes: Float32Array,
  gt: number,
  { centre }: MaskedObject,
): Point[] {
  const window = emptyWindow()
  const ofMask = origin === 'mask' && rules.radius > 0
  const points: Point[] = []
  for (const level of levels) {
    const limits = limitsOf(level, ofMask ? { ...rules, radius: 0 } : rules)
    if (!findEligible(level, limits, boxes, gt, window)) continue
    const reach = ofMask ? Math.fround(rules.radius * level.stride) : Number.POSITIVE_INFINITY
    forEachRun(level, window, (start, end) => {
      for (let location = start; location < end; location++) {
        const { x, y } = pointOf(level, location)
        const distance = Math.max(Math.abs(x - centre[0]), Math.abs(y - centre[1]))
        if (Math.fround(distance) < reach) points.push({ location, x, y })
      }
    })
  }
  return points
}

function pointOf({ first, columns, offset, spacing }: Level, location: number): { x: number; y: number } {
  const cell = location - first
  return {
    x: offset.x + (cell % columns) * spacing.x,
    y: offset.y + Math.floor(cell / columns) * spacing.y,
  }
}

function fallbackOf(
  rule: MaskRules['fallback'],
  base: readonly Point[],
  { width, height }: Rle,
  pixels: Uint8Array,
): readonly Point[] {
  if (rule === 'base') return base
  if (rule === 'none' || base.length === 0) return []
  const set = [...pixels.keys()].filter((at) => pixels[at] === 1)
  let nearest: Point | undefined
  let least = (width + height) ** 2
  for (const point of base) {
    for (const at of set) {
      const distance = ((at % width) - point.x) ** 2 + (Math.floor(at / width) - point.y) ** 2
      if (distance >= least) continue
      least = distance
      nearest = point
    }
  }
  return nearest ? [nearest] : []
}

function largestFirst(boxes: Float32Array): number[] {
  const areas = Array.from({ length: boxes.length / 4 }, (_, gt) =>
    Math.fround(
      Math.fround(boxes[gt * 4 + 2] - boxes[gt * 4]) * Math.fround(boxes[gt * 4 + 3] - boxes[gt * 4 + 1]),
    ),
  )
  return [...areas.keys()].sort((a, b) => areas[b] - areas[a] || b - a)
}
