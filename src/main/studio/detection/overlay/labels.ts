/** Places labels beside their boxes, and not on top of each other if there is room elsewhere. */
import type { BoxXyxy, Size } from '../../../../core/geometry/box.ts'

/** Boxes and labels come in order of importance. Returns the labels' top left corners, in whole pixels. */
export function placeLabels(
  boxes: readonly BoxXyxy[],
  labels: readonly Size[],
  image: Size,
): { readonly x: number; readonly y: number }[] {
  const placed: BoxXyxy[] = []
  return boxes.map(([x1, y1, x2, y2], i) => {
    const { width, height } = labels[i]!
    const clamp = (value: number, most: number): number => Math.round(Math.max(0, Math.min(value, most)))
    const candidates = [
      [x1, y1 - height],
      [x2 - width, y1 - height],
      [x1, y2],
      [x2 - width, y2],
      [x1, y1],
    ].map(([x, y]): BoxXyxy => {
      const left = clamp(x!, image.width - width)
      const top = clamp(y!, image.height - height)
      return [left, top, left + width, top + height]
    })
    const free = candidates.find((candidate) => !placed.some((other) => overlap(candidate, other)))
    const chosen = free ?? candidates[0]!
    placed.push(chosen)
    return { x: chosen[0], y: chosen[1] }
  })
}

const overlap = (a: BoxXyxy, b: BoxXyxy): boolean =>
  Math.min(a[2], b[2]) > Math.max(a[0], b[0]) && Math.min(a[3], b[3]) > Math.max(a[1], b[1])
