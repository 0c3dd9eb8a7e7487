/** Image files on disk, before anything is decoded. */
import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { CodedError } from '../../core/errors.ts'
import { BMP_HEADER_BYTES, type BmpHeader, isBmp, readBmpHeader } from '../../core/formats/bmp-header.ts'
import { imageError } from './errors.ts'

/**
 * What the file system knows about an image file. Opening a named pipe or a device could block forever.
 * @throws CodedError DATA_IMAGE_UNREADABLE if it is not a regular file, and the errors of the file system; none of them
 * names the file.
 */
export async function statFile(file: string): Promise<BigIntStats> {
  const stats = await stat(file, { bigint: true })
  if (stats.isFile()) return stats
  throw new CodedError('DATA_IMAGE_UNREADABLE', `it is ${kindOf(stats)}, not a file`)
}

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'a folder'
  if (stats.isFIFO()) return 'a named pipe'
  return stats.isSocket() ? 'a socket' : 'a device'
}

/** Identifies this version of a file: it changes with its path, size or modification time. Throws DATA_IMAGE_UNREADABLE. */
export async function keyOf(file: string): Promise<string> {
  const stats = await statFile(file).catch((error) => Promise.reject(imageError(file, error)))
  const text = `${file}\0${stats.size}\0${stats.mtimeNs}`
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

/**
 * The header of a BMP file, and undefined for any other.
 * @throws CodedError DATA_IMAGE_BROKEN, DATA_IMAGE_FORMAT, and the errors of the file system; none of them names the file.
 */
export async function bmpHeaderOf(file: string): Promise<BmpHeader | undefined> {
  const handle = await open(file)
  try {
    const head = Buffer.alloc(BMP_HEADER_BYTES)
    const { bytesRead } = await handle.read(head, 0, head.length, 0)
    return isBmp(head) ? readBmpHeader(head.subarray(0, bytesRead)) : undefined
  } finally {
    await handle.close()
  }
}
