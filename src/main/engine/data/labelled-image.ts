/**
 * Reads the pixels of a labelled image. Everything that trains on labels or is measured with them reads images here,
 * so that all apply the same guards.
 */
import { CodedError } from '../../../core/errors.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { decodeImage, type RgbImage } from '../../images/decode.ts'
import { type LargeImage, openLarge } from '../../images/region.ts'

/** The size that the labels are for; 0 × 0 or undefined if they do not state it or if there are no labels. */
export interface ImageWithLabels {
  readonly path: string
  readonly size?: Size | undefined
}

/**
 * @throws CodedError as decodeImage; DATA_IMAGE_SIZE if the image has another size than its labels are for, because
 * the boxes would silently lie in the wrong places.
 */
export async function decodeLabelled({ path, size }: ImageWithLabels): Promise<RgbImage> {
  const image = await decodeImage(path)
  if (size) requireSize(path, image, size)
  return image
}

/** Decoded, or open where it is too large for that. @throws CodedError as decodeLabelled. */
export async function openLabelled({ path, size }: ImageWithLabels): Promise<RgbImage | LargeImage> {
  const large = await openLarge(path)
  if (!large) return decodeLabelled({ path, size })
  try {
    if (size) requireSize(path, large, size)
    return large
  } catch (error) {
    await large.close()
    throw error
  }
}

/** @throws CodedError DATA_IMAGE_SIZE as decodeLabelled. */
export function requireSize(path: string, image: Size, { width, height }: Size): void {
  if (width === 0 || height === 0) return
  if (image.width === width && image.height === height) return
  const isTurned = image.width === height && image.height === width
  throw new CodedError(
    'DATA_IMAGE_SIZE',
    `${path}: the image is ${image.width}×${image.height}, EXIF orientation applied, but its labels are for ${width}×${height}`,
    isTurned
      ? 'The labels count in the pixels as they are stored: turn the photo itself, or the labels'
      : 'Are these the labels of another version of the image, or of its namesake in another folder?',
  )
}

/** The greatest 8-bit value of a picture that stores 12 bits in 16. */
const TWELVE_BITS = 15

/** Whether an image is practically black, as is one that stores 12 bits in a 16-bit file. */
export function isBlack({ data }: RgbImage): boolean {
  return data.every((value) => value <= TWELVE_BITS)
}
