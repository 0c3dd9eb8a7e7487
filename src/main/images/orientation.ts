/** EXIF orientation: how the stored pixels are rotated for display (Exif 2.32, tag 274). */
import type { Sharp } from 'sharp'
import type { Size } from '../../core/geometry/box.ts'

export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

/** First mirrored, left to right or top to bottom, then turned clockwise. */
const STEPS: Record<Orientation, { flop?: true; flip?: true; angle?: 90 | 180 | 270 }> = {
  1: {},
  2: { flop: true },
  3: { angle: 180 },
  4: { flip: true },
  5: { flip: true, angle: 90 },
  6: { angle: 90 },
  7: { flop: true, angle: 90 },
  8: { angle: 270 },
}

/** Values outside the standard count as none. */
export const orientationOf = (tag: number | undefined): Orientation =>
  (tag !== undefined && Object.hasOwn(STEPS, tag) ? tag : 1) as Orientation

const isTurned = (orientation: Orientation): boolean => orientation >= 5

export const displayedSize = ({ width, height }: Size, orientation: Orientation): Size =>
  isTurned(orientation) ? { width: height, height: width } : { width, height }

/** Rotates what a pipeline has cropped or reduced, so that only that is held in memory. */
export function orient(image: Sharp, orientation: Orientation): Sharp {
  const { flop, flip, angle } = STEPS[orientation]
  if (flop) image.flop()
  if (flip) image.flip()
  return angle ? image.rotate(angle) : image
}

export interface Region extends Size {
  readonly left: number
  readonly top: number
}

/** Maps a region of the displayed picture to the stored one, whose size is `stored`. */
export function storedRegion(region: Region, stored: Size, orientation: Orientation): Region {
  const turned = isTurned(orientation)
  const [left, top, width, height] = turned
    ? [region.top, region.left, region.height, region.width]
    : [region.left, region.top, region.width, region.height]
  const fromRight = [2, 3, 7, 8].includes(orientation)
  const fromBottom = [3, 4, 6, 7].includes(orientation)
  return {
    left: fromRight ? stored.width - left - width : left,
    top: fromBottom ? stored.height - top - height : top,
    ...{ width, height },
  }
}
