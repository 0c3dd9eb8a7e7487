/** A picture that can be drawn at any view, whole or in tiles. */
import type { Size } from '../../../core/geometry/box.ts'
import { type View, visibleBox, zoomOf } from '../geometry/view.ts'
import type { Sight } from '../layers/placement.ts'

export interface Picture {
  /** Of decoded pixels held now. */
  readonly bytes: number
  /** Draws in CSS pixels of the canvas; parts not there yet are left as they are. */
  draw(context: CanvasRenderingContext2D, sight: Sight): void
  close(): void
}

/** Crisp pixels from 100 % on; below, smooth from prepared smaller copies, which the browser keeps. */
export function setSmoothing(context: CanvasRenderingContext2D, { view, pixelRatio }: Sight): void {
  context.imageSmoothingEnabled = zoomOf(view, pixelRatio) < 1
  context.imageSmoothingQuality = 'medium'
}

/** Draws the part of a bitmap that is in sight; the bitmap stands for `part` of the image, which starts at a pixel. */
export function drawPart(
  context: CanvasRenderingContext2D,
  bitmap: ImageBitmap,
  origin: { readonly x: number; readonly y: number },
  part: Size,
  { view, viewport }: Sight,
): void {
  const stepX = part.width / bitmap.width
  const stepY = part.height / bitmap.height
  const [x1, y1, x2, y2] = visibleBox(view, viewport)
  // Whole pixels of the bitmap, so that its edge pixels are not cut.
  const left = Math.max(0, Math.floor((x1 - origin.x) / stepX))
  const top = Math.max(0, Math.floor((y1 - origin.y) / stepY))
  const right = Math.min(bitmap.width, Math.ceil((x2 - origin.x) / stepX))
  const bottom = Math.min(bitmap.height, Math.ceil((y2 - origin.y) / stepY))
  if (right <= left || bottom <= top) return
  const place = (v: View) => ({
    x: v.x + (origin.x + left * stepX) * v.scale,
    y: v.y + (origin.y + top * stepY) * v.scale,
    width: (right - left) * stepX * v.scale,
    height: (bottom - top) * stepY * v.scale,
  })
  const to = place(view)
  context.drawImage(bitmap, left, top, right - left, bottom - top, to.x, to.y, to.width, to.height)
}

export class WholePicture implements Picture {
  readonly bytes: number
  readonly #bitmap: ImageBitmap
  readonly #size: Size

  /** `size` is the image's; a thumbnail's bitmap is smaller. */
  constructor(bitmap: ImageBitmap, size: Size) {
    this.#bitmap = bitmap
    this.#size = size
    this.bytes = bitmap.width * bitmap.height * 4
  }

  draw(context: CanvasRenderingContext2D, sight: Sight): void {
    setSmoothing(context, sight)
    // A thumbnail stretched with hard pixels looks broken rather than early.
    if (this.#bitmap.width < this.#size.width) context.imageSmoothingEnabled = true
    drawPart(context, this.#bitmap, { x: 0, y: 0 }, this.#size, sight)
  }

  close(): void {
    this.#bitmap.close()
  }
}
