/** The one way to the pixels of an image that has labels: whoever learns from them or is measured with them comes by here. */
import { CodedError } from '../../../core/errors.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { decodeImage, type RgbImage } from '../../images/decode.ts'

/** Size of the image as its labels count it; 0 × 0 or undefined where they do not say, or where there are none. */
export interface ImageWithLabels {
  readonly path: string
  readonly size?: Size | undefined
}

/**
 * @throws CodedError as decodeImage; DATA_IMAGE_SIZE for an image of another size than its labels count in, since they
 *   would lie in the wrong places, silently.
 */
export async function decodeLabelled({ path, size }: ImageWithLabels): Promise<RgbImage> {
  const image = await decodeImage(path)
  if (!size || size.width === 0 || size.height === 0) return image
  const { width, height } = size
  if (image.width === width && image.height === height) return image
  const isTurned = image.width === height && image.height === width
  throw new CodedError(
    'DATA_IMAGE_SIZE',
    `${path}: the image is ${image.width}×${image.height}, EXIF orientation applied, but its labels are for ${width}×${height}`,
    isTurned
      ? 'The labels count in the pixels as they are stored: turn the photo itself, or the labels'
      : 'Are these the labels of another version of the image, or of its namesake in another folder?',
  )
}

/** Greatest value of 8 bits that a picture with 12 bits of information in 16 can have. */
const TWELVE_BITS = 15

/** Whether an image is as good as black throughout, as one is that has 12 bits in a file of 16. */
export function isBlack({ data }: RgbImage): boolean {
  return data.every((value) => value <= TWELVE_BITS)
}
