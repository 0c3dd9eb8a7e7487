/** Moving, scaling and outlining masks. */
import type { BoxXyxy } from './box.ts'
import type { Ring } from './polygon.ts'
import { type Rle, rleBounds } from './rle.ts'

/** The pixels that are set, as half-open ranges [from, to) of rows in one column; columns ascend. */
export function* columnsOf({
  width,
  height,
  counts,
}: Rle): Generator<readonly [x: number, from: number, to: number]> {
  let at = 0
  for (const [i, run] of counts.entries()) {
    const end = Math.min(at + run, height * width)
    if (i % 2 === 1) {
      for (let start = at; start < end; ) {
        const x = Math.floor(start / height)
        const stop = Math.min(end, (x + 1) * height)
        yield [x, start - x * height, stop - x * height]
        start = stop
      }
    }
    at = end
  }
}

/** Masks with more pixels than 8,000 × 8,000 are not drawn. */
const MOST_PIXELS = 64e6

interface Bitmap {
  /** Position of its first pixel in the image. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** [width][height], 1 for foreground. */
  readonly pixels: Uint8Array
}

/** The pixels within the mask's bounds; null where there are none, or too many to hold. */
function bitmapOf(mask: Rle): Bitmap | null {
  const [x, y, x2, y2] = rleBounds(mask)
  const [width, height] = [x2 - x, y2 - y]
  if (width === 0 || width * height > MOST_PIXELS) return null
  const pixels = new Uint8Array(width * height)
  for (const [column, from, to] of columnsOf(mask)) {
    const start = (column - x) * height - y
    pixels.fill(1, start + from, start + to)
  }
  return { x, y, width, height, pixels }
}

/** Steps along the edges between pixels, clockwise: right, down, left, up. */
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const
/** The pixel ahead on the right of a step in each direction, from the vertex where it begins. */
const RIGHT_AHEAD = [
  [0, 0],
  [-1, 0],
  [-1, -1],
  [0, -1],
] as const

/**
 * The edges of a mask's pixels as rings: clockwise around the outside, counterclockwise around holes. Pixels that touch at
 * a corner only are separate parts. Null for a mask without pixels, or of more than 64 million.
 */
export function maskRings(mask: Rle): Ring[] | null {
  const bitmap = bitmapOf(mask)
  if (!bitmap) return null
  const { width, height, pixels } = bitmap
  const has = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && pixels[x * height + y] === 1
  /** Upper edges of foreground pixels that already belong to a ring. Every ring has at least one. */
  const visited = new Uint8Array(width * height)
  const rings: Ring[] = []
  for (let startX = 0; startX < width; startX++) {
    for (let startY = 0; startY < height; startY++) {
      if (visited[startX * height + startY] || !has(startX, startY) || has(startX, startY - 1)) continue
      const ring: number[] = []
      let [x, y, direction] = [startX, startY, 0]
      do {
        if (direction === 0) visited[x * height + y] = 1
        x += STEPS[direction]![0]
        y += STEPS[direction]![1]
        const right = RIGHT_AHEAD[direction]!
        const left = RIGHT_AHEAD[(direction + 3) % 4]!
        let turn = 0
        if (!has(x + right[0], y + right[1])) turn = 1
        else if (has(x + left[0], y + left[1])) turn = 3
        if (turn !== 0) ring.push(bitmap.x + x, bitmap.y + y)
        direction = (direction + turn) % 4
      } while (x !== startX || y !== startY || direction !== 0)
      rings.push(ring)
    }
  }
  return rings
}

/** Ascending ranges of pixels that are set, counted column by column. */
function fromSpans(spans: Iterable<readonly [from: number, to: number]>, { width, height }: Rle): Rle {
  const runs: number[] = []
  let at = 0
  for (const [from, to] of spans) {
    if (from === at && runs.length > 0) runs[runs.length - 1]! += to - from
    else runs.push(from - at, to - from)
    at = to
  }
  if (at < width * height) runs.push(width * height - at)
  return { width, height, counts: Uint32Array.from(runs) }
}

/** Moves a mask by whole pixels. Pixels that leave the image are cut off. */
export function translateMask(mask: Rle, dx: number, dy: number): Rle {
  const { width, height } = mask
  function* moved(): Generator<readonly [number, number]> {
    for (const [x, from, to] of columnsOf(mask)) {
      const column = x + dx
      const [low, high] = [Math.max(0, from + dy), Math.min(height, to + dy)]
      if (column >= 0 && column < width && low < high) yield [column * height + low, column * height + high]
    }
  }
  return fromSpans(moved(), mask)
}

/**
 * Takes what a mask has in one box to another box; each pixel becomes what its centre shows (nearest neighbour). A mask so
 * thin that no centre shows it keeps the pixels that it touches.
 */
export function fitMask(mask: Rle, from: BoxXyxy, to: BoxXyxy): Rle {
  const { width, height } = mask
  const columns = Map.groupBy(columnsOf(mask), ([x]) => x)
  const scaleX = (to[2] - to[0]) / (from[2] - from[0])
  const scaleY = (to[3] - to[1]) / (from[3] - from[1])
  /** The first pixel whose centre is at or after an edge of the source. */
  const firstFrom = (y: number) => Math.ceil(to[1] + (y - from[1]) * scaleY - 0.5)
  function* fitted(): Generator<readonly [number, number]> {
    for (let x = 0; x < width; x++) {
      const source = Math.floor(from[0] + (x + 0.5 - to[0]) / scaleX)
      for (const [, low, high] of columns.get(source) ?? []) {
        const [first, end] = [Math.max(0, firstFrom(low)), Math.min(height, firstFrom(high))]
        if (first < end) yield [x * height + first, x * height + end]
      }
    }
  }
  const result = fromSpans(fitted(), mask)
  return result.counts.length > 1 ? result : touched(mask, from, to)
}

/** The pixels that hold a mask's pixel centres after it went from one box to another. */
function touched(mask: Rle, from: BoxXyxy, to: BoxXyxy): Rle {
  const { width, height } = mask
  const place = (value: number, axis: 0 | 1, side: number): number => {
    const scale = (to[axis + 2]! - to[axis]) / (from[axis + 2]! - from[axis])
    return Math.min(side - 1, Math.max(0, Math.floor(to[axis] + (value + 0.5 - from[axis]) * scale)))
  }
  const pixels = new Set<number>()
  for (const [x, low, high] of columnsOf(mask)) {
    for (let y = low; y < high; y++) pixels.add(place(x, 0, width) * height + place(y, 1, height))
  }
  const inOrder = [...pixels].sort((a, b) => a - b)
  return fromSpans(
    inOrder.map((pixel) => [pixel, pixel + 1] as const),
    mask,
  )
}
