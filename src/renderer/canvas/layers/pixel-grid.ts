/** Lines between pixels, once they are large enough for single ones to matter. */
import type { Size } from '../../../core/geometry/box.ts'
import { visibleBox } from '../geometry/view.ts'
import type { Sight } from './placement.ts'

/** From 1600 % on at one device pixel per CSS pixel. */
const FROM_SCALE = 16

export function drawPixelGrid(
  context: CanvasRenderingContext2D,
  image: Size,
  sight: Sight,
  colour: string,
): void {
  const { view, viewport, pixelRatio } = sight
  if (view.scale < FROM_SCALE) return
  const [x1, y1, x2, y2] = visibleBox(view, viewport)
  const left = Math.max(0, Math.floor(x1))
  const right = Math.min(image.width, Math.ceil(x2))
  const top = Math.max(0, Math.floor(y1))
  const bottom = Math.min(image.height, Math.ceil(y2))
  const align = (value: number) => (Math.round(value * pixelRatio) + 0.5) / pixelRatio
  const screenX = (x: number) => align(view.x + x * view.scale)
  const screenY = (y: number) => align(view.y + y * view.scale)
  context.beginPath()
  for (let x = left; x <= right; x++) {
    context.moveTo(screenX(x), screenY(top))
    context.lineTo(screenX(x), screenY(bottom))
  }
  for (let y = top; y <= bottom; y++) {
    context.moveTo(screenX(left), screenY(y))
    context.lineTo(screenX(right), screenY(y))
  }
  context.strokeStyle = colour
  context.lineWidth = 1 / pixelRatio
  context.stroke()
}
