/**
 * What each location learns in PolarMask (Xie et al., CVPR 2020, arXiv 1909.13226, section 3): FCOS's assignment with center
 * sampling around the mask's centroid, and distances to the mask's outline along rays instead of to the box's sides.
 *
 * Follows the authors' program: box sides count pixels (x + w − 1), the centroid is cut to whole pixels, of a mask the largest outline
 * alone counts. Not taken over: that a first centroid at x = 0 leaves the whole image without positives.
 */
import { largestContour, type PixelContour } from '../../geometry/contour.ts'
import { type Ring, signedArea } from '../../geometry/polygon.ts'
import { pixelsOfRle, type Rle, rleArea } from '../../geometry/rle.ts'
import type { Pyramid } from '../../pyramid/levels.ts'
import { locationAt } from '../../pyramid/locations.ts'
import { DIALECTS } from '../fcos/config.ts'
import { assignWithMasks } from '../fcos/masks.ts'
import { positives } from '../fcos/targets.ts'
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

/** The outline of pixels and the whole-pixel centroid; null for an empty mask. */
export function outline(mask: Rle): (PixelContour & { readonly centre: readonly [number, number] }) | null {
  const contour = largestContour(pixelsOfRle(mask), mask.width, mask.height)
  return contour && { ...contour, centre: [Math.trunc(contour.centroid[0]), Math.trunc(contour.centroid[1])] }
}

/** The part of largest area. */
export const largestPart = (parts: readonly Ring[]): Ring =>
  parts.reduce((largest, part) =>
    Math.abs(signedArea(part)) > Math.abs(signedArea(largest)) ? part : largest,
  )

export function targets(
  layout: Pyramid,
  objects: readonly PolarObject[],
  { count, rule }: { readonly count: number; readonly rule: RayRule },
): PolarTargets {
  const outlines = objects.map(({ mask }) => outline(mask))
  const dropped = [...objects.keys()].filter((gt) => isTooSmall(objects[gt]!, outlines[gt] !== null))
  const kept = [...objects.keys()].filter((gt) => !dropped.includes(gt))
  const boxes = Float32Array.from(
    kept.flatMap((gt) => {
      const [x1, y1, x2, y2] = objects[gt]!.box
      return [x1, y1, x2 - 1, y2 - 1]
    }),
  )
  const assigned = assignWithMasks(
    layout,
    DIALECTS.authors,
    { centre: 'mask', pixels: false, fallback: 'none' },
    boxes,
    kept.map((gt) => ({ mask: objects[gt]!.mask, centre: outlines[gt]!.centre })),
  )
  const learnt = positives(layout, boxes, assigned.matched)
  const rays = new Float32Array(learnt.location.length * count)
  const centerness = new Float32Array(learnt.location.length)
  for (const [i, own] of learnt.gt.entries()) {
    const gt = kept[own]!
    const { x, y } = locationAt(layout, learnt.location[i]!)
    const { polygons } = objects[gt]!
    const contour = outlines[gt]!.points
    rays.set(
      rule === 'code'
        ? pixelRays(contour, x, y, count)
        : exactRays(polygons ? largestPart(polygons) : contour, x, y, count),
      i * count,
    )
    centerness[i] = polarCenterness(rays, i * count, count)
  }
  return {
    matched: assigned.matched.map((own) => (own < 0 ? own : kept[own]!)),
    location: learnt.location,
    ltrb: learnt.ltrb,
    rays,
    centerness,
    dropped,
  }
}

function isTooSmall({ box, mask }: PolarObject, hasPixels: boolean): boolean {
  const [width, height] = [box[2] - box[0], box[3] - box[1]]
  return (
    !hasPixels ||
    width * height <= LEAST_AREA ||
    (width < LEAST_SIDE && height < LEAST_SIDE) ||
    rleArea(mask) < LEAST_AREA
  )
}
