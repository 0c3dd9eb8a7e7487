/**
 * Cuts large images into overlapping tiles, and merges the detections of all tiles into those of the image. SAHI (Akyon et al.
 * 2022) does the same, but has no rule for boxes that the border of a tile cuts, and merges whatever overlaps by more than half.
 */
import { z } from 'zod'
import type { BoxXyxy, Size } from '../../geometry/box.ts'

/** Pixels of the image. All tiles of an image have one size. */
export interface Tile extends Size {
  readonly x: number
  readonly y: number
}

/** The scale at which a model has seen its objects, as far as that is known. */
export interface TilingRule {
  /** Long side of the network's input. */
  readonly input: number
  /** Typical long side of the images that the model learnt from; null where that is not known. */
  readonly learnt: number | null
}

/** Long side of the tiles, in pixels of the image; chosen where `auto`. */
export const Tiling = z.union([z.enum(['auto', 'off']), z.int().min(32)])
export type Tiling = z.infer<typeof Tiling>

/** Neighbouring tiles overlap by this share of a tile's side, so that every smaller object lies whole in one of them. */
export const OVERLAP = 0.2
/** An image is tiled if it is more than this many times as large as the images that the model learnt from. */
const LARGER = 2
/**
 * Where that is unknown, an image is tiled if it is more than this many times as large as the input, in which objects of 8 pixels
 * would be smaller than one.
 */
export const LOST = 8
/** A box counts as cut if it comes nearer than this to a border of its tile, as a share of the tile's side. */
const NEAR = 0.01
/** A cut box is dropped where a whole box of its class covers more than this share of it. */
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
  // Photographs, whose objects may fill them, seldom are that large; so their objects are not cut to pieces.
  return long > LOST * input ? 2 * input : null
}

/** Square tiles, row by row and evenly spaced over the image. Where the image is smaller than a tile, the tile has its side. */
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
 * NMS by class over the detections of all tiles. Boxes that the border of a tile cuts are ranked last, whatever their score, and
 * are dropped where a whole box of their class covers them. Of the detections in the whole image, those count that are too large to
 * lie whole in a tile for certain.
 *
 * @param tiled detections in pixels of the image, with their tile.
 * @param whole detections in the image as a whole.
 * @param nms a box is dropped if its IoU with a better one is above this.
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
    const isDropped = rivals.some(({ box }) => {
      const shared = intersection(one.box, box)
      if (shared === 0) return false
      const own = area(one.box)
      return shared / (own + area(box) - shared) > nms || (isCut && shared / own > COVERED)
    })
    if (isDropped) continue
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
