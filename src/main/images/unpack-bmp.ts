/** Converts large BMP files to uncompressed TIFF files, which libvips can read, a few rows at a time. */
import { open, readFile } from 'node:fs/promises'
import { CodedError } from '../../core/errors.ts'
import { decodeBmp, decodeBmpRows } from '../../core/formats/bmp.ts'
import { bmpHeaderOf } from './image-file.ts'

/** Size of the stored rows read at a time. */
const PIECE = 2 ** 22

/** @throws CodedError DATA_IMAGE_BROKEN, and the errors of the file system. */
export async function unpackBmp(file: string, output: string): Promise<void> {
  const header = (await bmpHeaderOf(file))!
  const { width, height, stride, topDown } = header
  const tiff = await open(output, 'w')
  const bmp = await open(file)
  try {
    const head = tiffHeader(width, height)
    await tiff.write(head, 0, head.length, 0)
    if (header.compression !== 'none') {
      await tiff.write(decodeBmp(await readFile(file)).data, 0, width * height * 3, head.length)
      return
    }
    const most = Math.max(1, Math.floor(PIECE / stride))
    const rows = Buffer.allocUnsafe(most * stride)
    const rgb = Buffer.allocUnsafe(most * width * 3)
    for (let first = 0; first < height; first += most) {
      const count = Math.min(most, height - first)
      const { bytesRead } = await bmp.read(rows, 0, count * stride, header.offset + first * stride)
      if (bytesRead < count * stride)
        throw new CodedError('DATA_IMAGE_BROKEN', 'the file ends within its pixels')
      decodeBmpRows(header, rows.subarray(0, bytesRead), rgb)
      const rowBytes = width * 3
      for (let i = 0; i < (topDown ? 0 : count); i++) {
        const y = height - 1 - first - i
        await tiff.write(rgb, i * rowBytes, rowBytes, head.length + y * rowBytes)
      }
      if (topDown) await tiff.write(rgb, 0, count * rowBytes, head.length + first * rowBytes)
    }
  } finally {
    await Promise.all([tiff.close(), bmp.close()])
  }
}

const SHORT = 3
const LONG = 4

/** The header of a TIFF file with RGB in one strip (TIFF 6.0, section 6), up to its pixels. */
function tiffHeader(width: number, height: number): Buffer {
  const entries = 10
  const bitsAt = 8 + 2 + 12 * entries + 4
  const pixelsAt = bitsAt + 6
  const header = Buffer.alloc(pixelsAt)
  header.write('II*\0', 'latin1')
  header.writeUInt32LE(8, 4)
  header.writeUInt16LE(entries, 8)
  const fields: [tag: number, type: number, count: number, value: number][] = [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, 3, bitsAt],
    [259, SHORT, 1, 1],
    [262, SHORT, 1, 2],
    [273, LONG, 1, pixelsAt],
    [277, SHORT, 1, 3],
    [278, LONG, 1, height],
    [279, LONG, 1, width * height * 3],
    [284, SHORT, 1, 1],
  ]
  fields.forEach(([tag, type, count, value], index) => {
    const at = 10 + 12 * index
    header.writeUInt16LE(tag, at)
    header.writeUInt16LE(type, at + 2)
    header.writeUInt32LE(count, at + 4)
    header.writeUInt32LE(value, at + 8)
  })
  for (let c = 0; c < 3; c++) header.writeUInt16LE(8, bitsAt + 2 * c)
  return header
}
