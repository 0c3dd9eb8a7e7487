/** Reads an image file once for its hash, its size, and whether it is complete. It never writes. */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import sharp from 'sharp'
import { CodedError } from '../../core/errors.ts'
import type { Size } from '../../core/geometry/box.ts'
import { checkLength, type Header, readHeader } from './header.ts'
import { statFile } from './image-file.ts'
import { LENIENT, withImage } from './libvips.ts'
import { NewestFirst } from './newest-first.ts'
import { displayedSize } from './orientation.ts'

export interface Probe {
  /** Of the file's bytes; null if it could not be read. */
  readonly hash: Buffer | null
  /** Pixels as displayed (EXIF orientation applied); 0 × 0 if the header does not say. */
  readonly width: number
  readonly height: number
  readonly error: string | null
}

const PIECE = 2 ** 20

/** Length of the end of a file that is searched for its format's end marker. */
const TAIL = 2 ** 16

/** Decodes one file at a time, because pixels take memory. */
const pixelsInTurn = new NewestFirst(1)

/** Never throws; `error` says what is wrong with the file, without its name. */
export async function probeFile(file: string): Promise<Probe> {
  let found: Omit<Probe, 'error'> = { hash: null, width: 0, height: 0 }
  try {
    const read = await withImage(file, () => digest(file))
    found = { ...found, hash: read.hash }
    const header = await withImage(file, () => readHeader(file))
    found = { ...found, ...displayedSize(header.stored, header.orientation) }
    if (await isDoubtful(file, header, read)) {
      await pixelsInTurn.run(() => withImage(file, () => examine(file, header, read.bytes)))
    }
    return { ...found, error: null }
  } catch (error) {
    return { ...found, error: (error as CodedError).message.replace(`${file}: `, '') }
  }
}

async function isDoubtful(file: string, { format, stored }: Header, read: Digest): Promise<boolean> {
  const { head, tail, bytes } = read
  return (
    lacksEnd(head, tail, bytes) ||
    format === 'bmp' ||
    // TIFF has no end marker.
    (format === 'tiff' && pixels(stored) <= MOST_EXAMINED) ||
    (format === 'avif' && (await endOfBoxes(file, bytes)) > bytes)
  )
}

/** Decodes all pixels, which takes memory and time: see MOST_EXAMINED. Throws if they are incomplete. */
async function examine(file: string, header: Header, bytes: number): Promise<void> {
  const { format, stored } = header
  if (format === 'bmp') return checkLength(file, header)
  // A JPEG has at least one bit for each block of 8 × 8 pixels.
  const isTooShort = format === 'jpeg' && pixels(stored) > bytes * 8 * 64
  if (pixels(stored) > MOST_EXAMINED || isTooShort) {
    const size = `${stored.width} × ${stored.height}`
    throw new CodedError('DATA_IMAGE_BROKEN', `it ends early: it says that it has ${size} pixels`)
  }
  const { channels } = await sharp(file, LENIENT).stats()
  if (channels.length === 0) throw new Error('its pixels cannot be read')
}

/**
 * Pixels. Some decoders, such as that of progressive JPEG, allocate memory for everything that the header claims. Without a
 * limit, a file of 300 bytes can make them allocate 12 GB.
 */
const MOST_EXAMINED = 2 ** 28

const pixels = ({ width, height }: Size): number => width * height

/**
 * Where the last box of an AVIF file (ISO 14496-12) ends according to its length: beyond the end of the file if the file is
 * truncated.
 */
async function endOfBoxes(file: string, bytes: number): Promise<number> {
  const handle = await open(file)
  try {
    let end = 0
    while (end < bytes) {
      const box = Buffer.alloc(16)
      await handle.read(box, 0, 16, end)
      const length = box.readUInt32BE(0)
      // 1: the length follows in 64 bits. 0: the box extends to the end of the file.
      const whole = length === 1 ? Number(box.readBigUInt64BE(8)) : length
      if (whole < 8) return bytes
      end += whole
    }
    return end
  } finally {
    await handle.close()
  }
}

interface Digest {
  readonly hash: Buffer
  readonly bytes: number
  readonly head: Buffer
  readonly tail: Buffer
}

/** SHA-256, truncated to 128 bits, which suffice to tell files apart. Processors compute it about as fast as disks read. */
async function digest(file: string): Promise<Digest> {
  await statFile(file)
  const handle = await open(file)
  try {
    const hash = createHash('sha256')
    const { size } = await handle.stat()
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(PIECE, size)))
    let [bytes, head, tail] = [0, Buffer.alloc(0), Buffer.alloc(0)]
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length)
      if (bytesRead === 0) break
      const piece = buffer.subarray(0, bytesRead)
      hash.update(piece)
      if (bytes === 0) head = Buffer.from(piece.subarray(0, 16))
      bytes += bytesRead
      tail = Buffer.concat([tail, piece.subarray(-TAIL)]).subarray(-TAIL)
    }
    return { hash: hash.digest().subarray(0, 16), bytes, head, tail }
  } finally {
    await handle.close()
  }
}

/**
 * True if the end marker of the file's format is missing. Some complete files lack it too (a video appended to a photograph,
 * writers that omit it), so only decoding can tell, but most files do not need that.
 */
function lacksEnd(head: Buffer, tail: Buffer, bytes: number): boolean {
  const text = head.toString('latin1')
  if (text.startsWith('\xff\xd8')) return !tail.includes(Buffer.from([0xff, 0xd9]))
  if (text.startsWith('\x89PNG')) return !tail.includes('IEND')
  if (text.startsWith('GIF8')) return !tail.includes(0x3b)
  if (text.startsWith('RIFF')) return head.readUInt32LE(4) + 8 > bytes
  return false
}
