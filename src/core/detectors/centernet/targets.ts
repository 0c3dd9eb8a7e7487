/**
 * What CenterNet ("Objects as Points", Zhou et al. 2019, arXiv 1904.07850, section 3) is trained to predict on a map of
 * stride 4: a peak at each object's centre, the object's size, and the part of the centre that the map's cells cut off.
 *
 * N objects, K classes, a map of w × h cells. Follows the authors' program (ctdet) number for number, its quirks included:
 * a box is clipped to [0, w−1] × [0, h−1], so that one within the last cell vanishes.
 */
import { z } from 'zod'

export const STRIDE = 4

export const CenterNetRules = z.strictObject({
  /** authors: the published program's radius, 3 to 4 times the one of the paper's formula. corrected: that formula. */
  radius: z.enum(['authors', 'corrected']),
  /** The IoU that a box shifted by the radius keeps at least. */
  minOverlap: z.number().gt(0).lt(1),
  /** Objects of an image beyond these are background. */
  maxObjects: z.int().positive(),
})
export type CenterNetRules = z.infer<typeof CenterNetRules>

export const AUTHORS_RULES: CenterNetRules = { radius: 'authors', minOverlap: 0.7, maxObjects: 128 }

export interface CenterNetTargets {
  readonly columns: number
  readonly rows: number
  /** [K,h,w] 1 at centres, falling off around them. */
  readonly heatmap: Float32Array
  /** [N,2] width and height in cells; 0 where dropped. */
  readonly size: Float32Array
  /** [N,2] what remains of the centre after the cell, in cells, x and y. */
  readonly offset: Float32Array
  /** [N] cell y·w + x of the centre; −1 where the object is dropped: outside, without area after clipping, or past maxObjects. */
  readonly index: Int32Array
  /** [N] number of cells that the peak covers on each side of the centre's cell. */
  readonly radius: Int32Array
}

/**
 * @param boxes [N·4] x1, y1, x2, y2 in cells of the map, where the centre of an object need not be whole
 * @param classes [N] in 0…K−1
 */
export function targets(
  { columns, rows }: { readonly columns: number; readonly rows: number },
  rules: CenterNetRules,
  boxes: Float32Array,
  classes: ArrayLike<number>,
  classCount: number,
): CenterNetTargets {
  const count = boxes.length / 4
  const out: CenterNetTargets = {
    columns,
    rows,
    heatmap: new Float32Array(classCount * rows * columns),
    size: new Float32Array(count * 2),
    offset: new Float32Array(count * 2),
    index: new Int32Array(count).fill(-1),
    radius: new Int32Array(count),
  }
  for (let gt = 0; gt < count; gt++) {
    const place = placeOf({ columns, rows }, rules, boxes, gt)
    if (!place) continue
    const { x, y, column, row, width, height, radius } = place
    drawPeak(out, classes[gt], column, row, radius)
    out.size[gt * 2] = width
    out.size[gt * 2 + 1] = height
    out.offset[gt * 2] = x - column
    out.offset[gt * 2 + 1] = y - row
    out.index[gt] = row * columns + column
    out.radius[gt] = radius
  }
  return out
}

/** An object's place on the map, in cells. */
export interface Place {
  readonly x: number
  readonly y: number
  /** The cell that holds the centre. */
  readonly column: number
  readonly row: number
  readonly width: number
  readonly height: number
  /** Number of cells that the peak covers on each side of the centre's cell. */
  readonly radius: number
}

/** Null where an object is dropped: outside, without area after clipping, or past maxObjects. */
export function placeOf(
  { columns, rows }: { readonly columns: number; readonly rows: number },
  rules: CenterNetRules,
  boxes: Float32Array,
  gt: number,
): Place | null {
  if (gt >= rules.maxObjects) return null
  const clip = (value: number, cells: number) => Math.min(Math.max(value, 0), cells - 1)
  const x1 = clip(boxes[gt * 4], columns)
  const y1 = clip(boxes[gt * 4 + 1], rows)
  const x2 = clip(boxes[gt * 4 + 2], columns)
  const y2 = clip(boxes[gt * 4 + 3], rows)
  const width = Math.fround(x2 - x1)
  const height = Math.fround(y2 - y1)
  if (!(width > 0 && height > 0)) return null
  const x = Math.fround(Math.fround(x1 + x2) / 2)
  const y = Math.fround(Math.fround(y1 + y2) / 2)
  const radius = Math.max(0, Math.trunc(gaussianRadius(Math.ceil(height), Math.ceil(width), rules)))
  return { x, y, column: Math.trunc(x), row: Math.trunc(y), width, height, radius }
}

/** Value of an object's peak at a cell, (dx, dy) cells from its own: exp(−d²/2σ²) with σ = (2r+1)/6; 0 beyond its square. */
export function peakAt(dx: number, dy: number, radius: number): number {
  if (Math.abs(dx) > radius || Math.abs(dy) > radius) return 0
  return Math.exp(-(dx ** 2 + dy ** 2) / (2 * ((2 * radius + 1) / 6) ** 2))
}

/** Where peaks of a class overlap, the higher value counts. */
function drawPeak(
  { heatmap, columns, rows }: CenterNetTargets,
  classIndex: number,
  column: number,
  row: number,
  radius: number,
): void {
  const map = classIndex * rows * columns
  for (let y = Math.max(0, row - radius); y <= Math.min(rows - 1, row + radius); y++) {
    for (let x = Math.max(0, column - radius); x <= Math.min(columns - 1, column + radius); x++) {
      const value = peakAt(x - column, y - row, radius)
      const at = map + y * columns + x
      heatmap[at] = Math.max(heatmap[at], value)
    }
  }
}

/**
 * How far, in cells, a corner may move so that the box still overlaps the object by minOverlap (CornerNet, Law and Deng 2018,
 * section 3.1): the least of three cases. The authors' program leaves out the division by 2a and takes the other root in two
 * cases, so that the third always decides; models were tuned with it.
 */
export function gaussianRadius(
  height: number,
  width: number,
  { radius, minOverlap: o }: CenterNetRules,
): number {
  const sum = height + width
  const area = height * width
  const shift = 2 * o * sum
  const root = Math.sqrt(shift * shift + 16 * o * (1 - o) * area)
  if (radius === 'authors') return (root - shift) / 2
  const smallerRoot = (a: number, b: number, c: number) => (b - Math.sqrt(b * b - 4 * a * c)) / (2 * a)
  const both = smallerRoot(1, sum, (area * (1 - o)) / (1 + o))
  const inside = smallerRoot(4, 2 * sum, (1 - o) * area)
  const outside = (root - shift) / (8 * o)
  return Math.min(both, inside, outside)
}
