/** Reads an image file once: what identifies it, how large it is, and whether it is whole. Nothing is ever written. */
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
  /** Of the file's bytes; null where it could not be read. */
  readonly hash: Buffer | null
  /** Pixels as displayed (EXIF orientation applied); 0 × 0 where the header does not say. */
  readonly width: number
  readonly height: number
  readonly error: string | null
}

const PIECE = 2 ** 20

/** The end of a file that is looked through for its format's end mark. */
const TAIL = 2 ** 16

/** The pixels of one file at a time: they take memory. */
const pixelsInTurn = new NewestFirst(1)

/** Never throws: what is wrong with the file is in `error`, without the file's name. */
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
    // TIFF has no mark of its end.
    (format === 'tiff' && pixels(stored) <= MOST_EXAMINED) ||
    (format === 'avif' && (await endOfBoxes(file, bytes)) > bytes)
  )
}

/** Looks through all pixels, which takes memory and time: see MOST_EXAMINED. Throws where they are not whole. */
async function examine(file: string, header: Header, bytes: number): Promise<void> {
  const { format, stored } = header
  if (format === 'bmp') return checkLength(file, header)
  // A JPEG has a bit at least for each block of 8 × 8 pixels.
  const isTooShort = format === 'jpeg' && pixels(stored) > bytes * 8 * 64
  if (pixels(stored) > MOST_EXAMINED || isTooShort) {
    const size = `${stored.width} × ${stored.height}`
    throw new CodedError('DATA_IMAGE_BROKEN', `it ends early: it says that it has ${size} pixels`)
  }
  const { channels } = await sharp(file, LENIENT).stats()
  if (channels.length === 0) throw new Error('its pixels cannot be read')
}

/**
 * Pixels. Decoders of some kinds, progressive JPEG among them, take memory for all that the header claims: without
 * bounds, a file of 300 bytes has them take 12 GB.
 */
const MOST_EXAMINED = 2 ** 28

const pixels = ({ width, height }: Size): number => width * height

/** Where the last box of an AVIF file (ISO 14496-12) ends by its own account: behind the file's end if that is cut off. */
async function endOfBoxes(file: string, bytes: number): Promise<number> {
  const handle = await open(file)
  try {
    let end = 0
    while (end < bytes) {
      const box = Buffer.alloc(16)
      await handle.read(box, 0, 16, end)
      const length = box.readUInt32BE(0)
      // 1: the length follows in 64 bits. 0: the box goes on to the end of the file.
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

/** SHA-256, cut to the 128 bits that tell any files apart. Processors compute it about as fast as disks read. */
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
 * True where the mark is missing that ends a whole file of its format. Some whole files lack it too (a film behind a
 * photograph, writers that leave it out), so only decoding can tell; but most files need none.
 */
function lacksEnd(head: Buffer, tail: Buffer, bytes: number): boolean {
  const text = head.toString('latin1')
  if (text.startsWith('\xff\xd8')) return !tail.includes(Buffer.from([0xff, 0xd9]))
  if (text.startsWith('\x89PNG')) return !tail.includes('IEND')
  if (text.startsWith('GIF8')) return !tail.includes(0x3b)
  if (text.startsWith('RIFF')) return head.readUInt32LE(4) + 8 > bytes
  return false
}
