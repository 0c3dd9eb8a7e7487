/** Run lengths of BMP files (Microsoft, "Bitmap Compression"). */
import { CodedError } from '../errors.ts'

const END_OF_LINE = 0
const END_OF_PICTURE = 1
const DELTA = 2

/**
 * Palette indices [height, width], a byte each, rows in stored order. Pixels that are jumped over are index 0; what runs
 * beyond the end of a row is dropped.
 * @throws CodedError DATA_IMAGE_BROKEN where the runs end before the picture does.
 */
export function decodeRle(
  runs: Uint8Array,
  width: number,
  height: number,
  compression: 'rle4' | 'rle8',
): Uint8Array {
  const indices = new Uint8Array(width * height)
  const isHalf = compression === 'rle4'
  let [x, y, at] = [0, 0, 0]
  const put = (index: number): void => {
    if (x < width) indices[y * width + x] = index
    x++
  }
  while (y < height) {
    if (at + 2 > runs.length) {
      throw new CodedError('DATA_IMAGE_BROKEN', `the file ends in row ${y + 1} of ${height}`)
    }
    const count = runs[at++]!
    const value = runs[at++]!
    if (count > 0) {
      for (let i = 0; i < count; i++) put(isHalf ? nibble(value, i) : value)
    } else if (value === END_OF_LINE) {
      x = 0
      y++
    } else if (value === END_OF_PICTURE) break
    else if (value === DELTA) {
      x += runs[at++] ?? 0
      y += runs[at++] ?? 0
    } else {
      // That many pixels as they are, filled up to whole pairs of bytes.
      const bytes = isHalf ? Math.ceil(value / 2) : value
      for (let i = 0; i < value; i++) {
        put(isHalf ? nibble(runs[at + (i >> 1)] ?? 0, i) : (runs[at + i] ?? 0))
      }
      at += bytes + (bytes % 2)
    }
  }
  return indices
}

/** The upper half comes first. */
const nibble = (byte: number, i: number): number => (i % 2 === 0 ? byte >> 4 : byte & 15)
