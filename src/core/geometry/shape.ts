/**
 * The geometry of an object: its box, the outline that it may have, and the outline's area. An outline is polygons or a
 * mask, as COCO has them. Box and outline are edited together; nothing here drops an outline.
 *
 * A box that came with its outline is kept as it came, even where it is not quite the outline's bounds: both go through
 * the same transformation.
 */
import type { BoxXyxy } from './box.ts'
import { readCocoRle, toCocoRle } from './coco-rle.ts'
import { fitMask, maskRings, translateMask } from './mask.ts'
import { filledRings, partsOf } from './parts.ts'
import { fitRing, polygonArea, polygonBounds, type Ring, translateRing } from './polygon.ts'
import { type Rle, rleArea, rleBounds } from './rle.ts'
import { type CocoRle, isPolygons, type Segmentation } from './segmentation.ts'

export interface Shape {
  /** Image pixels. */
  readonly box: BoxXyxy
  readonly segmentation: Segmentation | null
  /** Area of the outline in px², as COCO defines it; null if it is that of the box. */
  readonly area: number | null
}

/** A mask in computable form; null if its runs do not add up to width · height. Such a mask is stored unchanged. */
function rleOf(mask: CocoRle): Rle | null {
  try {
    return readCocoRle(mask, 'mask')
  } catch {
    return null
  }
}

/** Writes `counts` in the form that the mask had, as a list or as a string. */
function edited(mask: CocoRle, edit: (rle: Rle) => Rle): CocoRle {
  const rle = rleOf(mask)
  if (!rle) return mask
  const result = edit(rle)
  return typeof mask.counts === 'string' ? toCocoRle(result) : { size: mask.size, counts: [...result.counts] }
}

/** Area in px²; null for a mask that cannot be read. */
export function segmentationArea(segmentation: Segmentation): number | null {
  if (isPolygons(segmentation)) return polygonArea(segmentation)
  const rle = rleOf(segmentation)
  return rle && rleArea(rle)
}

/** The smallest box around an outline; null if the outline is empty. */
export function segmentationBounds(segmentation: Segmentation): BoxXyxy | null {
  const rle = isPolygons(segmentation) ? null : rleOf(segmentation)
  const bounds = isPolygons(segmentation) ? polygonBounds(segmentation) : rle && rleBounds(rle)
  return bounds && bounds[0] < bounds[2] && bounds[1] < bounds[3] ? bounds : null
}

/** An outline as rings, to be filled by the nonzero rule: parts run clockwise, holes counterclockwise. */
export function segmentationRings(segmentation: Segmentation): readonly Ring[] {
  if (isPolygons(segmentation)) return filledRings(partsOf(segmentation))
  const rle = rleOf(segmentation)
  return (rle && maskRings(rle)) ?? []
}

export const moveBox = ([x1, y1, x2, y2]: BoxXyxy, dx: number, dy: number): BoxXyxy => [
  x1 + dx,
  y1 + dy,
  x2 + dx,
  y2 + dy,
]

/** Moves a shape. A mask moves by whole pixels, to the nearest ones. */
export function moveShape({ box, segmentation, area }: Shape, dx: number, dy: number): Shape {
  return {
    box: moveBox(box, dx, dy),
    segmentation: segmentation && moveSegmentation(segmentation, dx, dy),
    area,
  }
}

function moveSegmentation(segmentation: Segmentation, dx: number, dy: number): Segmentation {
  if (isPolygons(segmentation)) return segmentation.map((ring) => translateRing(ring, dx, dy))
  return edited(segmentation, (rle) => translateMask(rle, Math.round(dx), Math.round(dy)))
}

/** A shape made of polygons, with the box around them and their area. Null if they enclose nothing. */
export function shapeOfRings(rings: readonly Ring[]): Shape | null {
  const box = segmentationBounds(rings)
  return box && { box, segmentation: rings, area: polygonArea(rings) }
}

/** A shape made of a mask, written in the form of `like`; null if no pixel is set. */
export function shapeOfMask(mask: Rle, like: CocoRle): Shape | null {
  const segmentation = edited(like, () => mask)
  const box = segmentationBounds(segmentation)
  return box && { box, segmentation, area: rleArea(mask) }
}

/** Sides that differ by less than this share of the coordinates differ only by the rounding of sums. */
const ROUNDING = 1e-12

/** A shape whose box has become another: its outline moves and is scaled with it. The box is `to` to the bit. */
export function fitShape({ box, segmentation, area }: Shape, to: BoxXyxy): Shape {
  const largest = Math.max(...box.map(Math.abs), ...to.map(Math.abs))
  const isSame = (axis: 0 | 1) =>
    Math.abs(to[axis + 2]! - to[axis] - (box[axis + 2]! - box[axis])) <= ROUNDING * largest
  if (isSame(0) && isSame(1)) {
    const [dx, dy] = [to[0] - box[0], to[1] - box[1]]
    return { box: to, segmentation: segmentation && moveSegmentation(segmentation, dx, dy), area }
  }
  const scale = ((to[2] - to[0]) * (to[3] - to[1])) / ((box[2] - box[0]) * (box[3] - box[1]))
  const fitted = segmentation && fitSegmentation(segmentation, box, to)
  // The area of a mask is its number of pixels, which does not scale with the box.
  const scaled = fitted && !isPolygons(fitted) ? segmentationArea(fitted) : area && area * scale
  return { box: to, segmentation: fitted, area: area === null ? null : scaled }
}

const fitSegmentation = (segmentation: Segmentation, from: BoxXyxy, to: BoxXyxy): Segmentation =>
  isPolygons(segmentation)
    ? segmentation.map((ring) => fitRing(ring, from, to))
    : edited(segmentation, (rle) => fitMask(rle, from, to))
