/** Reads the header of an image file, for the scan of a folder, the screen, an overlay or the network. */
import sharp from 'sharp'
import { CodedError } from '../../core/errors.ts'
import { checkBmpLength } from '../../core/formats/bmp.ts'
import type { Size } from '../../core/geometry/box.ts'
import { FORMAT_NAMES } from './errors.ts'
import { bmpHeaderOf, statFile } from './image-file.ts'
import { LENIENT, withImage } from './libvips.ts'
import { displayedSize, type Orientation, orientationOf } from './orientation.ts'

export interface Header {
  readonly format: 'jpeg' | 'png' | 'webp' | 'tiff' | 'gif' | 'avif' | 'bmp'
  /** Pixels of the first frame or page, before the rotation given by `orientation`. */
  readonly stored: Size
  readonly orientation: Orientation
  readonly depth: 8 | 16 | 'float'
  readonly channels: number
  /** Frames of an animation, pages of a document; the first is what is seen. */
  readonly pages: number
  /** This file can only be decoded with all its pixels in memory. */
  readonly isInOnePiece: boolean
  /** Browsers display the file itself correctly. */
  readonly isForBrowsers: boolean
}

const DEPTHS: Record<string, Header['depth']> = { uchar: 8, ushort: 16, float: 'float' }
const BROWSER_FORMATS = new Set(['jpeg', 'png', 'webp', 'avif', 'gif'])
const FORMATS = new Set([...BROWSER_FORMATS, 'tiff'])

export interface Seen {
  /** As displayed. */
  readonly size: Size
  readonly orientation: Orientation
}

/** The size that labels are compared with, without reading pixels. Undefined if the file is not a readable image. */
export async function seeImage(file: string): Promise<Seen | undefined> {
  try {
    const { stored, orientation } = await withImage(file, () => readHeader(file))
    return { size: displayedSize(stored, orientation), orientation }
  } catch {
    return undefined
  }
}

/** Size as displayed. */
export const measure = async (file: string): Promise<Size | undefined> => (await seeImage(file))?.size

/**
 * For tasks of `withImage`.
 * @throws CodedError DATA_IMAGE_UNREADABLE, DATA_IMAGE_FORMAT, DATA_IMAGE_BROKEN; those of libvips and the file system.
 */
export async function readHeader(file: string): Promise<Header> {
  const { size: bytes } = await statFile(file)
  if (bytes === 0n) throw new CodedError('DATA_IMAGE_BROKEN', 'the file is empty')
  return (await bmpHeader(file)) ?? (await otherHeader(file))
}

/** For tasks of `withImage`. Throws DATA_IMAGE_BROKEN if a BMP file has fewer bytes than its pixels need. */
export async function checkLength(file: string, { format }: Header): Promise<void> {
  if (format !== 'bmp') return
  checkBmpLength((await bmpHeaderOf(file))!, Number((await statFile(file)).size))
}

async function bmpHeader(file: string): Promise<Header | undefined> {
  const header = await bmpHeaderOf(file)
  if (!header) return undefined
  const { width, height, compression, bitsPerPixel } = header
  return {
    ...{ format: 'bmp', stored: { width, height }, orientation: 1, depth: 8, channels: 3, pages: 1 },
    isInOnePiece: compression !== 'none',
    // Programs disagree on whether the fourth byte of a pixel is alpha.
    isForBrowsers: bitsPerPixel <= 24 && compression === 'none',
  }
}

async function otherHeader(file: string): Promise<Header> {
  const header = await sharp(file, LENIENT).metadata()
  // For animations, libvips gives the height of all pages together.
  const stored = { width: header.width, height: header.pageHeight ?? header.height }
  if (!(stored.width > 0 && stored.height > 0)) throw new Error('its header cannot be read')
  const format = header.format === 'heif' && header.compression === 'av1' ? 'avif' : header.format
  if (!FORMATS.has(format)) throw unread(`${format} images are not supported`, `Save it as ${FORMAT_NAMES}`)
  const depth = DEPTHS[header.depth]
  if (!depth) throw unread(`${header.depth} samples are not supported`, 'Convert it to 8 or 16 bits')
  const orientation = orientationOf(header.orientation)
  return {
    ...{ format: format as Header['format'], stored, orientation, depth, channels: header.channels },
    pages: header.pages ?? 1,
    isInOnePiece: header.isProgressive || !['jpeg', 'png', 'tiff'].includes(format),
    // All browsers apply the EXIF orientation of JPEG files, but not of all other formats.
    isForBrowsers: depth === 8 && BROWSER_FORMATS.has(format) && (orientation === 1 || format === 'jpeg'),
  }
}

const unread = (reason: string, remedy: string): CodedError =>
  new CodedError('DATA_IMAGE_FORMAT', reason, remedy)
