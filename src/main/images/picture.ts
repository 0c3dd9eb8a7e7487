/** An image file as a screen shows it: whole, or in tiles if it is large. */
import { CodedError } from '../../core/errors.ts'
import type { Size } from '../../core/geometry/box.ts'
import { checkLength, type Header, readHeader } from './header.ts'
import { withImage } from './libvips.ts'
import { displayedSize } from './orientation.ts'

/** `width` and `height` are as displayed. */
export interface Picture extends Size, Header {
  readonly file: string
  /** Identifies this version of the file: see keyOf. */
  readonly key: string
  readonly kind: 'whole' | 'tiled'
}

/** Pictures with more pixels or longer sides than browsers can draw easily are tiled. */
const MOST_PIXELS_WHOLE = 50_000_000
const LONGEST_SIDE_WHOLE = 16_384

/** More than any picture of 500 megapixels. */
const MOST_PIXELS = 2 ** 29

/** The limit for files that can only be decoded in one piece: 134 megapixels, 540 MB as RGBA. */
const MOST_PIXELS_AT_ONCE = 2 ** 27

/**
 * Reads a file's header.
 * @param key of the file, from keyOf.
 * @throws CodedError DATA_IMAGE_UNREADABLE, DATA_IMAGE_FORMAT, DATA_IMAGE_BROKEN, DATA_IMAGE_TOO_LARGE
 */
export async function examine(file: string, key: string): Promise<Picture> {
  const header = await withImage(file, async () => {
    const read = await readHeader(file)
    await checkLength(file, read)
    return read
  })
  const { stored, orientation, isInOnePiece } = header
  const most = isInOnePiece ? MOST_PIXELS_AT_ONCE : MOST_PIXELS
  if (stored.width * stored.height > most) {
    const size = `${stored.width}×${stored.height} is more than ${Math.floor(most / 1e6)} megapixels`
    const remedy = isInOnePiece
      ? 'Save it as TIFF or as a JPEG that is not progressive'
      : 'Cut it into pieces'
    throw new CodedError('DATA_IMAGE_TOO_LARGE', `${file}: ${size}`, remedy)
  }
  return { ...header, ...displayedSize(stored, orientation), file, key, kind: kindOf(stored) }
}

const kindOf = ({ width, height }: Size): Picture['kind'] =>
  width * height > MOST_PIXELS_WHOLE || Math.max(width, height) > LONGEST_SIDE_WHOLE ? 'tiled' : 'whole'
