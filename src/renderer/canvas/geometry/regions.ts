/** Outlines united with and cut by others. A mask stays a mask, to the pixel; a box becomes a polygon. */
import polygonClipping, { type MultiPolygon, type Polygon } from 'polygon-clipping'
import { readCocoRle } from '../../../core/geometry/coco-rle.ts'
import { grouped, type Part, partsOf, storedRings } from '../../../core/geometry/parts.ts'
import { clockwise, polygonArea, type Ring, rectangleRing } from '../../../core/geometry/polygon.ts'
import { rleDifference, rleOfPolygons, rleUnion } from '../../../core/geometry/rle.ts'
import { isPolygons } from '../../../core/geometry/segmentation.ts'
import { type Shape, segmentationRings, shapeOfMask, shapeOfRings } from '../../../core/geometry/shape.ts'

/** Square pixels by which areas may differ, since the library moves crossings that all but coincide with a vertex. */
const TOLERANCE = 0.05

export type Combination =
  | { readonly shape: Shape; readonly reason?: never }
  | { readonly shape: null; readonly reason: string }

/** A shape with another one's area added to it, or taken out of it; or why it stays as it is. */
export function combined(shape: Shape, change: 'add' | 'cut', other: Shape): Combination {
  try {
    const result = edited(shape, change, other)
    if (result) return { shape: result }
    return { shape: null, reason: 'Nothing of the object would be left: delete it instead' }
  } catch {
    // Of a mask whose runs do not fill its size, or outlines whose edges meet in a way that the library does not resolve.
    return { shape: null, reason: 'These outlines cannot be combined: the object was not changed' }
  }
}

function edited(shape: Shape, change: 'add' | 'cut', other: Shape): Shape | null {
  const { segmentation } = shape
  if (segmentation !== null && !isPolygons(segmentation)) {
    const mask = readCocoRle(segmentation, 'mask')
    const region = other.segmentation
    const drawn =
      region !== null && !isPolygons(region)
        ? readCocoRle(region, 'mask')
        : rleOfPolygons(storedRings(partsOfAny(other)), mask.width, mask.height)
    const edit = change === 'add' ? rleUnion([mask, drawn]) : rleDifference(mask, drawn)
    return shapeOfMask(edit, segmentation)
  }
  const [ours, theirs] = [toGeometry(partsOfAny(shape)), toGeometry(partsOfAny(other))]
  const parts = fromGeometry(
    change === 'add' ? polygonClipping.union(ours, theirs) : polygonClipping.difference(ours, theirs),
  )
  // Where edges run along each other, the library now and then loses a piece without a word.
  const shared = areaOf(fromGeometry(polygonClipping.intersection(ours, theirs)))
  // United first, since parts that overlap are one area to the library.
  const covered = (geometry: Polygon[]): number => areaOf(fromGeometry(polygonClipping.union(geometry)))
  const own = covered(ours)
  const expected = change === 'add' ? own + covered(theirs) - shared : own - shared
  if (Math.abs(areaOf(parts) - expected) > TOLERANCE) throw new Error('The areas do not add up')
  return shapeOfRings(storedRings(parts))
}

/**
 * A drawn ring as parts that neither cross nor touch themselves; unchanged where it does neither, or where the library
 * cannot tell its parts apart.
 */
export function untangled(ring: Ring): readonly Part[] {
  const whole: readonly Part[] = [{ outline: ring, holes: [] }]
  try {
    const parts = fromGeometry(polygonClipping.union([pairs(ring)]))
    const isSame =
      parts.length === 1 && parts[0]!.holes.length === 0 && parts[0]!.outline.length === ring.length
    return isSame ? whole : parts
  } catch {
    return whole
  }
}

/** Of a box its rectangle, of a mask the edges of its pixels. */
export function partsOfAny(shape: Shape): readonly Part[] {
  if (shape.segmentation === null) return [{ outline: rectangleRing(shape.box), holes: [] }]
  if (isPolygons(shape.segmentation)) return partsOf(shape.segmentation)
  return grouped(segmentationRings(shape.segmentation))
}

/** Without repeated vertices: the library goes wrong at them without a word. */
function pairs(ring: Ring): [number, number][] {
  const points: [number, number][] = []
  for (let i = 0; i < ring.length; i += 2) {
    const [x, y] = [ring[i]!, ring[i + 1]!]
    const last = points.at(-1) ?? [ring.at(-2)!, ring.at(-1)!]
    if (last[0] !== x || last[1] !== y) points.push([x, y])
  }
  return points
}

const areaOf = (parts: readonly Part[]): number =>
  parts.reduce(
    (sum, { outline, holes }) =>
      sum + polygonArea([outline]) - holes.reduce((all, hole) => all + polygonArea([hole]), 0),
    0,
  )

const toGeometry = (parts: readonly Part[]): Polygon[] =>
  parts.map(({ outline, holes }) => [outline, ...holes].map(pairs))

/** The library repeats the first vertex at the end. */
const fromGeometry = (geometry: MultiPolygon): Part[] =>
  geometry.map(([outline, ...holes]) => ({
    outline: clockwise(outline!.slice(0, -1).flat()),
    holes: holes.map((hole) => reversed(clockwise(hole.slice(0, -1).flat()))),
  }))

function reversed(ring: Ring): Ring {
  const turned: number[] = []
  for (let i = ring.length - 2; i >= 0; i -= 2) turned.push(ring[i]!, ring[i + 1]!)
  return turned
}
