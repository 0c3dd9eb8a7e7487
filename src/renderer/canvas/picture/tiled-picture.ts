/** A picture too large for memory: tiles of the level that fits the zoom are fetched as they come into sight. */
import { visibleBox, zoomOf } from '../geometry/view.ts'
import type { Sight } from '../layers/placement.ts'
import { type DepthWindow, fetchBitmap, tileUrl } from './image-assets.ts'
import { bytesOf, drawParts, type Picture, type PicturePart } from './picture.ts'
import { levelFor, type Tile, type TileGrid, tileBox, tilesWithin } from './tile-grid.ts'

const BUDGET = 128 * 2 ** 20
/** More at once only make the ones in the middle come later. */
const AT_ONCE = 4

interface TileHeld extends PicturePart {
  readonly level: number
}

const keyOf = ({ level, column, row }: Tile) => `${level}/${column}/${row}`

export class TiledPicture implements Picture {
  bytes = 0
  readonly #id: number
  readonly #grid: TileGrid
  readonly #window: DepthWindow | null
  readonly #changed: () => void
  /** Least recently drawn first. */
  readonly #tiles = new Map<string, TileHeld>()
  readonly #loading = new Map<string, AbortController>()
  /** Failed tiles, which are not requested again until the picture is opened again. */
  readonly #failed = new Set<string>()
  #wanted: readonly Tile[] = []
  #closed = false

  constructor(id: number, grid: TileGrid, window: DepthWindow | null, changed: () => void) {
    this.#id = id
    this.#grid = grid
    this.#window = window
    this.#changed = changed
  }

  draw(context: CanvasRenderingContext2D, sight: Sight): void {
    const part = visibleBox(sight.view, sight.viewport)
    const level = levelFor(zoomOf(sight.view, sight.pixelRatio), this.#grid.levels)
    drawParts(context, this.#coarseToFine(level), sight)
    this.#want(tilesWithin(part, level, this.#grid))
  }

  close(): void {
    this.#closed = true
    for (const loading of this.#loading.values()) loading.abort()
    for (const { bitmap } of this.#tiles.values()) bitmap.close()
    this.#tiles.clear()
  }

  /** Tiles here already, from the coarsest to those of `level`: finer ones cover coarser ones where they have come. */
  #coarseToFine(level: number): TileHeld[] {
    const held = [...this.#tiles.values()].filter((tile) => tile.level >= level)
    return held.sort((a, b) => b.level - a.level)
  }

  #want(tiles: readonly Tile[]): void {
    this.#wanted = tiles
    const wanted = new Set(tiles.map(keyOf))
    for (const [key, loading] of this.#loading) if (!wanted.has(key)) loading.abort()
    for (const key of wanted) this.#touch(key)
    this.#load()
  }

  #touch(key: string): void {
    const held = this.#tiles.get(key)
    if (!held) return
    this.#tiles.delete(key)
    this.#tiles.set(key, held)
  }

  #load(): void {
    for (const tile of this.#wanted) {
      if (this.#loading.size >= AT_ONCE) return
      const key = keyOf(tile)
      if (!this.#tiles.has(key) && !this.#loading.has(key) && !this.#failed.has(key))
        void this.#fetch(tile, key)
    }
  }

  async #fetch(tile: Tile, key: string): Promise<void> {
    const loading = new AbortController()
    this.#loading.set(key, loading)
    try {
      const url = tileUrl(this.#id, tile.level, tile.column, tile.row, this.#window)
      const bitmap = await fetchBitmap(url, loading.signal)
      if (this.#closed) bitmap.close()
      else this.#keep(tile, key, bitmap)
    } catch {
      // If a tile fails to load, the coarser picture below it stays visible.
      if (!loading.signal.aborted) this.#failed.add(key)
    } finally {
      this.#loading.delete(key)
      if (!this.#closed) this.#load()
    }
  }

  #keep(tile: Tile, key: string, bitmap: ImageBitmap): void {
    this.#tiles.set(key, { level: tile.level, bitmap, box: tileBox(tile, this.#grid) })
    this.bytes += bytesOf(bitmap)
    for (const [oldest, held] of this.#tiles) {
      if (this.bytes <= BUDGET) break
      this.bytes -= bytesOf(held.bitmap)
      held.bitmap.close()
      this.#tiles.delete(oldest)
    }
    this.#changed()
  }
}
