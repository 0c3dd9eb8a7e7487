/** Masks of objects over the network's input, made once per object: outlines keep their identity while nothing moves them. */
import type { Size } from '../../geometry/box.ts'
import { columnsOf } from '../../geometry/mask.ts'
import type { Ring } from '../../geometry/polygon.ts'
import { type Rle, rleArea, rleBounds, rleOfRings } from '../../geometry/rle.ts'
import type { Outlines } from '../assigner.ts'

/** The pixels of a mask within its bounds. */
export interface Bitmap extends Size {
  /** Where its first pixel lies in the input. */
  readonly x: number
  readonly y: number
  /** [height·width], row-major, 1 where set. */
  readonly pixels: Uint8Array
}

const bitmaps = new WeakMap<Rle, Bitmap>()

export function bitmapOf(mask: Rle): Bitmap {
  const known = bitmaps.get(mask)
  if (known) return known
  const [x, y, x2, y2] = rleBounds(mask)
  const bitmap = { x, y, width: x2 - x, height: y2 - y, pixels: new Uint8Array((x2 - x) * (y2 - y)) }
  for (const [column, from, to] of columnsOf(mask)) {
    for (let row = from; row < to; row++) bitmap.pixels[(row - y) * bitmap.width + column - x] = 1
  }
  bitmaps.set(mask, bitmap)
  return bitmap
}

/** Whether the pixel that holds a point is set. */
export function holds(mask: Rle, x: number, y: number): boolean {
  const bitmap = bitmapOf(mask)
  const [column, row] = [Math.floor(x) - bitmap.x, Math.floor(y) - bitmap.y]
  const isInside = column >= 0 && row >= 0 && column < bitmap.width && row < bitmap.height
  return isInside && bitmap.pixels[row * bitmap.width + column] === 1
}

const masks = new WeakMap<readonly Ring[], Rle>()

/** The mask of an outline; null of one that holds no pixel of the input. */
export function maskOfOutline(rings: readonly Ring[], { width, height }: Size): Rle | null {
  const known = masks.get(rings)
  const mask = known?.width === width && known.height === height ? known : rleOfRings(rings, width, height)
  if (mask !== known) masks.set(rings, mask)
  return rleArea(mask) > 0 ? mask : null
}

/** [N] null for objects of which only the box is known. */
export const masksOfOutlines = (outlines: Outlines, input: Size): (Rle | null)[] =>
  outlines.map((rings) => rings && maskOfOutline(rings, input))
