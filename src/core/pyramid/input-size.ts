/** The size at which the network sees an image. */
import type { Size } from '../geometry/box.ts'

export interface SizeRule {
  /** The image is scaled so that its short side is shortSide, unless its long side would pass longSide. */
  readonly shortSide: number
  readonly longSide: number
}

/** The network halves its input five times before P6, and its upsampling is exact on multiples of this. */
export const PAD_MULTIPLE = 32

/** Size after resizing, as torchvision computes it: floor(side · f), f = min(shortSide / min, longSide / max); at least 1 px. */
export function resizedSize({ width, height }: Size, { shortSide, longSide }: SizeRule): Size {
  const f = Math.min(shortSide / Math.min(width, height), longSide / Math.max(width, height))
  return { width: Math.max(1, Math.floor(width * f)), height: Math.max(1, Math.floor(height * f)) }
}

/** Size after padding at the right and bottom. */
export function paddedSize({ width, height }: Size): Size {
  const pad = (side: number) => Math.ceil(side / PAD_MULTIPLE) * PAD_MULTIPLE
  return { width: pad(width), height: pad(height) }
}
