/**
 * Large images in tiles that overlap, and the detections of all tiles as those of the image. (SAHI, Akyon et al. 2022, does alike;
 * it has no rule for boxes that a border cuts, and merges whatever overlaps by more than half.)
 */
import { z } from 'zod'
import type { BoxXyxy, Size } from '../../geometry/box.ts'

/** Pixels of the image. All tiles of an image have one size. */
export interface Tile extends Size {
  readonly x: number
  readonly y: number
}

/** What is known of how large a model has seen its objects. */
export interface TilingRule {
  /** Long side of the network's input. */
  readonly input: number
  /** Typical long side of the images that the model learnt from; null where that is not known. */
  readonly learnt: number | null
}

/** Long side of the tiles, in pixels of the image; chosen where `auto`. */
export const Tiling = z.union([z.enum(['auto', 'off']), z.int().min(32)])
export type Tiling = z.infer<typeof Tiling>

/** Neighbours share this much of a tile's side: what is smaller lies whole in one of them. */
export const OVERLAP = 0.2
/** An image this many times as large as those that were learnt from is tiled. */
const LARGER = 2
/** Where it is not known what was learnt from: objects of this many pixels would be smaller than one. */
export const LOST = 8
/** A box that comes this near to a border of its tile, in shares of the tile's side, is cut by it. */
const NEAR = 0.01
/** A cut box goes where a whole one of its class has this much of it. */
const COVERED = 0.5

/** Long side of the tiles of an image in its pixels, or null where it is detected as a whole. */
export function tileSide(
  { width, height }: Size,
  { input, learnt }: TilingRule,
  tiling: Tiling,
): number | null {
  const long = Math.max(width, height)
  if (tiling === 'off') return null
  if (tiling !== 'auto') return long > tiling ? tiling : null
  if (learnt !== null) return long > LARGER * learnt ? learnt : null
  // Larger than the input by a factor that cameras reach, so that objects of photographs are not cut to pieces.
  return long > LOST * input ? 2 * input : null
}

/** Square tiles (the image's own sides where it is smaller), row by row, evenly over the image. */
export function tilesOf(image: Size, side: number): Tile[] {
  const along = (length: number): { readonly size: number; readonly starts: number[] } => {
    const size = Math.min(side, length)
    const shared = OVERLAP * size
    const count = Math.max(1, Math.ceil((length - shared) / (size - shared)))
    const starts = Array.from({ length: count }, (_, i) =>
      count === 1 ? 0 : Math.round((i * (length - size)) / (count - 1)),
    )
    return { size, starts }
  }
  const [columns, rows] = [along(image.width), along(image.height)]
  return rows.starts.flatMap((y) =>
    columns.starts.map((x) => ({ x, y, width: columns.size, height: rows.size })),
  )
}

interface Found {
  readonly box: BoxXyxy
  readonly categoryId: number
  readonly score: number
}

/**
 * Class-wise NMS over all tiles. Boxes that a border cuts come last, whatever they score, and go where a whole box of their class covers
 * them; those that the whole image gave count where they are too large for a tile to hold them whole.
 *
 * @param tiled detections in pixels of the image, with their tile.
 * @param whole detections in the image as a whole.
 * @param nms IoU above which a box goes that overlaps a better one.
 * @returns best first.
 */
export function mergeTiles<T extends Found>(
  image: Size,
  tiled: readonly { readonly tile: Tile; readonly detections: readonly T[] }[],
  whole: readonly T[],
  nms: number,
): T[] {
  const [first] = tiled
  if (!first) return [...whole]
  const all = [
    ...whole.filter(({ box }) => isLargeIn(first.tile, box)).map((one) => ({ one, isCut: false })),
    ...tiled.flatMap(({ tile, detections }) =>
      detections.map((one) => ({ one, isCut: isCutBy(one.box, tile, image) })),
    ),
  ]
  all.sort((a, b) => Number(a.isCut) - Number(b.isCut) || b.one.score - a.one.score)
  const kept = new Map<number, T[]>()
  for (const { one, isCut } of all) {
    const rivals = kept.get(one.categoryId) ?? []
    const goes = rivals.some(({ box }) => {
      const shared = intersection(one.box, box)
      if (shared === 0) return false
      const own = area(one.box)
      return shared / (own + area(box) - shared) > nms || (isCut && shared / own > COVERED)
    })
    if (goes) continue
    rivals.push(one)
    kept.set(one.categoryId, rivals)
  }
  return [...kept.values()].flat().sort((a, b) => b.score - a.score)
}

/** Whether a box may lie whole in no tile. */
export const isLargeIn = ({ width, height }: Size, [x1, y1, x2, y2]: BoxXyxy): boolean =>
  x2 - x1 > OVERLAP * width || y2 - y1 > OVERLAP * height

/** Whether a border of the tile that is none of the image cuts the box. */
function isCutBy([x1, y1, x2, y2]: BoxXyxy, { x, y, width, height }: Tile, image: Size): boolean {
  const [nearX, nearY] = [NEAR * width, NEAR * height]
  return (
    (x > 0 && x1 < x + nearX) ||
    (y > 0 && y1 < y + nearY) ||
    (x + width < image.width && x2 > x + width - nearX) ||
    (y + height < image.height && y2 > y + height - nearY)
  )
}

const area = ([x1, y1, x2, y2]: BoxXyxy): number => (x2 - x1) * (y2 - y1)

function intersection(a: BoxXyxy, b: BoxXyxy): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  return width > 0 && height > 0 ? width * height : 0
}
