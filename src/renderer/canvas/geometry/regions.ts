/** Outlines united with and cut by others. A mask stays a mask, to the pixel; a box becomes a polygon. */
import polygonClipping, { type MultiPolygon, type Polygon } from 'polygon-clipping'
import { readCocoRle } from '../../../core/geometry/coco-rle.ts'
import { grouped, type Part, partsOf, storedRings } from '../../../core/geometry/parts.ts'
import { clockwise, type Ring, rectangleRing } from '../../../core/geometry/polygon.ts'
import { rleDifference, rleOfPolygons, rleUnion } from '../../../core/geometry/rle.ts'
import { isPolygons } from '../../../core/geometry/segmentation.ts'
import { type Shape, segmentationRings, shapeOfMask, shapeOfRings } from '../../../core/geometry/shape.ts'

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
  const operation = change === 'add' ? polygonClipping.union : polygonClipping.difference
  const parts = fromGeometry(operation(toGeometry(partsOfAny(shape)), toGeometry(partsOfAny(other))))
  return shapeOfRings(storedRings(parts))
}

/** A drawn ring as parts that do not cross themselves. */
export const untangled = (ring: Ring): readonly Part[] =>
  crossesItself(ring) ? fromGeometry(polygonClipping.union([pairs(ring)])) : [{ outline: ring, holes: [] }]

/** Of a box its rectangle, of a mask the edges of its pixels. */
export function partsOfAny(shape: Shape): readonly Part[] {
  if (shape.segmentation === null) return [{ outline: rectangleRing(shape.box), holes: [] }]
  if (isPolygons(shape.segmentation)) return partsOf(shape.segmentation)
  return grouped(segmentationRings(shape.segmentation))
}

const pairs = (ring: Ring): [number, number][] =>
  Array.from({ length: ring.length >> 1 }, (_, i) => [ring[2 * i]!, ring[2 * i + 1]!])

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

/** Whether two edges that are not neighbours meet. */
function crossesItself(ring: Ring): boolean {
  const count = ring.length >> 1
  const side = (a: number, b: number, c: number): number => {
    const [ax, ay] = [ring[2 * a]!, ring[2 * a + 1]!]
    return (ring[2 * b]! - ax) * (ring[2 * c + 1]! - ay) - (ring[2 * b + 1]! - ay) * (ring[2 * c]! - ax)
  }
  for (let i = 0; i < count; i++) {
    const iNext = (i + 1) % count
    for (let j = i + 2; j < count; j++) {
      const jNext = (j + 1) % count
      if (jNext === i) continue
      if (side(i, iNext, j) * side(i, iNext, jNext) < 0 && side(j, jNext, i) * side(j, jNext, iNext) < 0)
        return true
    }
  }
  return false
}
