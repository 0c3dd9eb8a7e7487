/** Which tiles of a large picture a view needs. Level 0 has every pixel; each next one half as many along each side. */
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

/** Image pixels a tile covers. */
export function tileBox({ level, column, row }: Tile, grid: TileGrid): BoxXyxy {
  const side = grid.tileSize * 2 ** level
  return [
    column * side,
    row * side,
    Math.min(grid.width, (column + 1) * side),
    Math.min(grid.height, (row + 1) * side),
  ]
}

/** The tiles of a level that a part of the image touches, those nearest its centre first. */
export function tilesWithin(part: BoxXyxy, level: number, grid: TileGrid): Tile[] {
  const side = grid.tileSize * 2 ** level
  const last = (length: number) => Math.ceil(length / side) - 1
  const columns = [
    Math.max(0, Math.floor(part[0] / side)),
    Math.min(last(grid.width), Math.floor(part[2] / side)),
  ]
  const rows = [
    Math.max(0, Math.floor(part[1] / side)),
    Math.min(last(grid.height), Math.floor(part[3] / side)),
  ]
  const tiles: Tile[] = []
  for (let row = rows[0]!; row <= rows[1]!; row++) {
    for (let column = columns[0]!; column <= columns[1]!; column++) tiles.push({ level, column, row })
  }
  const x = (part[0] + part[2]) / 2 / side - 0.5
  const y = (part[1] + part[3]) / 2 / side - 0.5
  const away = (tile: Tile) => (tile.column - x) ** 2 + (tile.row - y) ** 2
  return tiles.sort((a, b) => away(a) - away(b))
}
