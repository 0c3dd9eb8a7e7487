/** What moving and drawing do to shapes; all in image pixels. */
import type { BoxXyxy, Size } from '../../../core/geometry/box.ts'
import type { Shape } from '../../../core/geometry/shape.ts'
import { kindOf } from '../shapes/kind-of.ts'
import type { ImagePoint } from './space.ts'

export const clampPoint = ({ x, y }: ImagePoint, image: Size): ImagePoint => ({
  x: Math.min(image.width, Math.max(0, x)),
  y: Math.min(image.height, Math.max(0, y)),
})

/** To the nearest edge between two pixels. */
export const snapPoint = ({ x, y }: ImagePoint): ImagePoint => ({ x: Math.round(x), y: Math.round(y) })

/** The box two opposite corners span, in any order. */
export const spanBox = (a: ImagePoint, b: ImagePoint): BoxXyxy => [
  Math.min(a.x, b.x),
  Math.min(a.y, b.y),
  Math.max(a.x, b.x),
  Math.max(a.y, b.y),
]

/** The corner that makes a square with `from`, on the pointer's side; its side is the longer distance that stays inside the image. */
export function squareCorner(from: ImagePoint, to: ImagePoint, image: Size): ImagePoint {
  const right = to.x >= from.x
  const down = to.y >= from.y
  const room = Math.min(right ? image.width - from.x : from.x, down ? image.height - from.y : from.y)
  const side = Math.min(room, Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y)))
  return { x: from.x + (right ? side : -side), y: from.y + (down ? side : -side) }
}

/** How far one axis may move: not past the image's edge, nor farther out where a box is outside already. */
function clampShift(shift: number, low: number, high: number, side: number): number {
  const least = Math.min(0, -low)
  const most = Math.max(0, side - high)
  return Math.min(most, Math.max(least, shift))
}

/**
 * How far shapes may move together so that all of them stay inside the image; by whole pixels where one of them is made of
 * those.
 */
export function clampMove(
  shapes: readonly Shape[],
  dx: number,
  dy: number,
  image: Size,
): readonly [dx: number, dy: number] {
  const bounds = shapes.map((shape) => kindOf(shape).bounds(shape))
  const low = (axis: 0 | 1) => bounds.reduce((least, box) => Math.min(least, box[axis]), Infinity)
  const high = (axis: 2 | 3) => bounds.reduce((most, box) => Math.max(most, box[axis]), -Infinity)
  const isPixelwise = shapes.some((shape) => kindOf(shape).isPixelwise(shape))
  const clamp = (shift: number, from: number, to: number, side: number) =>
    isPixelwise
      ? Math.trunc(clampShift(Math.round(shift), from, to, side)) + 0
      : clampShift(shift, from, to, side)
  return [clamp(dx, low(0), high(2), image.width), clamp(dy, low(1), high(3), image.height)]
}

/** The box around points. */
export function boundsOf(points: readonly ImagePoint[]): BoxXyxy {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const { x, y } of points) {
    ;[x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x), Math.max(y2, y)]
  }
  return [x1, y1, x2, y2]
}

/** Even-odd rule: whether a closed path holds a point. */
export function pathHolds(path: readonly ImagePoint[], { x, y }: ImagePoint): boolean {
  let inside = false
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const a = path[i]!
    const b = path[j]!
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside
  }
  return inside
}
