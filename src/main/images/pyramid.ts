/**
 * Stores pictures that are too large to be shown whole as pyramids of tiles. JPEG, PNG and most TIFF files can only be read
 * from their beginning, so each is read once, a few rows at a time, into a TIFF file of tiles in the cache that holds the
 * picture and its reduced levels without compression. From that, any tile is read in a few milliseconds.
 *
 * The pyramid has the orientation of the stored picture; tiles are rotated when they are read.
 */
import { join } from 'node:path'
import sharp from 'sharp'
import { CodedError } from '../../core/errors.ts'
import type { Size } from '../../core/geometry/box.ts'
import type { CacheFolder } from './cache-folder.ts'
import { LENIENT, withImage } from './libvips.ts'
import { displayedSize, orient, type Region, storedRegion } from './orientation.ts'
import type { Picture } from './picture.ts'
import { readSamples, type Window } from './samples.ts'
import { encodeExact, encodeSmall, show } from './screen-image.ts'

/** px */
export const TILE = 512

/**
 * Sizes as displayed; level 0 is the picture, and each next level is half of the one before, rounded down to whole pixels
 * (as libvips does), until it fits into one tile.
 */
export function levelsOf(picture: Size): Size[] {
  const levels = [{ width: picture.width, height: picture.height }]
  for (
    let last = levels[0]!;
    Math.max(last.width, last.height) > TILE && Math.min(last.width, last.height) > 1;
  ) {
    last = { width: last.width >> 1, height: last.height >> 1 }
    levels.push(last)
  }
  return levels
}

export interface TileAddress {
  readonly level: number
  readonly column: number
  readonly row: number
}

/**
 * The position of a tile on its level as displayed, px; tiles at the right and lower edge are smaller.
 * @throws CodedError USAGE_TILE if the picture has no such tile.
 */
export function tileRegion(picture: Picture, { level, column, row }: TileAddress): Region {
  const size = levelsOf(picture)[level]
  const [left, top] = [column * TILE, row * TILE]
  if (!size || left >= size.width || top >= size.height) {
    throw new CodedError('USAGE_TILE', `The picture has no tile ${column}, ${row} on level ${level}`)
  }
  const [width, height] = [Math.min(TILE, size.width - left), Math.min(TILE, size.height - top)]
  return { left, top, width, height }
}

export const pyramidName = ({ key }: Picture): string => join('pyramids', `${key}.tif`)

/** The picture as JPEG, reduced to the given longest side in px, from its pyramid. */
export function readLevel(cache: CacheFolder, picture: Picture, side: number): Promise<Buffer> {
  const page = levelsOf(picture).findLastIndex(
    ({ width, height }, level) => level === 0 || Math.max(width, height) >= side,
  )
  return withImage(picture.file, () => {
    const level = sharp(join(cache.path, pyramidName(picture)), { ...LENIENT, page })
    level.resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
    return encodeSmall(orient(level, picture.orientation))
  })
}

/**
 * A tile as PNG, from the picture's pyramid.
 * @param window for more than 8 bits.
 */
export async function readTile(
  cache: CacheFolder,
  picture: Picture,
  address: TileAddress,
  window: Window | undefined,
): Promise<Buffer> {
  const { orientation } = picture
  const region = tileRegion(picture, address)
  const stored = displayedSize(levelsOf(picture)[address.level]!, orientation)
  return withImage(picture.file, async () => {
    const pyramid = sharp(join(cache.path, pyramidName(picture)), { ...LENIENT, page: address.level })
    const tile = orient(pyramid.extract(storedRegion(region, stored, orientation)), orientation)
    return encodeExact(window ? show(await readSamples(tile, picture), window) : tile)
  })
}
