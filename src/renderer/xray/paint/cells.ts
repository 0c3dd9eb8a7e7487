/** Paints locations of the levels as cells, coarse ones first, so that the finest are on top. */

import type { BoxXyxy, Size } from '../../../core/geometry/box.ts'
import type { GridLevelName, Level, Pyramid } from '../../../core/pyramid/levels.ts'
import type { View } from '../../canvas/geometry/view.ts'
import { gridOf, levelsToDraw } from '../cells.ts'
import { imageScale } from '../targets.ts'

/** The positions of locations on an image. */
export interface Layout {
  readonly image: Size
  readonly resized: Size
  readonly pyramid: Pyramid
}

export interface CellPainter {
  /** Takes a cell of the canvas, in whole CSS pixels. Cells of one level do not overlap where each is a pixel or more. */
  paint(location: number, level: Level, x: number, y: number, width: number, height: number): void
  /** Called after the cells of each level. */
  finish?(): void
}

/** Cells narrower than this on the screen have no gap between them, in CSS pixels. */
const LEAST_WITH_GAP = 5

/**
 * Paints the visible locations that are drawn.
 * @param part of the image in sight, image pixels
 */
export function paintCells(
  layout: Layout,
  isDrawn: (location: number) => boolean,
  shown: GridLevelName | null,
  view: View,
  part: BoxXyxy,
  painter: CellPainter,
): void {
  const scale = imageScale(layout)
  for (const level of levelsToDraw(layout.pyramid, shown)) {
    const grid = gridOf(level, scale)
    const [left, right] = span(part[0], part[2], grid.x, grid.width, level.columns)
    const [top, bottom] = span(part[1], part[3], grid.y, grid.height, level.rows)
    const xs = edges(left, right, view.x + grid.x * view.scale, grid.width * view.scale)
    const ys = edges(top, bottom, view.y + grid.y * view.scale, grid.height * view.scale)
    const gap = grid.width * view.scale < LEAST_WITH_GAP ? 0 : 1
    for (let row = top; row < bottom; row++) {
      const y = ys[row - top]!
      const height = Math.max(1, ys[row - top + 1]! - y - gap)
      for (let column = left; column < right; column++) {
        const location = level.first + row * level.columns + column
        if (!isDrawn(location)) continue
        const x = xs[column - left]!
        painter.paint(location, level, x, y, Math.max(1, xs[column - left + 1]! - x - gap), height)
      }
    }
    painter.finish?.()
  }
}

/** The visible cells [start, end) along one axis. */
function span(from: number, to: number, first: number, size: number, cells: number): [number, number] {
  const start = Math.max(0, Math.floor((from - first) / size))
  return [start, Math.max(start, Math.min(cells, Math.ceil((to - first) / size)))]
}

/** Where the cells start … end − 1 begin, and the last one ends, in whole CSS pixels: neighbours share their edge. */
const edges = (start: number, end: number, first: number, size: number): number[] =>
  Array.from({ length: end - start + 1 }, (_, i) => Math.round(first + (start + i) * size))
