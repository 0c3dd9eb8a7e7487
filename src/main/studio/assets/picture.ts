/** What is known of an image file before its pixels are read, and how it goes onto the screen. */
import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import sharp from 'sharp'
import { CodedError } from '../../../core/errors.ts'
import { checkBmpLength } from '../../../core/formats/bmp.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { imageError, unreadable } from './image-errors.ts'
import { bmpHeaderOf, LENIENT } from './open-image.ts'
import { displayedSize, type Orientation, orientationOf } from './orientation.ts'

export interface Picture extends Size {
  readonly file: string
  /** Names this version of this file: its path, size and time of change. */
  readonly key: string
  readonly format: string
  /** Pixels as stored; `width` and `height` are as displayed. */
  readonly stored: Size
  readonly orientation: Orientation
  readonly depth: 8 | 16 | 'float'
  readonly channels: number
  readonly kind: 'whole' | 'tiled'
  /** Browsers show the file itself as it is meant. */
  readonly isForBrowsers: boolean
}

/** Pictures of more pixels, or longer sides, than browsers draw without trouble go in tiles. */
const MOST_PIXELS_WHOLE = 50_000_000
const LONGEST_SIDE_WHOLE = 16_384

/** More than any picture of 500 megapixels. */
const MOST_PIXELS = 2 ** 29

/** Of files that can only be decoded in one piece: 134 megapixels, 540 MB as RGBA. */
const MOST_PIXELS_AT_ONCE = 2 ** 27

const DEPTHS: Record<string, Picture['depth']> = { uchar: 8, ushort: 16, float: 'float' }
const BROWSER_FORMATS = new Set(['jpeg', 'png', 'webp', 'avif', 'gif'])
const FORMATS = new Set([...BROWSER_FORMATS, 'tiff'])

/** Changes with the file, as far as its size and time tell. Throws DATA_IMAGE_UNREADABLE. */
export async function keyOf(file: string): Promise<string> {
  let stats: BigIntStats
  try {
    stats = await stat(file, { bigint: true })
  } catch (error) {
    throw unreadable(file, error)
  }
  if (!stats.isFile()) throw new CodedError('DATA_IMAGE_UNREADABLE', `${file} is not a file`)
  const text = `${file}\0${stats.size}\0${stats.mtimeNs}`
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

/**
 * Reads a file's header.
 * @throws CodedError DATA_IMAGE_UNREADABLE, DATA_IMAGE_FORMAT, DATA_IMAGE_TOO_LARGE; from libvips plain errors, whose
 * reason is not sure.
 */
export async function examine(file: string, key: string): Promise<Picture> {
  const picture = (await examineBmp(file, key)) ?? (await examineOther(file, key))
  const { width, height } = picture.stored
  const most = picture.isInOnePiece ? MOST_PIXELS_AT_ONCE : MOST_PIXELS
  if (width * height > most) {
    const size = `${width}×${height} is more than ${Math.floor(most / 1e6)} megapixels`
    const remedy = picture.isInOnePiece
      ? 'Save it as TIFF or as a JPEG that is not progressive'
      : 'Cut it into pieces'
    throw new CodedError('DATA_IMAGE_TOO_LARGE', `${file}: ${size}`, remedy)
  }
  const { isInOnePiece: _, ...rest } = picture
  return rest
}

interface Found extends Picture {
  /** The format, or this file of it, leaves no choice but to hold all pixels in memory. */
  readonly isInOnePiece: boolean
}

async function examineBmp(file: string, key: string): Promise<Found | undefined> {
  try {
    const header = await bmpHeaderOf(file)
    if (!header) return undefined
    checkBmpLength(header, Number((await stat(file)).size))
    const { width, height } = header
    const size = { width, height }
    return {
      ...{ file, key, format: 'bmp', stored: size, ...size, orientation: 1, depth: 8, channels: 3 },
      kind: kindOf(size),
      // Whether the fourth byte of a pixel is alpha, programs do not agree.
      isForBrowsers: header.bitsPerPixel <= 24 && header.compression === 'none',
      isInOnePiece: header.compression !== 'none',
    }
  } catch (error) {
    throw imageError(file, error)
  }
}

async function examineOther(file: string, key: string): Promise<Found> {
  const header = await sharp(file, LENIENT).metadata()
  const format = header.format === 'heif' ? 'avif' : header.format
  if (!FORMATS.has(format)) throw unread(file, `${format} images are not read`)
  const depth = DEPTHS[header.depth]
  if (!depth) throw unread(file, `${header.depth} samples are not read, only 8 and 16 bits and float`)
  const orientation = orientationOf(header.orientation)
  // libvips gives the whole stack of pages here where a file is a film.
  const stored = { width: header.width, height: header.pageHeight ?? header.height }
  return {
    ...{ file, key, format, stored, orientation, depth, channels: header.channels },
    ...displayedSize(stored, orientation),
    kind: kindOf(stored),
    // That browsers turn JPEG files by their EXIF orientation is certain; of the others not all do.
    isForBrowsers: depth === 8 && BROWSER_FORMATS.has(format) && (orientation === 1 || format === 'jpeg'),
    isInOnePiece: header.isProgressive || !['jpeg', 'png', 'tiff'].includes(format),
  }
}

const kindOf = ({ width, height }: Size): Picture['kind'] =>
  width * height > MOST_PIXELS_WHOLE || Math.max(width, height) > LONGEST_SIDE_WHOLE ? 'tiled' : 'whole'

const unread = (file: string, reason: string): CodedError =>
  new CodedError('DATA_IMAGE_FORMAT', `${file}: ${reason}`, 'Save it as PNG or TIFF with 8 or 16 bits')
