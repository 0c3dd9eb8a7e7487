/**
 * Boxes in image pixels. Continuous coordinates: pixel k covers [k, k+1), so a box's width is x2 − x1.
 * The format is named in the type; tensors of boxes are flat arrays [N·4] in x1, y1, x2, y2 order.
 */
export type BoxXyxy = readonly [x1: number, y1: number, x2: number, y2: number]
export type BoxXywh = readonly [x: number, y: number, width: number, height: number]

export interface Size {
  readonly width: number
  readonly height: number
}

export const toXywh = ([x1, y1, x2, y2]: BoxXyxy): BoxXywh => [x1, y1, x2 - x1, y2 - y1]
export const toXyxy = ([x, y, w, h]: BoxXywh): BoxXyxy => [x, y, x + w, y + h]
export const area = ([x1, y1, x2, y2]: BoxXyxy): number => (x2 - x1) * (y2 - y1)

/** Intersection over union of two boxes; 0 where they do not overlap. */
export function iou(a: BoxXyxy, b: BoxXyxy): number {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (w <= 0 || h <= 0) return 0
  const intersection = w * h
  return intersection / (area(a) + area(b) - intersection)
}
