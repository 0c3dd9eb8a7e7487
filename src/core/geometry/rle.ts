/**
 * Binary masks as run lengths, COCO's form of them (github.com/cocodataset/cocoapi, `mask.h`): pixels column by column,
 * runs of zeros and ones in turn, zeros first. Two masks of one object agree with pycocotools' to the pixel.
 */
import { signedArea } from './polygon.ts'

export interface Rle {
  readonly width: number
  readonly height: number
  /** Lengths of the runs; they add up to width·height. The first, of zeros, may be 0. */
  readonly counts: Uint32Array
}

/** Number of pixels that are set. */
export function rleArea({ counts }: Rle): number {
  let area = 0
  for (let run = 1; run < counts.length; run += 2) area += counts[run]!
  return area
}

/** The smallest box [x1, y1, x2, y2] around the pixels that are set, in edges; all 0 for an empty mask. */
export function rleBounds({ height, counts }: Rle): [x1: number, y1: number, x2: number, y2: number] {
  let [x1, y1, x2, y2] = [Infinity, Infinity, 0, 0]
  let start = counts[0] ?? 0
  for (let run = 1; run < counts.length; run += 2) {
    const length = counts[run]!
    if (length > 0) {
      const last = start + length - 1
      const column = Math.floor(start / height)
      const lastColumn = Math.floor(last / height)
      x1 = Math.min(x1, column)
      x2 = Math.max(x2, lastColumn + 1)
      // A run that continues in the next column touches both the top and the bottom.
      y1 = Math.min(y1, column === lastColumn ? start - column * height : 0)
      y2 = Math.max(y2, column === lastColumn ? last - column * height + 1 : height)
    }
    start += length + (counts[run + 1] ?? 0)
  }
  return x1 === Infinity ? [0, 0, 0, 0] : [x1, y1, x2, y2]
}

/** Number of pixels that are set in both of two masks of equal size. */
export function rleIntersection(a: Rle, b: Rle): number {
  let shared = 0
  let [i, j] = [0, 0]
  let [leftA, leftB] = [a.counts[0] ?? 0, b.counts[0] ?? 0]
  while (i < a.counts.length && j < b.counts.length) {
    const step = Math.min(leftA, leftB)
    if (i & j & 1) shared += step
    leftA -= step
    leftB -= step
    if (leftA === 0) leftA = a.counts[++i] ?? 0
    if (leftB === 0) leftB = b.counts[++j] ?? 0
  }
  return shared
}

/** The pixels set in any of the masks, which have one size. */
export function rleUnion(masks: readonly Rle[]): Rle {
  if (masks.length === 1) return masks[0]!
  const { width, height } = masks[0]!
  // How many masks cover a pixel changes by 1 at every end of a run.
  const changes: [at: number, by: number][] = []
  for (const { counts } of masks) {
    let at = 0
    for (let run = 0; run < counts.length; run++) {
      at += counts[run]!
      if (at < width * height) changes.push([at, run % 2 === 0 ? 1 : -1])
    }
  }
  return fromChanges(changes, width, height)
}

/**
 * The pixels that rings fill by the nonzero rule: those of one direction are parts, those of the other inside them are holes.
 * Pixels at the edges as rleOfPolygons has them.
 */
export function rleOfRings(rings: readonly (readonly number[])[], width: number, height: number): Rle {
  const changes: [at: number, by: number][] = []
  for (const ring of rings) {
    const direction = Math.sign(signedArea(ring))
    let at = 0
    for (const [run, length] of rleOfPolygon(ring, width, height).counts.entries()) {
      at += length
      if (at < width * height) changes.push([at, run % 2 === 0 ? direction : -direction])
    }
  }
  return fromChanges(changes, width, height)
}

/** The pixels set in the first mask and not in the second; both have one size. */
export function rleDifference(a: Rle, b: Rle): Rle {
  const counts: number[] = [0]
  let [i, j] = [0, 0]
  let [leftA, leftB] = [a.counts[0] ?? 0, b.counts[0] ?? 0]
  while (i < a.counts.length) {
    const step = j < b.counts.length ? Math.min(leftA, leftB) : leftA
    const set = i & 1 & ~j
    if (step > 0 && (counts.length & 1) === set) counts.push(0)
    counts[counts.length - 1]! += step
    leftA -= step
    leftB -= step
    if (leftA === 0) leftA = a.counts[++i] ?? 0
    if (j < b.counts.length && leftB === 0) leftB = b.counts[++j] ?? 0
  }
  return { width: a.width, height: a.height, counts: trimmed(counts) }
}

function fromChanges(changes: [at: number, by: number][], width: number, height: number): Rle {
  changes.sort(([a], [b]) => a - b)
  const counts: number[] = []
  let [start, cover] = [0, 0]
  for (let i = 0; i < changes.length; ) {
    const at = changes[i]![0]
    let after = cover
    while (i < changes.length && changes[i]![0] === at) after += changes[i++]![1]
    if ((cover !== 0) !== (after !== 0)) {
      counts.push(at - start)
      start = at
    }
    cover = after
  }
  counts.push(width * height - start)
  return { width, height, counts: trimmed(counts) }
}

/** Removes an empty last run. */
const trimmed = (counts: number[]): Uint32Array =>
  Uint32Array.from(counts.length > 1 && counts.at(-1) === 0 ? counts.slice(0, -1) : counts)

/** A mask [height·width], row-major, nonzero where set. */
export function rleOfPixels(pixels: ArrayLike<number>, width: number, height: number): Rle {
  const counts: number[] = []
  let [set, length] = [0, 0]
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      const value = pixels[y * width + x] ? 1 : 0
      if (value !== set) {
        counts.push(length)
        length = 0
        set = value
      }
      length++
    }
  }
  counts.push(length)
  return { width, height, counts: Uint32Array.from(counts) }
}

/** [height·width], row-major, 1 where set. */
export function pixelsOfRle({ width, height, counts }: Rle): Uint8Array {
  const pixels = new Uint8Array(width * height)
  let at = 0
  for (let run = 0; run < counts.length; run++) {
    const end = at + counts[run]!
    if (run % 2 === 1) {
      for (; at < end; at++) pixels[(at % height) * width + Math.floor(at / height)] = 1
    }
    at = end
  }
  return pixels
}

/** Outlines are sampled this many times as finely as the pixels, as in `mask.h`. */
const FINENESS = 5

/**
 * The pixels inside the outlines, given as flat x, y lists in image coordinates: a column's pixel is set where its centre
 * is between two crossings of the outline. Parts are united; holes cannot be said in this form. What lies outside the image is cut.
 */
export function rleOfPolygons(polygons: readonly (readonly number[])[], width: number, height: number): Rle {
  return rleUnion(polygons.map((polygon) => rleOfPolygon(polygon, width, height)))
}

function rleOfPolygon(polygon: readonly number[], width: number, height: number): Rle {
  const vertices = polygon.length >> 1
  const fine = polygon.map((value) => Math.trunc(FINENESS * value + 0.5))
  const ends: number[] = []
  let [lastU, lastV] = [Number.NaN, Number.NaN]
  const visit = (u: number, v: number) => {
    if (u !== lastU && !Number.isNaN(lastU)) {
      // A step to the side: the outline passes the centre of a column if it does so between the fifths around it.
      const x = ((u < lastU ? u : u - 1) + 0.5) / FINENESS - 0.5
      if (Number.isInteger(x) && x >= 0 && x <= width - 1) {
        const y = (Math.min(v, lastV) + 0.5) / FINENESS - 0.5
        ends.push(x * height + Math.ceil(Math.min(Math.max(y, 0), height)))
      }
    }
    lastU = u
    lastV = v
  }
  for (let i = 0; i < vertices; i++) {
    const j = (i + 1) % vertices
    walk(fine[2 * i]!, fine[2 * i + 1]!, fine[2 * j]!, fine[2 * j + 1]!, visit)
  }
  ends.sort((a, b) => a - b)
  return fromEnds(ends, width, height)
}

/**
 * The points of a line, both ends included, one per unit of its longer direction. Always computed from the end with the smaller
 * coordinate in that direction, so that a side shared by two outlines has the same points in both.
 */
function walk(x1: number, y1: number, x2: number, y2: number, visit: (x: number, y: number) => void): void {
  const dx = Math.abs(x2 - x1)
  const dy = Math.abs(y2 - y1)
  const wide = dx >= dy
  const flip = wide ? x1 > x2 : y1 > y2
  const [sx, sy, ex, ey] = flip ? [x2, y2, x1, y1] : [x1, y1, x2, y2]
  const length = Math.max(dx, dy)
  const slope = length === 0 ? 0 : wide ? (ey - sy) / dx : (ex - sx) / dy
  for (let d = 0; d <= length; d++) {
    const t = flip ? length - d : d
    if (wide) visit(sx + t, Math.trunc(sy + slope * t + 0.5))
    else visit(Math.trunc(sx + slope * t + 0.5), sy + t)
  }
}

/** From the ascending places where the outline is crossed; two crossings at one place undo each other. */
function fromEnds(ends: readonly number[], width: number, height: number): Rle {
  const kept: number[] = []
  for (const end of ends) {
    if (kept.at(-1) === end) kept.pop()
    else kept.push(end)
  }
  const counts: number[] = []
  let start = 0
  for (const end of kept) {
    counts.push(end - start)
    start = end
  }
  counts.push(width * height - start)
  return { width, height, counts: trimmed(counts) }
}
