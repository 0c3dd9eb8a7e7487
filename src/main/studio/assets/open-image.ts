/** Image files as libvips sees them, and BMP files, which it does not read. */
import { open, readFile } from 'node:fs/promises'
import sharp, { type Sharp, type SharpOptions } from 'sharp'
import { decodeBmp } from '../../../core/formats/bmp.ts'
import { BMP_HEADER_BYTES, type BmpHeader, isBmp, readBmpHeader } from '../../../core/formats/bmp-header.ts'
import { imageError } from './image-errors.ts'

// A cached file would stay open, and one that was replaced would be seen as it was.
sharp.cache(false)

/**
 * The header of a BMP file, and undefined for any other.
 * @throws CodedError DATA_IMAGE_BROKEN, DATA_IMAGE_FORMAT, and the errors of the file system.
 */
export async function bmpHeaderOf(file: string): Promise<BmpHeader | undefined> {
  const handle = await open(file)
  try {
    const head = Buffer.alloc(BMP_HEADER_BYTES)
    const { bytesRead } = await handle.read(head, 0, head.length, 0)
    return isBmp(head) ? readBmpHeader(head.subarray(0, bytesRead)) : undefined
  } finally {
    await handle.close()
  }
}

/** Undecodable and missing pixels are errors; what viewers accept is accepted. Sizes are for the caller to limit. */
export const LENIENT = { failOn: 'error', limitInputPixels: false } as const satisfies SharpOptions

/**
 * The first frame or page. Pixels are read when the pipeline runs, those of a BMP file at once.
 * @throws CodedError DATA_IMAGE_BROKEN, DATA_IMAGE_UNREADABLE of a BMP file.
 */
export async function openImage(file: string, format: string, options: SharpOptions = {}): Promise<Sharp> {
  if (format !== 'bmp') return sharp(file, { ...LENIENT, ...options })
  try {
    const { width, height, data } = decodeBmp(await readFile(file))
    return sharp(data, { ...LENIENT, raw: { width, height, channels: 3 } })
  } catch (error) {
    throw imageError(file, error)
  }
}
