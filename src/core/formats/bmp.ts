/** BMP files to RGB, as Pillow reads them: alpha is dropped, values of fewer than 8 bits are stretched and cut. */
import { CodedError } from '../errors.ts'
import { BMP_HEADER_BYTES, type BmpHeader, readBmpHeader } from './bmp-header.ts'
import { decodeRle } from './bmp-rle.ts'

export interface BmpImage {
  readonly width: number
  readonly height: number
  /** [height, width, 3] RGB, row-major. Its buffer holds nothing else. */
  readonly data: Uint8Array
}

/**
 * Decodes a whole file. Read the header first to see that the picture fits into memory.
 * @throws CodedError DATA_IMAGE_BROKEN, DATA_IMAGE_FORMAT; the messages do not name the file.
 */
export function decodeBmp(file: Uint8Array): BmpImage {
  const header = readBmpHeader(file.subarray(0, BMP_HEADER_BYTES))
  const { width, height, offset, stride, compression, topDown } = header
  checkBmpLength(header, file.length)
  const body = file.subarray(offset)
  const data = new Uint8Array(width * height * 3)
  if (compression !== 'none') {
    const indices = decodeRle(body, width, height, compression)
    decodeBmpRows({ ...header, bitsPerPixel: 8, stride: width }, indices, data)
  } else decodeBmpRows(header, body.subarray(0, stride * height), data)
  if (!topDown) reverseRows(data, width * 3)
  return { width, height, data }
}

/**
 * Refuses a file that is too short for its pixels. Those with run lengths show it only when they are decoded.
 * @throws CodedError DATA_IMAGE_BROKEN
 */
export function checkBmpLength({ compression, offset, stride, height }: BmpHeader, bytes: number): void {
  const needed = compression === 'none' ? offset + stride * height : offset + 1
  if (bytes >= needed) return
  throw new CodedError('DATA_IMAGE_BROKEN', `the file ends after ${bytes} of ${needed} bytes`)
}

/**
 * Decodes rows without compression, in the order in which they are stored.
 * @param rows whole rows of `stride` bytes.
 * @param rgb receives [rows, width, 3].
 */
export function decodeBmpRows(header: BmpHeader, rows: Uint8Array, rgb: Uint8Array): void {
  const { width, stride, bitsPerPixel } = header
  const decodeRow = ROW_DECODERS[bitsPerPixel]
  const count = rows.length / stride
  for (let y = 0; y < count; y++) {
    decodeRow(
      rows.subarray(y * stride, (y + 1) * stride),
      rgb.subarray(y * width * 3, (y + 1) * width * 3),
      header,
    )
  }
}

type RowDecoder = (row: Uint8Array, rgb: Uint8Array, header: BmpHeader) => void

const ROW_DECODERS: Record<BmpHeader['bitsPerPixel'], RowDecoder> = {
  1: decodeIndexed,
  2: decodeIndexed,
  4: decodeIndexed,
  8: decodeIndexed,
  16: decodeMasked,
  24: decodeBgr,
  32: decodeMasked,
}

function decodeIndexed(row: Uint8Array, rgb: Uint8Array, { bitsPerPixel, palette }: BmpHeader): void {
  const perByte = 8 / bitsPerPixel
  const mask = 2 ** bitsPerPixel - 1
  for (let x = 0, o = 0; o < rgb.length; x++) {
    // The leftmost pixel is in the highest bits.
    const shift = 8 - bitsPerPixel * ((x % perByte) + 1)
    const entry = 3 * ((row[Math.floor(x / perByte)]! >> shift) & mask)
    rgb[o++] = palette[entry]!
    rgb[o++] = palette[entry + 1]!
    rgb[o++] = palette[entry + 2]!
  }
}

function decodeBgr(row: Uint8Array, rgb: Uint8Array): void {
  for (let o = 0; o < rgb.length; o += 3) {
    rgb[o] = row[o + 2]!
    rgb[o + 1] = row[o + 1]!
    rgb[o + 2] = row[o]!
  }
}

function decodeMasked(row: Uint8Array, rgb: Uint8Array, { bitsPerPixel, masks }: BmpHeader): void {
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength)
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask)
    return { shift, highest: mask >>> shift }
  })
  for (let x = 0, o = 0; o < rgb.length; x++) {
    const pixel = bitsPerPixel === 16 ? view.getUint16(2 * x, true) : view.getUint32(4 * x, true)
    for (const { shift, highest } of channels) {
      const value = ((pixel >>> shift) & highest) >>> 0
      rgb[o++] = highest === 0 ? 0 : Math.floor((value * 255) / highest)
    }
  }
}

function reverseRows(data: Uint8Array, rowBytes: number): void {
  const spare = new Uint8Array(rowBytes)
  for (let top = 0, end = data.length - rowBytes; top < end; top += rowBytes, end -= rowBytes) {
    spare.set(data.subarray(top, top + rowBytes))
    data.copyWithin(top, end, end + rowBytes)
    data.set(spare, end)
  }
}
