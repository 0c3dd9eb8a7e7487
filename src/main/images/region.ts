/** Parts of images that are too large to be decoded for each of them. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import sharp from 'sharp'
import type { Size } from '../../core/geometry/box.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import {
  decodeImage,
  MAX_PIXELS,
  type RgbImage,
  requireKnownSamples,
  requirePixels,
  toRgb,
} from './decode.ts'
import { checkLength, readHeader } from './header.ts'
import { LENIENT, withImage } from './libvips.ts'
import { displayedSize, orient, type Region, storedRegion } from './orientation.ts'
import { TILE } from './pyramid.ts'
import { unpackBmp } from './unpack-bmp.ts'

/** Bytes that copies of images leave free on their disk. */
const LEFT_FREE = 2 ** 32

/**
 * Reads parts of images as `decodeImage` would decode them. JPEG and PNG files can only be read from their beginning, so each image is
 * read once and copied, without compression and in tiles, to where any part takes milliseconds.
 */
export class RegionReader {
  readonly #folder: string | null
  readonly #copies = new Map<string, Promise<string | null>>()

  /** @param folder of the copies; null to read every part from the image itself. */
  constructor(folder: string | null) {
    this.#folder = folder
  }

  /** The size of an image, EXIF orientation applied. @throws CodedError as decodeImage. */
  async size(file: string): Promise<Size> {
    const { stored, orientation } = await withImage(file, () => headerOf(file))
    return displayedSize(stored, orientation)
  }

  /** @throws CodedError as decodeImage. */
  async read(file: string, region: Region): Promise<RgbImage> {
    const copy = await this.#copyOf(file)
    const { stored, orientation, format } = await withImage(file, () => headerOf(file))
    if (copy === null && format === 'bmp') return cropped(await decodeImage(file), region)
    return withImage(file, async () => {
      const part = storedRegion(region, stored, orientation)
      const source = sharp(copy ?? file, { ...LENIENT, ignoreIcc: true }).extract(part)
      return toRgb(orient(source, orientation))
    })
  }

  /** All of an image that is too large to be decoded at once, reduced. @throws CodedError as decodeImage. */
  async readReduced(file: string): Promise<RgbImage> {
    const copy = await this.#copyOf(file)
    return withImage(file, async () => {
      const { stored, orientation, format } = await headerOf(file)
      // libvips reads a copy of it alone.
      if (copy === null && format === 'bmp') requirePixels(stored, 'at once')
      const source = sharp(copy ?? file, { ...LENIENT, ignoreIcc: true })
      source.resize({ width: REDUCED, height: REDUCED, fit: 'inside', withoutEnlargement: true })
      return toRgb(orient(source, orientation))
    })
  }

  #copyOf(file: string): Promise<string | null> {
    const known = this.#copies.get(file) ?? this.#copy(file)
    this.#copies.set(file, known)
    return known
  }

  /**
   * With the orientation of the stored image, since turning it needs all of it in memory.
   *
   * @returns null where it cannot be copied: what is wrong with the image shows when it is read.
   */
  async #copy(file: string): Promise<string | null> {
    const folder = this.#folder
    if (folder === null) return null
    const header = await withImage(file, () => headerOf(file))
    const { width, height } = header.stored
    await mkdir(folder, { recursive: true })
    const { mtimeMs, size } = await stat(file)
    const name = createHash('sha256').update(`${file} ${mtimeMs} ${size}`).digest('hex').slice(0, 24)
    const path = join(folder, `${name}.tif`)
    if (existsSync(path)) return path
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize - 3 * width * height < LEFT_FREE) return null
    // Another thread may make the same copy.
    const [unfinished, unpacked] = [`${path}.${threadId}`, `${path}.${threadId}.bmp`]
    try {
      await withImage(file, async () => {
        if (header.format === 'bmp') await unpackBmp(file, unpacked)
        const source = header.format === 'bmp' ? unpacked : file
        await sharp(source, { ...LENIENT, ignoreIcc: true })
          .toColourspace('srgb')
          .removeAlpha()
          .tiff({
            compression: 'none',
            bigtiff: true,
            tile: true,
            tileWidth: tileOf(width),
            tileHeight: tileOf(height),
          })
          .toFile(unfinished)
      })
      await rename(unfinished, path)
      return path
    } catch {
      return null
    } finally {
      await Promise.all([unfinished, unpacked].map((each) => rm(each, { force: true })))
    }
  }
}

/** TIFF wants multiples of 16; libvips reads no tiles that are much larger than their image. */
const tileOf = (length: number): number => Math.min(TILE, Math.ceil(length / 16) * 16)

async function headerOf(file: string) {
  const header = await readHeader(file)
  await checkLength(file, header)
  requirePixels(header.stored, header.isInOnePiece ? 'at once' : 'in parts')
  requireKnownSamples(header)
  return header
}

/** Longest side to which images are reduced that are too large to be decoded at once: no input is larger. */
const REDUCED = 4096

/** An image of which only parts are decoded. */
export interface LargeImage extends Size {
  read(region: Region): Promise<RgbImage>
  /** All of it, smaller. */
  reduced(): Promise<RgbImage>
  /** Ends its use. */
  close(): Promise<void>
}

/** Null for one that can be decoded at once. @throws CodedError as decodeImage. */
export async function openLarge(file: string): Promise<LargeImage | null> {
  const { stored, orientation } = await withImage(file, () => headerOf(file))
  if (stored.width * stored.height <= MAX_PIXELS) return null
  const folder = await temporaryFolder('large')
  const reader = new RegionReader(folder)
  return {
    ...displayedSize(stored, orientation),
    read: (region) => reader.read(file, region),
    reduced: () => reader.readReduced(file),
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

/** A part of a decoded image, which must hold it. */
export function cropped({ width: stride, data }: RgbImage, { left, top, width, height }: Region): RgbImage {
  const part = new Uint8Array(3 * width * height)
  for (let row = 0; row < height; row++) {
    const start = 3 * ((top + row) * stride + left)
    part.set(data.subarray(start, start + 3 * width), 3 * row * width)
  }
  return { width, height, data: part }
}
