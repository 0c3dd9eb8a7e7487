/**
 * Decodes image files to pixels, in the same way as the detector's training data: EXIF orientation applied, colour profiles
 * and alpha dropped (what Pillow's convert('RGB') and OpenCV do), the first frame or page only, 16 bits cut to their upper
 * 8.
 */
import { readFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import { CodedError } from '../../core/errors.ts'
import { decodeBmp } from '../../core/formats/bmp.ts'
import type { Size } from '../../core/geometry/box.ts'
import { type Header, readHeader } from './header.ts'
import { LENIENT, withImage } from './libvips.ts'

export interface RgbImage {
  readonly width: number
  readonly height: number
  /** [height, width, 3] RGB, row-major. Its buffer contains nothing else, so it can be transferred. */
  readonly data: Uint8Array
  /** Set where the file has more frames or pages than this one. */
  readonly pages?: number
}

/** What is decoded at once: 134 megapixels, 400 MB as RGB: above every camera, below what a small machine can hold beside a model. */
export const MAX_PIXELS = 2 ** 27
/** What is read in parts. */
const MAX_PIXELS_IN_PARTS = 2 ** 29

/**
 * Decodes an image file.
 * @throws CodedError DATA_IMAGE_UNREADABLE (missing, no permission, no regular file), DATA_IMAGE_FORMAT (not an image, or in
 * an unsupported format), DATA_IMAGE_TOO_LARGE, DATA_IMAGE_BROKEN (truncated or corrupt); each names the file and the
 * reason.
 */
export const decodeImage = (file: string): Promise<RgbImage> => withImage(file, () => decode(file))

async function decode(file: string): Promise<RgbImage> {
  const header = await readHeader(file)
  // Refuses, before decoding any pixels, what would not fit into memory or be read wrongly.
  requirePixels(header.stored, 'at once')
  requireKnownSamples(header)
  if (header.format === 'bmp') return decodeBmp(await readFile(file))
  const image = await toRgb(sharp(file, { ...LENIENT, ignoreIcc: true }).autoOrient())
  return header.pages > 1 ? { ...image, pages: header.pages } : image
}

/** @throws CodedError DATA_IMAGE_TOO_LARGE, without the file's name. */
export function requirePixels({ width, height }: Size, how: 'at once' | 'in parts'): void {
  const most = how === 'at once' ? MAX_PIXELS : MAX_PIXELS_IN_PARTS
  if (width * height <= most) return
  const size = `${width}×${height} is more than ${Math.floor(most / 1e6)} megapixels`
  throw new CodedError('DATA_IMAGE_TOO_LARGE', size, 'Cut it into tiles')
}

/**
 * Floating-point TIFFs have no agreed range; a guess would show the detector a different picture.
 * @throws CodedError DATA_IMAGE_FORMAT, without the file's name.
 */
export function requireKnownSamples({ depth }: Pick<Header, 'depth'>): void {
  if (depth !== 'float') return
  const reason = 'float samples are not supported, only 8 and 16 bits'
  throw new CodedError('DATA_IMAGE_FORMAT', reason, 'Convert it to 8 or 16 bits')
}

export async function toRgb(image: Sharp): Promise<RgbImage> {
  const { data, info } = await image
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toUint8Array()
  if (!data) throw new Error('its pixels cannot be read')
  return { width: info.width, height: info.height, data }
}
