/** The outline of a mask as the pixels along it. */

export interface PixelContour {
  /** x, y of each pixel in order, as indices; a line of one pixel's width is walked along both sides. */
  readonly points: Int32Array
  /** Of the polygon through the points. */
  readonly area: number
  /** Area centroid of that polygon; the mean of the points where it has no area. */
  readonly centroid: readonly [x: number, y: number]
}

/**
 * The outer outline of the largest connected part, largest by the area of the polygon through the pixels of its outline; holes and other
 * parts are left out. Follows borders as Suzuki and Abe 1985 (algorithm 1), with diagonal neighbours connected. Null for an
 * empty mask.
 *
 * @param pixels [height·width], nonzero where set
 */
export function largestContour(
  pixels: ArrayLike<number>,
  width: number,
  height: number,
): PixelContour | null {
  const seen = new Uint8Array(width * height)
  const isSet = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && pixels[y * width + x] !== 0
  let largest: PixelContour | null = null
  for (let at = 0; at < width * height; at++) {
    if (!pixels[at] || seen[at]) continue
    markPart(at, width, height, pixels, seen)
    // The first pixel of a part in reading order is on its outer outline.
    const contour = measured(followBorder(at % width, Math.floor(at / width), isSet))
    if (!largest || contour.area > largest.area) largest = contour
  }
  return largest
}

/** Clockwise as seen, from the left neighbour on. */
const AROUND = [
  [-1, 0],
  [-1, -1],
  [0, -1],
  [1, -1],
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
] as const

function markPart(
  start: number,
  width: number,
  height: number,
  pixels: ArrayLike<number>,
  seen: Uint8Array,
): void {
  const open = [start]
  seen[start] = 1
  while (open.length > 0) {
    const at = open.pop()!
    const x = at % width
    const y = (at - x) / width
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
      for (
        let next = row * width + Math.max(0, x - 1);
        next <= row * width + Math.min(width - 1, x + 1);
        next++
      ) {
        if (!pixels[next] || seen[next]) continue
        seen[next] = 1
        open.push(next)
      }
    }
  }
}

function followBorder(startX: number, startY: number, isSet: (x: number, y: number) => boolean): number[] {
  const neighbour = (x: number, y: number, direction: number): [number, number] => {
    const [dx, dy] = AROUND[direction]!
    return [x + dx, y + dy]
  }
  let first = 0
  while (first < 8 && !isSet(...neighbour(startX, startY, first))) first++
  if (first === 8) return [startX, startY]
  const [lastX, lastY] = neighbour(startX, startY, first)
  const points: number[] = []
  let [x, y] = [startX, startY]
  let from = first
  for (;;) {
    points.push(x, y)
    // Counter-clockwise from the pixel that the border came from.
    let direction = from
    do direction = (direction + 7) % 8
    while (!isSet(...neighbour(x, y, direction)))
    const [nextX, nextY] = neighbour(x, y, direction)
    if (nextX === startX && nextY === startY && x === lastX && y === lastY) return points
    from = (direction + 4) % 8
    x = nextX
    y = nextY
  }
}

function measured(points: readonly number[]): PixelContour {
  let [twice, x, y, sumX, sumY] = [0, 0, 0, 0, 0]
  for (let i = 0; i < points.length; i += 2) {
    const j = (i + 2) % points.length
    const [x1, y1, x2, y2] = [points[i]!, points[i + 1]!, points[j]!, points[j + 1]!]
    const cross = x1 * y2 - x2 * y1
    twice += cross
    x += cross * (x1 + x2)
    y += cross * (y1 + y2)
    sumX += x1
    sumY += y1
  }
  const count = points.length / 2
  return {
    points: Int32Array.from(points),
    area: Math.abs(twice) / 2,
    centroid: twice === 0 ? [sumX / count, sumY / count] : [x / (3 * twice), y / (3 * twice)],
  }
}
