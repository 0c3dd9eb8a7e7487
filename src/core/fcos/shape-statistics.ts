/** How large, how wide and where the boxes of a data set are. */
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

export class ShapeCounter {
  readonly #size = new Int32Array(SIZE_EDGES.length + 1)
  readonly #aspect = new Int32Array(ASPECT_EDGES.length + 1)
  readonly #position = new Int32Array(HEAT_CELLS ** 2)

  /** Adds the boxes [N·4] of one image, in the pixels in which it is `resized`. Boxes without area are left out. */
  add(boxes: Float32Array, resized: Size): void {
    for (let at = 0; at < boxes.length; at += 4) {
      const [x1, y1, x2, y2] = [boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3]]
      const [width, height] = [x2 - x1, y2 - y1]
      if (!(width > 0 && height > 0 && Number.isFinite(width + height))) continue
      this.#size[binOf(SIZE_EDGES, Math.sqrt(width * height))]++
      this.#aspect[binOf(ASPECT_EDGES, width / height)]++
      const column = cellOf((x1 + x2) / 2 / resized.width)
      const row = cellOf((y1 + y2) / 2 / resized.height)
      this.#position[row * HEAT_CELLS + column]++
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

/** How many edges are at or below the value. */
function binOf(edges: readonly number[], value: number): number {
  let bin = 0
  while (bin < edges.length && value >= edges[bin]) bin++
  return bin
}

const bins = (edges: readonly number[], counts: Int32Array): ShapeBin[] =>
  Array.from(counts, (boxes, i) => ({ from: edges[i - 1] ?? null, to: edges[i] ?? null, boxes }))
