/** Image boxes as rectangles of the screen, aligned so that their lines are crisp. */
import type { BoxXyxy, Size } from '../../../core/geometry/box.ts'
import type { View } from '../geometry/view.ts'

/** What a layer needs to know to draw. */
export interface Sight {
  readonly view: View
  readonly viewport: Size
  readonly pixelRatio: number
}

/** Beyond the canvas's edge nothing is seen; cutting there keeps dashes of huge boxes cheap. */
const BEYOND = 64

export interface ScreenRect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Where a box's outline goes: its lines lie between device pixels, or on them for an odd line width. */
export function placeBox(box: BoxXyxy, { view, viewport, pixelRatio }: Sight, lineWidth: number): ScreenRect {
  const half = (Math.round(lineWidth * pixelRatio) % 2) / 2
  const align = (value: number, side: number) =>
    (Math.round(Math.min(side + BEYOND, Math.max(-BEYOND, value)) * pixelRatio) + half) / pixelRatio
  const x = align(view.x + box[0] * view.scale, viewport.width)
  const y = align(view.y + box[1] * view.scale, viewport.height)
  return {
    x,
    y,
    width: align(view.x + box[2] * view.scale, viewport.width) - x,
    height: align(view.y + box[3] * view.scale, viewport.height) - y,
  }
}
