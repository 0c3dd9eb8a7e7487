/** A picture that can be drawn at any view, whole or in tiles. */
import type { BoxXyxy, Size } from '../../../core/geometry/box.ts'
import { visibleBox, zoomOf } from '../geometry/view.ts'
import type { Sight } from '../layers/placement.ts'
import { levelFor } from './tile-grid.ts'

export interface Picture {
  /** Of decoded pixels held now. */
  readonly bytes: number
  /** Draws in CSS pixels of the canvas; parts not there yet are left as they are. */
  draw(context: CanvasRenderingContext2D, sight: Sight): void
  close(): void
}

/** A bitmap and the part of the image it shows, in image pixels. */
export interface PicturePart {
  readonly bitmap: ImageBitmap
  readonly box: BoxXyxy
}

export const bytesOf = (bitmap: ImageBitmap): number => bitmap.width * bitmap.height * 4

const touch = (a: BoxXyxy, b: BoxXyxy) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1]

/** Draws the parts in sight, in their order; crisp pixels from 100 % on. */
export function drawParts(
  context: CanvasRenderingContext2D,
  parts: Iterable<PicturePart>,
  sight: Sight,
): void {
  const { view, viewport, pixelRatio } = sight
  const visible = visibleBox(view, viewport)
  // On whole pixels of the screen neighbouring parts meet without a seam.
  const align = (value: number) => Math.round(value * pixelRatio) / pixelRatio
  context.imageSmoothingEnabled = zoomOf(view, pixelRatio) < 1
  for (const { bitmap, box } of parts) {
    if (!touch(box, visible)) continue
    const x = align(view.x + box[0] * view.scale)
    const y = align(view.y + box[1] * view.scale)
    const width = align(view.x + box[2] * view.scale) - x
    const height = align(view.y + box[3] * view.scale) - y
    context.drawImage(bitmap, x, y, width, height)
  }
}

/** A picture in memory, in several sizes. */
export class WholePicture implements Picture {
  readonly bytes: number
  readonly #levels: readonly (readonly PicturePart[])[]

  /** The parts of the picture, then those of copies, each half as large as the one before. */
  constructor(levels: readonly (readonly PicturePart[])[]) {
    this.#levels = levels
    this.bytes = levels.flat().reduce((sum, { bitmap }) => sum + bytesOf(bitmap), 0)
  }

  /** Shrinking a large picture for every frame is what makes a canvas slow: the smallest copy that is sharp will do. */
  draw(context: CanvasRenderingContext2D, sight: Sight): void {
    const level = levelFor(zoomOf(sight.view, sight.pixelRatio), this.#levels.length)
    drawParts(context, this.#levels[level]!, sight)
  }

  close(): void {
    for (const { bitmap } of this.#levels.flat()) bitmap.close()
  }
}

/** The thumbnail in the picture's place: stretched smoothly, for with hard pixels it looks broken rather than early. */
export function drawPreview(
  context: CanvasRenderingContext2D,
  thumbnail: ImageBitmap,
  image: Size,
  { view }: Sight,
): void {
  context.imageSmoothingEnabled = true
  context.drawImage(thumbnail, view.x, view.y, image.width * view.scale, image.height * view.scale)
}
