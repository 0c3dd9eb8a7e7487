/**
 * COCO's run-length masks: `{size: [height, width], counts}`, counts as a list or as the compact string of `mask.h`
 * (github.com/cocodataset/cocoapi): every count, less the one two before it, in groups of five bits, lowest first.
 */
import { CodedError } from '../errors.ts'
import { type Rle, rleOfPolygons } from './rle.ts'
import { type CocoRle, isPolygons, type Segmentation } from './segmentation.ts'

/** The string's characters stand for 0 to 63 from '0' on: five bits of the number, then whether more follow. */
const FIRST_CHARACTER = 48
const GROUP_BITS = 5
const GROUP = 0x1f
const SIGN = 0x10
const MORE = 0x20

/** The first counts are written as they are, the later ones as differences. */
const PLAIN_COUNTS = 3

/**
 * Converts any of COCO's forms to a mask.
 * @param size of the image, which polygons do not say and run lengths must agree with.
 * @throws CodedError DATA_MASK where the runs do not fill the image.
 */
export function maskOf(
  segmentation: Segmentation,
  size: { readonly width: number; readonly height: number },
  where: string,
): Rle {
  if (isPolygons(segmentation)) return rleOfPolygons(segmentation, size.width, size.height)
  const [height, width] = segmentation.size
  if (height !== size.height || width !== size.width) {
    throw new CodedError(
      'DATA_MASK',
      `${where}: the mask is ${width} × ${height} pixels, its image ${size.width} × ${size.height}`,
    )
  }
  return readCocoRle(segmentation, where)
}

/** Parses run lengths. Throws DATA_MASK if the runs do not add up to width · height. */
export function readCocoRle({ size: [height, width], counts: written }: CocoRle, where: string): Rle {
  const counts = typeof written === 'string' ? parseCounts(written, where) : Uint32Array.from(written)
  const pixels = counts.reduce((sum, count) => sum + count, 0)
  if (pixels !== width * height) {
    throw new CodedError(
      'DATA_MASK',
      `${where}: the mask's runs cover ${pixels} pixels, the image has ${width * height}`,
    )
  }
  return { width, height, counts }
}

/** Writes a mask with compact counts. */
export const toCocoRle = ({ width, height, counts }: Rle): CocoRle => ({
  size: [height, width],
  counts: formatCounts(counts),
})

function parseCounts(text: string, where: string): Uint32Array {
  const counts: number[] = []
  let [value, shift] = [0, 0]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at) - FIRST_CHARACTER
    if (code < 0 || code > (GROUP | MORE) || shift >= 32)
      throw new CodedError('DATA_MASK', `${where}: character ${at} of the mask's counts is none of COCO's`)
    value |= (code & GROUP) << shift
    shift += GROUP_BITS
    if (code & MORE) continue
    if (code & SIGN && shift < 32) value |= -1 << shift
    const count = counts.length >= PLAIN_COUNTS ? value + counts.at(-2)! : value
    if (count < 0) throw new CodedError('DATA_MASK', `${where}: run ${counts.length} of the mask is negative`)
    counts.push(count)
    value = 0
    shift = 0
  }
  if (shift > 0) throw new CodedError('DATA_MASK', `${where}: the mask's counts end within a number`)
  return Uint32Array.from(counts)
}

function formatCounts(counts: Uint32Array): string {
  let text = ''
  for (let i = 0; i < counts.length; i++) {
    let value = i >= PLAIN_COUNTS ? counts[i]! - counts[i - 2]! : counts[i]!
    for (let more = true; more; ) {
      const group = value & GROUP
      value >>= GROUP_BITS
      more = group & SIGN ? value !== -1 : value !== 0
      text += String.fromCharCode(FIRST_CHARACTER + (more ? group | MORE : group))
    }
  }
  return text
}
