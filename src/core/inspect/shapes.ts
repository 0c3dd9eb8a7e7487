/** Statistics of the size, aspect ratio and position of the boxes of a data set. */
import type { Size } from '../geometry/box.ts'

/** Boxes with `from` ≤ value < `to`; null: open. */
export interface ShapeBin {
  readonly from: number | null
  readonly to: number | null
  readonly boxes: number
}

export interface ShapeStatistics {
  /** √(width · height) in pixels of the network's input. */
  readonly size: readonly ShapeBin[]
  /** width / height */
  readonly aspect: readonly ShapeBin[]
  /** Centres of boxes over the image, whatever its size: row by row, HEAT_CELLS to a row. Centres outside count at its edge. */
  readonly position: readonly number[]
}

/** Cells along each axis of the image. */
export const HEAT_CELLS = 16

/** Two bins per doubling, for levels double. */
const SIZE_EDGES = Array.from({ length: 19 }, (_, i) => 2 * Math.SQRT2 ** i)
const ASPECT_EDGES = Array.from({ length: 13 }, (_, i) => Math.SQRT2 ** (i - 6))

/** The values that are counted for one box. */
export interface BoxShape {
  /** √(width · height) in pixels of the network's input. */
  readonly side: number
  /** width / height */
  readonly aspect: number
  /** Index of the heat cell that holds the centre. */
  readonly cell: number
}

/** Of box `gt` of boxes [N·4], in the pixels in which the image is `resized`. Undefined for a box without area. */
export function boxShape(boxes: Float32Array, gt: number, resized: Size): BoxShape | undefined {
  const [x1, y1, x2, y2] = boxes.subarray(gt * 4, gt * 4 + 4)
  const [width, height] = [x2 - x1, y2 - y1]
  if (!(width > 0 && height > 0 && Number.isFinite(width + height))) return undefined
  const column = cellOf((x1 + x2) / 2 / resized.width)
  const row = cellOf((y1 + y2) / 2 / resized.height)
  return { side: Math.sqrt(width * height), aspect: width / height, cell: row * HEAT_CELLS + column }
}

export class ShapeCounter {
  readonly #size = new Int32Array(SIZE_EDGES.length + 1)
  readonly #aspect = new Int32Array(ASPECT_EDGES.length + 1)
  readonly #position = new Int32Array(HEAT_CELLS ** 2)

  /** Adds the boxes [N·4] of one image, in the pixels in which it is `resized`. Boxes without area are left out. */
  add(boxes: Float32Array, resized: Size): void {
    for (let gt = 0; gt < boxes.length / 4; gt++) {
      const shape = boxShape(boxes, gt, resized)
      if (shape === undefined) continue
      this.#size[binOf(SIZE_EDGES, shape.side)]++
      this.#aspect[binOf(ASPECT_EDGES, shape.aspect)]++
      this.#position[shape.cell]++
    }
  }

  result(): ShapeStatistics {
    return {
      size: bins(SIZE_EDGES, this.#size),
      aspect: bins(ASPECT_EDGES, this.#aspect),
      position: [...this.#position],
    }
  }
}

const cellOf = (share: number): number =>
  Math.min(Math.max(Math.floor(share * HEAT_CELLS), 0), HEAT_CELLS - 1)

/** Number of edges at or below the value. */
function binOf(edges: readonly number[], value: number): number {
  let bin = 0
  while (bin < edges.length && value >= edges[bin]) bin++
  return bin
}

const bins = (edges: readonly number[], counts: Int32Array): ShapeBin[] =>
  Array.from(counts, (boxes, i) => ({ from: edges[i - 1] ?? null, to: edges[i] ?? null, boxes }))
