import type { BoxXywh, Size } from '../geometry/box.ts'

/** Cells of the grid over the image, per axis. */
const GRID = 4

/**
 * Describes an image by its detections, to compare images where no embedding of the network is available:
 * [K·GRID² ] score by class and by the cell of a 4×4 grid that holds the box's centre; [K] score · side of the box as a
 * share of the image's (√ of the shares of area), so that near and far views differ.
 *
 * @param image size in the pixels of the boxes
 * @param categoryIds the classes; detections of other classes are ignored
 */
export function descriptorOf(
  detections: readonly { readonly categoryId: number; readonly box: BoxXywh; readonly score: number }[],
  image: Size,
  categoryIds: readonly number[],
): Float32Array {
  const cells = GRID * GRID
  const descriptor = new Float32Array(categoryIds.length * (cells + 1))
  for (const { categoryId, box, score } of detections) {
    const k = categoryIds.indexOf(categoryId)
    if (k < 0) continue
    const [x, y, width, height] = box
    const column = cellOf((x + width / 2) / image.width)
    const row = cellOf((y + height / 2) / image.height)
    descriptor[k * cells + row * GRID + column]! += score
    descriptor[categoryIds.length * cells + k]! +=
      score * Math.sqrt((width * height) / (image.width * image.height))
  }
  return descriptor
}

const cellOf = (share: number): number => Math.min(Math.max(Math.floor(share * GRID), 0), GRID - 1)
