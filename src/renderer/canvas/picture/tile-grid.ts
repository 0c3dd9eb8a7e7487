/** Which tiles of a large picture a view needs. Level 0 has every pixel; each next one half as many along each side, cut down to whole ones. */
import type { BoxXyxy, Size } from '../../../core/geometry/box.ts'

export interface TileGrid extends Size {
  /** Of a tile, in pixels of its level; the last column and row may be smaller. */
  readonly tileSize: number
  readonly levels: number
}

export interface Tile {
  readonly level: number
  readonly column: number
  readonly row: number
}

/** The coarsest level that has a pixel for each pixel of the screen. */
export function levelFor(zoom: number, levels: number): number {
  const halvings = Math.floor(Math.log2(1 / zoom))
  return Math.min(levels - 1, Math.max(0, halvings))
}

/** Image pixels per pixel of a level, along each axis: 2 to the level's power, or a little more where halves were cut down. */
function stepsOf(level: number, { width, height }: TileGrid) {
  const columns = Math.max(1, Math.floor(width / 2 ** level))
  const rows = Math.max(1, Math.floor(height / 2 ** level))
  return { x: width / columns, y: height / rows }
}

/** Image pixels a tile covers. */
export function tileBox({ level, column, row }: Tile, grid: TileGrid): BoxXyxy {
  const { x, y } = stepsOf(level, grid)
  const side = grid.tileSize
  return [
    column * side * x,
    row * side * y,
    Math.min(grid.width, (column + 1) * side * x),
    Math.min(grid.height, (row + 1) * side * y),
  ]
}

/** The tiles of a level that a part of the image touches, those nearest its centre first. */
export function tilesWithin(part: BoxXyxy, level: number, grid: TileGrid): Tile[] {
  const steps = stepsOf(level, grid)
  const wide = grid.tileSize * steps.x
  const high = grid.tileSize * steps.y
  // The last tile ends where the image does; what rounding adds to the quotient is no further tile.
  const last = (length: number, side: number) => Math.ceil(length / side - 1e-9) - 1
  const columns = [
    Math.max(0, Math.floor(part[0] / wide)),
    Math.min(last(grid.width, wide), Math.floor(part[2] / wide)),
  ]
  const rows = [
    Math.max(0, Math.floor(part[1] / high)),
    Math.min(last(grid.height, high), Math.floor(part[3] / high)),
  ]
  const tiles: Tile[] = []
  for (let row = rows[0]!; row <= rows[1]!; row++) {
    for (let column = columns[0]!; column <= columns[1]!; column++) tiles.push({ level, column, row })
  }
  const x = (part[0] + part[2]) / 2 / wide - 0.5
  const y = (part[1] + part[3]) / 2 / high - 0.5
  const away = (tile: Tile) => (tile.column - x) ** 2 + (tile.row - y) ** 2
  return tiles.sort((a, b) => away(a) - away(b))
}
