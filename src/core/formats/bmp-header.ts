/** What the headers of a BMP file say (Microsoft, "Bitmap Storage"; OS/2 1.x and 2.x forms too). */
import { CodedError } from '../errors.ts'

export interface BmpHeader {
  readonly width: number
  readonly height: number
  /** Rows are stored from the top; usually the last row of the picture comes first. */
  readonly topDown: boolean
  readonly bitsPerPixel: 1 | 2 | 4 | 8 | 16 | 24 | 32
  readonly compression: 'none' | 'rle4' | 'rle8'
  /** Where the pixels begin in the file. */
  readonly offset: number
  /** Bytes of a row without compression: whole groups of four. */
  readonly stride: number
  /** RGB, 256 entries; those that the file lacks are black. Empty above 8 bits per pixel. */
  readonly palette: Uint8Array
  /** Bits of a pixel that hold red, green, blue, at 16 and 32 bits per pixel. */
  readonly masks: readonly [red: number, green: number, blue: number]
}

/** No header with masks and palette is longer. */
export const BMP_HEADER_BYTES = 14 + 124 + 12 + 1024

const RGB = 0
const RLE8 = 1
const RLE4 = 2
const BITFIELDS = 3
const ALPHABITFIELDS = 6

export const isBmp = (head: Uint8Array): boolean => head[0] === 0x42 && head[1] === 0x4d

/**
 * @param head the file's first BMP_HEADER_BYTES, or all of a shorter one.
 * @throws CodedError DATA_IMAGE_BROKEN, DATA_IMAGE_FORMAT; the messages do not name the file.
 */
export function readBmpHeader(head: Uint8Array): BmpHeader {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  if (!isBmp(head) || head.length < 26) throw broken('its header cannot be read')
  const offset = view.getUint32(10, true)
  const size = view.getUint32(14, true)
  const isCore = size === 12
  if (!isCore && (size < 16 || size > 124)) throw broken(`its header claims ${size} bytes`)
  if (head.length < 14 + size || offset < 14 + size) throw broken('its header is cut off')

  const field = (at: number): number => (at + 4 <= size ? view.getUint32(14 + at, true) : 0)
  const [width, signedHeight] = isCore
    ? [view.getUint16(18, true), view.getUint16(20, true)]
    : [view.getInt32(18, true), view.getInt32(22, true)]
  const height = Math.abs(signedHeight)
  if (width <= 0 || height === 0) throw broken(`its header claims ${width}×${signedHeight} pixels`)

  const bitsPerPixel = view.getUint16(isCore ? 24 : 28, true)
  if (!isDepth(bitsPerPixel)) throw broken(`its header claims ${bitsPerPixel} bits per pixel`)
  // In files of OS/2 2.x, 3 and 4 name other methods than in those of Windows.
  const coding = field(16)
  const isOs2 = size === 64
  const hasMasks = !isOs2 && (coding === BITFIELDS || coding === ALPHABITFIELDS) && bitsPerPixel >= 16
  const compression = { [RGB]: 'none', [RLE8]: 'rle8', [RLE4]: 'rle4' }[coding] ?? (hasMasks && 'none')
  if (!compression) throw unread(`compression ${coding}`)
  if (compression !== 'none' && bitsPerPixel !== (compression === 'rle8' ? 8 : 4)) {
    throw broken(`${bitsPerPixel} bits per pixel do not go with its compression`)
  }

  let end = 14 + size
  let masks: BmpHeader['masks'] = bitsPerPixel === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff]
  if (hasMasks) {
    // At the same place in every form: behind the short header, or as the first fields of a longer one.
    if (head.length < 66 || offset < 66) throw broken('its header is cut off')
    masks = [view.getUint32(54, true), view.getUint32(58, true), view.getUint32(62, true)]
    if (size === 40) end += coding === ALPHABITFIELDS ? 16 : 12
  }
  return {
    ...{ width, height, topDown: signedHeight < 0, bitsPerPixel, compression, offset, masks },
    stride: Math.ceil((width * bitsPerPixel) / 32) * 4,
    palette: bitsPerPixel <= 8 ? readPalette(head.subarray(end, offset), isCore ? 3 : 4) : new Uint8Array(),
  } as BmpHeader
}

/** Some files claim fewer entries than they use, or none: all that lie before the pixels count. */
function readPalette(bytes: Uint8Array, entryBytes: number): Uint8Array {
  const palette = new Uint8Array(256 * 3)
  const entries = Math.min(256, Math.floor(bytes.length / entryBytes))
  for (let i = 0; i < entries; i++) {
    for (let c = 0; c < 3; c++) palette[3 * i + c] = bytes[entryBytes * i + 2 - c]!
  }
  return palette
}

const isDepth = (bits: number): bits is BmpHeader['bitsPerPixel'] => [1, 2, 4, 8, 16, 24, 32].includes(bits)

const broken = (reason: string): CodedError => new CodedError('DATA_IMAGE_BROKEN', reason)

const unread = (what: string): CodedError =>
  new CodedError('DATA_IMAGE_FORMAT', `BMP files with ${what} are not read`, 'Save it as PNG')
