/**
 * Image files to pixels, as the detector's training data were read: EXIF orientation applied, colour profiles and alpha
 * dropped (what Pillow's convert('RGB') and OpenCV do), the first frame or page only, 16 bits cut to their upper 8.
 */
import { readFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import { CodedError } from '../../../core/errors.ts'
import { decodeBmp } from '../../../core/formats/bmp.ts'
import { BMP_HEADER_BYTES, isBmp, readBmpHeader } from '../../../core/formats/bmp-header.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { Turnstile } from './turnstile.ts'

export interface RgbImage {
  readonly width: number
  readonly height: number
  /** [height, width, 3] RGB, row-major. Its buffer holds nothing else, so that it can be transferred. */
  readonly data: Uint8Array
}

/** 134 megapixels, 400 MB as RGB: above every camera, below what a small machine can hold beside a model. */
const MAX_PIXELS = 2 ** 27

const FORMATS = new Set(['jpeg', 'png', 'webp', 'tiff', 'gif', 'heif'])
const FORMAT_NAMES = 'JPEG, PNG, WebP, BMP, TIFF, GIF or AVIF'

// One libvips thread per image: images are decoded side by side by libuv's pool, and a training step needs the cores.
// No image passes through the same operations twice, so libvips' operation cache would only hold memory.
sharp.concurrency(1)
sharp.cache(false)

const turnstile = new Turnstile()

/**
 * Decodes an image file. One that fails is tried once more, alone: libvips has one buffer for the errors of all threads,
 * so that of two files that fail at the same time one may be told the other's reason.
 * @throws CodedError DATA_IMAGE_UNREADABLE (missing or no permission), DATA_IMAGE_FORMAT (not an image, or of a kind that
 * is not read), DATA_IMAGE_TOO_LARGE, DATA_IMAGE_BROKEN (truncated or corrupt); each names the file and the reason.
 */
export async function decodeImage(path: string): Promise<RgbImage> {
  try {
    return await turnstile.together(() => decode(path))
  } catch (error) {
    if ((error as CodedError).code === 'DATA_IMAGE_UNREADABLE') throw error
    return await turnstile.alone(() => decode(path))
  }
}

async function decode(path: string): Promise<RgbImage> {
  const bytes = await readBytes(path)
  if (bytes.length === 0) throw new CodedError('DATA_IMAGE_BROKEN', `${path}: the file is empty`)
  if (isBmp(bytes)) return decodeBmpFile(path, bytes)
  // 'error' accepts what viewers accept (stray bytes between markers) and refuses missing or undecodable pixels.
  const image = sharp(bytes, { failOn: 'error', limitInputPixels: false, ignoreIcc: true })
  await checkHeader(path, image)
  try {
    const { data, info } = await image
      .autoOrient()
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toUint8Array()
    return { width: info.width, height: info.height, data }
  } catch (error) {
    throw broken(path, error)
  }
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const reason = code === 'ENOENT' ? 'there is no such file' : (error as Error).message
    throw new CodedError('DATA_IMAGE_UNREADABLE', `${path}: ${reason}`, undefined, { cause: error })
  }
}

/** Refuses, before any pixel is decoded, what would be read wrongly or not fit into memory. */
async function checkHeader(path: string, image: Sharp): Promise<void> {
  const remedy = `Save it as ${FORMAT_NAMES}`
  const header = await image.metadata().catch((error: Error) => {
    // libvips says "unsupported image format" of files that no reader recognises, and names the defect otherwise.
    if (!/unsupported image format/.test(error.message)) throw broken(path, error)
    throw new CodedError('DATA_IMAGE_FORMAT', `${path}: not an image, or its header is damaged`, remedy, {
      cause: error,
    })
  })
  if (!FORMATS.has(header.format)) {
    throw new CodedError('DATA_IMAGE_FORMAT', `${path}: ${header.format} images are not read`, remedy)
  }
  // Floating-point TIFFs have no agreed range; guessing one would show the detector another picture.
  if (header.depth !== 'uchar' && header.depth !== 'ushort') {
    const kind = `${header.depth} samples are not read, only 8 and 16 bits`
    throw new CodedError('DATA_IMAGE_FORMAT', `${path}: ${kind}`, 'Convert it to 8 or 16 bits')
  }
  checkSize(path, header)
}

function checkSize(path: string, { width, height }: Size): void {
  if (width * height <= MAX_PIXELS) return
  const size = `${width}×${height} is more than ${Math.floor(MAX_PIXELS / 1e6)} megapixels`
  throw new CodedError('DATA_IMAGE_TOO_LARGE', `${path}: ${size}`, 'Cut it into tiles')
}

/** libvips does not read BMP files. */
function decodeBmpFile(path: string, bytes: Buffer): RgbImage {
  try {
    checkSize(path, readBmpHeader(bytes.subarray(0, BMP_HEADER_BYTES)))
    return decodeBmp(bytes)
  } catch (error) {
    if (!(error instanceof CodedError) || error.code === 'DATA_IMAGE_TOO_LARGE') throw error
    throw new CodedError(error.code, `${path}: ${error.message}`, error.remedy)
  }
}

function broken(path: string, error: unknown): CodedError {
  // libvips lists every complaint of its reader, a line each; the last is the one that stopped it.
  const reason = (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1)
  return new CodedError('DATA_IMAGE_BROKEN', `${path}: ${reason}`, undefined, { cause: error })
}
