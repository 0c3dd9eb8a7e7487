/** Image files made byte by byte, as truth that no library of images had a hand in. */

/** A TIFF file without compression, in one strip: [height, width, channels]. */
export function tiff(
  width: number,
  height: number,
  data: Uint8Array | Uint16Array | Float32Array,
  { channels = 1, orientation = 1 } = {},
): Buffer {
  const bits = data.BYTES_PER_ELEMENT * 8
  const pixelsAt = 400
  const file = Buffer.alloc(pixelsAt + data.byteLength)
  file.write('II*\0', 'latin1')
  file.writeUInt32LE(8, 4)
  const bitsField = channels === 1 ? bits : 300
  const kind = data instanceof Float32Array ? 3 : 1
  const fields = [
    [256, 4, 1, width],
    [257, 4, 1, height],
    [258, 3, channels, bitsField],
    [259, 3, 1, 1],
    [262, 3, 1, channels === 1 ? 1 : 2],
    [273, 4, 1, pixelsAt],
    [274, 3, 1, orientation],
    [277, 3, 1, channels],
    [278, 4, 1, height],
    [279, 4, 1, data.byteLength],
    [339, 3, channels, channels === 1 ? kind : 320],
  ]
  file.writeUInt16LE(fields.length, 8)
  fields.forEach(([tag, type, count, value], i) => {
    file.writeUInt16LE(tag!, 10 + 12 * i)
    file.writeUInt16LE(type!, 12 + 12 * i)
    file.writeUInt32LE(count!, 14 + 12 * i)
    file.writeUInt32LE(value!, 18 + 12 * i)
  })
  for (let c = 0; c < channels; c++) {
    file.writeUInt16LE(bits, 300 + 2 * c)
    file.writeUInt16LE(kind, 320 + 2 * c)
  }
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).copy(file, pixelsAt)
  return file
}

interface BmpParts {
  readonly width: number
  /** Negative: rows from the top. */
  readonly height: number
  readonly bits: number
  readonly compression?: number
  /** BGRX */
  readonly palette?: readonly number[]
  readonly masks?: readonly number[]
  readonly pixels: readonly number[]
}

/** A BMP file of Windows 3.x form (BITMAPINFOHEADER). */
export function bmp(parts: BmpParts): Buffer {
  const { width, height, bits, compression = 0, palette = [], masks = [], pixels } = parts
  const head = Buffer.alloc(54 + 4 * masks.length)
  const offset = head.length + palette.length
  head.write('BM', 'latin1')
  head.writeUInt32LE(offset + pixels.length, 2)
  head.writeUInt32LE(offset, 10)
  head.writeUInt32LE(40, 14)
  head.writeInt32LE(width, 18)
  head.writeInt32LE(height, 22)
  head.writeUInt16LE(1, 26)
  head.writeUInt16LE(bits, 28)
  head.writeUInt32LE(compression, 30)
  head.writeUInt32LE(palette.length / 4, 46)
  for (const [i, mask] of masks.entries()) head.writeUInt32LE(mask, 54 + 4 * i)
  return Buffer.concat([head, Buffer.from(palette), Buffer.from(pixels)])
}
