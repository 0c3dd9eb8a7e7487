/**
 * Which box each location learns where objects have masks. Two ideas, each on its own or together: the centre that center
 * sampling measures from is the mask's instead of the box's (AdelaiDet); only pixels inside the mask are positive (FCOS
 * section 5, "if masks are available").
 *
 * L locations, G boxes [G·4] x1, y1, x2, y2 in pixels of the network's input, and a mask of that size each.
 */
import type { Size } from '../../geometry/box.ts'
import { columnsOf } from '../../geometry/mask.ts'
import type { Rle } from '../../geometry/rle.ts'
import type { Level, Pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND, type Outlines } from '../assigner.ts'

import { holds, masksOfOutlines } from '../shared/object-masks.ts'
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
export function maskCentre(mask: Rle): [x: number, y: number] {
  let [sumX, sumY, pixels] = [0, 0, 0]
  for (const [column, from, to] of columnsOf(mask)) {
    sumX += column * (to - from)
    sumY += ((from + to - 1) * (to - from)) / 2
    pixels += to - from
  }
  return pixels === 0 ? [0, 0] : [Math.fround(sumX / pixels), Math.fround(sumY / pixels)]
}

/** The objects of outlines; null where only a box is known. */
export const maskedObjects = (outlines: Outlines, input: Size): (MaskedObject | null)[] =>
  masksOfOutlines(outlines, input).map((mask) => mask && { mask, centre: maskCentre(mask) })

/**
 * Of several boxes that want a location the one of smallest area learns it, of equals the first. An object without a mask is
 * assigned by its box.
 *
 * @param legacy added to both sides for the area: 1 where boxes count their last pixel in
 */
export function assignWithMasks(
  layout: Pyramid,
  rules: AssignmentRules,
  masks: MaskRules,
  boxes: Float32Array,
  objects: readonly (MaskedObject | null)[],
  legacy: 0 | 1 = 0,
): MaskAssignment {
  const out = {
    matched: new Int32Array(layout.locations).fill(BACKGROUND),
    removed: new Uint8Array(layout.locations),
    fallback: new Uint8Array(layout.locations),
  }
  const areas = areasOf(boxes, legacy)
  for (const gt of [...areas.keys()].sort((a, b) => areas[b] - areas[a] || b - a)) {
    const { chosen, removed, isFallback } = locationsOf(layout, rules, masks, boxes, gt, objects[gt])
    for (const location of removed) out.removed[location] = 1
    for (const location of chosen) {
      out.matched[location] = gt
      out.fallback[location] = isFallback ? 1 : 0
    }
  }
  for (const [location, gt] of out.matched.entries()) if (gt !== BACKGROUND) out.removed[location] = 0
  return out
}

/** w·h in float32, in px². */
export const areasOf = (boxes: Float32Array, legacy: 0 | 1 = 0): Float32Array =>
  Float32Array.from({ length: boxes.length / 4 }, (_, gt) => {
    const [x1, y1, x2, y2] = boxes.subarray(gt * 4, gt * 4 + 4)
    return Math.fround(Math.fround(x2 - x1) + legacy) * Math.fround(Math.fround(y2 - y1) + legacy)
  })

/** The locations of one object, ascending. */
export interface ObjectLocations {
  /** It would learn these if it were alone. */
  readonly chosen: readonly number[]
  /** Its box alone would have had these too. */
  readonly removed: readonly number[]
  /** None lay inside the mask, so that the fallback chose. */
  readonly isFallback: boolean
}

export function locationsOf(
  layout: Pyramid,
  rules: AssignmentRules,
  masks: MaskRules,
  boxes: Float32Array,
  gt: number,
  object: MaskedObject | null,
): ObjectLocations {
  const base = baseLocations(layout, rules, masks, boxes, gt, object)
  const indices = (points: readonly Point[]) => points.map(({ location }) => location)
  if (!object || !masks.pixels) return { chosen: indices(base), removed: [], isFallback: false }
  const inside = base.filter(({ x, y }) => holds(object.mask, x, y))
  const chosen = indices(inside.length > 0 ? inside : fallbackOf(masks.fallback, base, object.mask))
  const kept = new Set(chosen)
  return {
    chosen,
    removed: indices(base).filter((location) => !kept.has(location)),
    isFallback: inside.length === 0 && chosen.length > 0,
  }
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
  object: MaskedObject | null,
): Point[] {
  const window = emptyWindow()
  const centre = origin === 'mask' && rules.radius > 0 ? object?.centre : undefined
  const points: Point[] = []
  for (const level of levels) {
    const limits = limitsOf(level, centre ? { ...rules, radius: 0 } : rules)
    if (!findEligible(level, limits, boxes, gt, window)) continue
    const reach = Math.fround(rules.radius * level.stride)
    forEachRun(level, window, (start, end) => {
      for (let location = start; location < end; location++) {
        const { x, y } = pointOf(level, location)
        const distance = centre ? Math.max(Math.abs(x - centre[0]), Math.abs(y - centre[1])) : 0
        if (!centre || Math.fround(distance) < reach) points.push({ location, x, y })
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

function fallbackOf(rule: MaskRules['fallback'], base: readonly Point[], mask: Rle): readonly Point[] {
  if (rule === 'base') return base
  if (rule === 'none') return []
  let nearest: Point | undefined
  let least = Number.POSITIVE_INFINITY
  for (const point of base) {
    for (const [column, from, to] of columnsOf(mask)) {
      const row = Math.min(Math.max(Math.round(point.y), from), to - 1)
      const distance = (column - point.x) ** 2 + (row - point.y) ** 2
      if (distance >= least) continue
      least = distance
      nearest = point
    }
  }
  return nearest ? [nearest] : []
}
