/**
 * What each location learns in PolarMask (Xie et al., CVPR 2020, arXiv 1909.13226, section 3): FCOS's assignment with center
 * sampling around the mask's centroid, and distances to the mask's outline along rays instead of to the box's sides.
 *
 * Follows the authors' program: box sides count pixels (x + w − 1), the centroid is cut to whole pixels, of a mask the largest outline
 * alone counts. Not taken over: that a first centroid at x = 0 leaves the whole image without positives.
 */
import { largestContour, type PixelContour } from '../../geometry/contour.ts'
import { type Ring, signedArea } from '../../geometry/polygon.ts'
import { type Rle, rleArea } from '../../geometry/rle.ts'
import type { Pyramid } from '../../pyramid/levels.ts'
import { locationAt } from '../../pyramid/locations.ts'
import { DIALECTS, type MaskRules } from '../fcos/config.ts'
import { assignWithMasks, locationsOf, type MaskedObject } from '../fcos/masks.ts'
import { positives } from '../fcos/targets.ts'
import { bitmapOf } from '../shared/object-masks.ts'
import { exactRays, pixelRays, polarCenterness, type RayRule } from './rays.ts'

export interface PolarObject {
  /** x1, y1, x2, y2 in pixels of the input, as edges. */
  readonly box: readonly [number, number, number, number]
  readonly mask: Rle
  /** Flat x, y lists of the object's parts; the outline of the mask's pixels where it has none. */
  readonly polygons: readonly Ring[] | null
}

export interface PolarTargets {
  /** [L] index of the object, or BACKGROUND. */
  readonly matched: Int32Array
  /** [P] positive locations, ascending. */
  readonly location: Int32Array
  /** [P] index of the object that the location learns. */
  readonly gt: Int32Array
  /** [P·4] to the sides of the box. */
  readonly ltrb: Float32Array
  /** [P·n] */
  readonly rays: Float32Array
  /** [P] polar centerness. */
  readonly centerness: Float32Array
  /** Objects that are left out because they are too small, by the authors' rules. */
  readonly dropped: readonly number[]
}

/** The authors' data set leaves an object out at this area or below, … */
const LEAST_AREA = 15
/** … with both sides below this, or with fewer mask pixels than LEAST_AREA. */
const LEAST_SIDE = 10

export interface Outline extends PixelContour {
  /** The area centroid, cut to whole pixels. */
  readonly centre: readonly [x: number, y: number]
}

const outlines = new WeakMap<Rle, Outline>()

/** The outline of a mask's largest part, in pixels of the input; null for an empty mask. */
export function outline(mask: Rle): Outline | null {
  const known = outlines.get(mask)
  if (known) return known
  const { pixels, x, y, width, height } = bitmapOf(mask)
  const contour = largestContour(pixels, width, height)
  if (!contour) return null
  const [centreX, centreY] = [contour.centroid[0] + x, contour.centroid[1] + y]
  const moved = {
    points: contour.points.map((value, i) => value + (i % 2 === 0 ? x : y)),
    area: contour.area,
    centroid: [centreX, centreY] as const,
    centre: [Math.trunc(centreX), Math.trunc(centreY)] as const,
  }
  outlines.set(mask, moved)
  return moved
}

/** The part of largest area. */
export const largestPart = (parts: readonly Ring[]): Ring =>
  parts.reduce((largest, part) =>
    Math.abs(signedArea(part)) > Math.abs(signedArea(largest)) ? part : largest,
  )

/** [N·4] box sides that count pixels: x + w − 1. */
const legacyBoxes = (objects: readonly PolarObject[]): Float32Array =>
  Float32Array.from(objects.flatMap(({ box: [x1, y1, x2, y2] }) => [x1, y1, x2 - 1, y2 - 1]))

/** Of FCOS with center sampling around the mask; of several objects that of smallest w·h. */
const MASK_RULES: MaskRules = { centre: 'mask', pixels: false, fallback: 'none' }

/** Null for an object that is left out because it is too small. */
const maskedObject = (object: PolarObject): MaskedObject | null => {
  const found = outline(object.mask)
  return found && !isTooSmall(object) ? { mask: object.mask, centre: found.centre } : null
}

/** The locations that would learn an object if it were alone, ascending. */
export function locationsOfObject(layout: Pyramid, object: PolarObject): readonly number[] {
  const masked = maskedObject(object)
  if (!masked) return []
  return locationsOf(layout, DIALECTS.authors, MASK_RULES, legacyBoxes([object]), 0, masked).chosen
}

export function targets(layout: Pyramid, objects: readonly PolarObject[], rules: PolarRays): PolarTargets {
  const masked = objects.map(maskedObject)
  const kept = [...objects.keys()].filter((gt) => masked[gt] !== null)
  const boxes = legacyBoxes(kept.map((gt) => objects[gt]!))
  const assigned = assignWithMasks(
    layout,
    DIALECTS.authors,
    MASK_RULES,
    boxes,
    kept.map((gt) => masked[gt]!),
    1,
  )
  const learnt = positives(layout, boxes, assigned.matched)
  const rays = new Float32Array(learnt.location.length * rules.count)
  const centerness = new Float32Array(learnt.location.length)
  for (const [i, own] of learnt.gt.entries()) {
    const { x, y } = locationAt(layout, learnt.location[i]!)
    rays.set(raysOfObject(objects[kept[own]!]!, x, y, rules), i * rules.count)
    centerness[i] = polarCenterness(rays, i * rules.count, rules.count)
  }
  return {
    matched: assigned.matched.map((own) => (own < 0 ? own : kept[own]!)),
    location: learnt.location,
    gt: learnt.gt.map((own) => kept[own]!),
    ltrb: learnt.ltrb,
    rays,
    centerness,
    dropped: [...objects.keys()].filter((gt) => masked[gt] === null),
  }
}

export interface PolarRays {
  readonly count: number
  readonly rays: RayRule
}

/** [count] lengths from a location. `crossings` as of exactRays, which the authors' rays do not count. */
export function raysOfObject(
  { mask, polygons }: PolarObject,
  x: number,
  y: number,
  { count, rays }: PolarRays,
  crossings?: Uint16Array,
): Float32Array {
  const contour = outline(mask)?.points ?? []
  return rays === 'code'
    ? pixelRays(contour, x, y, count)
    : exactRays(polygons ? largestPart(polygons) : contour, x, y, count, crossings)
}

export function isTooSmall({ box, mask }: PolarObject): boolean {
  const [width, height] = [box[2] - box[0], box[3] - box[1]]
  return (
    width * height <= LEAST_AREA || (width < LEAST_SIDE && height < LEAST_SIDE) || rleArea(mask) < LEAST_AREA
  )
}
