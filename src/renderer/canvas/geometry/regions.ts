/** Outlines united with and cut by others. A mask stays a mask, to the pixel; a box becomes a polygon. */
import ClipperLib, { type IntPoint, type Path } from 'clipper-lib'
import { readCocoRle } from '../../../core/geometry/coco-rle.ts'
import { grouped, type Part, partsOf, ringsOf, storedRings } from '../../../core/geometry/parts.ts'
import { type Ring, rectangleRing } from '../../../core/geometry/polygon.ts'
import { rleDifference, rleOfPolygons, rleUnion } from '../../../core/geometry/rle.ts'
import { isPolygons } from '../../../core/geometry/segmentation.ts'
import { type Shape, segmentationRings, shapeOfMask, shapeOfRings } from '../../../core/geometry/shape.ts'

const { Clipper, ClipType, PolyFillType, PolyType } = ClipperLib

/** The library computes exactly, on whole numbers: at this many to a pixel, crossings lie within a thousandth of a pixel. */
const UNITS = 1024

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
    // Also where a mask is damaged, so that its runs do not fill its size.
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
  const [ours, theirs] = [partsOfAny(shape), partsOfAny(other)]
  const [subject, clip] = [toPaths(ours), toPaths(theirs)]
  const result = clipped(change === 'add' ? ClipType.ctUnion : ClipType.ctDifference, subject, clip)
  // Where three edges cross in one place, rounding now and then makes the library lose a piece without a word.
  const shared = areaOf(clipped(ClipType.ctIntersection, subject, clip))
  const expected = change === 'add' ? areaOf(subject) + areaOf(clip) - shared : areaOf(subject) - shared
  const tolerance = perimeterOf(subject) + perimeterOf(clip)
  if (Math.abs(areaOf(result) - expected) > tolerance) throw new Error('The areas do not add up')
  return shapeOfRings(storedRings(toParts(result, [...ours, ...theirs])))
}

/** A drawn ring as parts that do not cross themselves; unchanged where it does not cross itself. */
export function untangled(ring: Ring): readonly Part[] {
  const whole: readonly Part[] = [{ outline: ring, holes: [] }]
  const parts = toParts(toPaths(whole), whole)
  const isSame =
    parts.length === 1 && parts[0]!.holes.length === 0 && parts[0]!.outline.length === ring.length
  return isSame ? whole : parts
}

/** Of a box its rectangle, of a mask the edges of its pixels. */
export function partsOfAny(shape: Shape): readonly Part[] {
  if (shape.segmentation === null) return [{ outline: rectangleRing(shape.box), holes: [] }]
  if (isPolygons(shape.segmentation)) return partsOf(shape.segmentation)
  return grouped(segmentationRings(shape.segmentation))
}

/** The area of parts as paths that do not cross: each part is filled by the even-odd rule, and parts that overlap are one area. */
const toPaths = (parts: readonly Part[]): Path[] =>
  clipped(
    ClipType.ctUnion,
    parts.flatMap(({ outline, holes }) =>
      clipped(ClipType.ctUnion, [outline, ...holes].map(toPath), [], PolyFillType.pftEvenOdd),
    ),
  )

function toPath(ring: Ring): Path {
  const path: Path = []
  for (let i = 0; i < ring.length; i += 2) path.push(toPoint(ring, i))
  return path
}

const toPoint = (ring: Ring, i: number): IntPoint => ({
  X: Math.round(ring[i]! * UNITS),
  Y: Math.round(ring[i + 1]! * UNITS),
})

/** Outlines run clockwise, holes counterclockwise. */
function clipped(
  change: number,
  subject: readonly Path[],
  clip: readonly Path[] = [],
  fill: number = PolyFillType.pftNonZero,
): Path[] {
  const clipper = new Clipper(Clipper.ioStrictlySimple)
  clipper.AddPaths(subject, PolyType.ptSubject, true)
  clipper.AddPaths(clip, PolyType.ptClip, true)
  const solution: Path[] = []
  clipper.Execute(change, solution, fill, fill)
  return solution
}

const areaOf = (paths: readonly Path[]): number => paths.reduce((sum, path) => sum + Clipper.Area(path), 0)

/** The most by which areas change where crossings are rounded by one unit. */
const perimeterOf = (paths: readonly Path[]): number =>
  paths
    .flatMap((path) => path.map(({ X, Y }, i) => Math.hypot(X - path.at(i - 1)!.X, Y - path.at(i - 1)!.Y)))
    .reduce((sum, length) => sum + length, 0)

/** Vertices that were vertices before keep their coordinates to the bit, and parts their order. */
function toParts(paths: readonly Path[], before: readonly Part[]): Part[] {
  const vertices = ringsOf(before).flatMap((ring) =>
    Array.from(
      { length: ring.length >> 1 },
      (_, i) => [toPoint(ring, 2 * i), ring.slice(2 * i, 2 * i + 2)] as const,
    ),
  )
  const exact = new Map(vertices.map(([point, place], order) => [keyOf(point), { place, order }]))
  const toRing = (path: Path): Ring =>
    path.flatMap((point) => exact.get(keyOf(point))?.place ?? [point.X / UNITS, point.Y / UNITS])
  const firstVertex = (path: Path): number =>
    path.reduce((least, point) => Math.min(least, exact.get(keyOf(point))?.order ?? Infinity), Infinity)
  const inOrder = paths
    .map((path) => ({ path, first: firstVertex(path) }))
    .toSorted((a, b) => (a.first === b.first ? 0 : a.first - b.first))
  return grouped(inOrder.map(({ path }) => toRing(path)))
}

const keyOf = ({ X, Y }: IntPoint): string => `${X} ${Y}`
