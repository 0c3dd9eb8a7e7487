/** The part of an image that shows a finding. */
import type { BoxXyxy, Size } from '../../core/geometry/box.ts'

/** Image pixels. */
export interface Crop {
  readonly x: number
  readonly y: number
  readonly side: number
}

/** Margin around the boxes, as a share of their longer side. */
const MARGIN = 0.35
const LEAST_SIDE = 48

/** A square around a box, moved so that it stays inside the image. */
export function cropAround([x1, y1, x2, y2]: BoxXyxy, { width, height }: Size): Crop {
  const longest = Math.max(x2 - x1, y2 - y1)
  const side = Math.min(Math.max(longest * (1 + 2 * MARGIN), LEAST_SIDE), Math.max(width, height))
  const start = (low: number, high: number, extent: number): number => {
    const centred = (low + high - side) / 2
    // An image narrower than the crop is centred in it.
    if (extent <= side) return (extent - side) / 2
    return Math.min(Math.max(centred, 0), extent - side)
  }
  return { x: start(x1, x2, width), y: start(y1, y2, height), side }
}
