/** Reads an image file once: what identifies it, how large it is, and whether it is whole. Nothing is ever written. */
import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { checkBmpLength } from '../../../core/formats/bmp.ts'
import { isBmp } from '../../../core/formats/bmp-header.ts'
import { safeRelativePath } from '../../../core/formats/checks.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { imageReason } from '../assets/image-errors.ts'
import { bmpHeaderOf } from '../assets/open-image.ts'
import { mapConcurrent } from '../datasets/files.ts'
import { reasonOf } from './walk.ts'

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

// A cached file would stay open, and one that was replaced would be seen as it was.
sharp.cache(false)

/**
 * Reads files, a few at a time, in order. Never throws: what is wrong with a file is in `error`.
 *
 * Files that seem damaged are looked at once more, one by one: libvips has one buffer for the errors of all threads, so
 * that of two that fail at the same time one may get the other's reason, or none, and then passes for whole.
 */
export async function probeAll<File extends { readonly path: string }>(
  root: string,
  files: readonly File[],
): Promise<(File & Probe)[]> {
  const looks = await mapConcurrent(files, async (file) => ({ file, ...(await look(root, file.path)) }))
  const probes: (File & Probe)[] = []
  for (const { file, isDoubtful, ...found } of looks) {
    probes.push({ ...file, ...found, ...(isDoubtful && (await examine(join(root, file.path)))) })
  }
  return probes
}

async function look(root: string, path: string): Promise<Probe & { isDoubtful: boolean }> {
  const nothing = { hash: null, width: 0, height: 0, isDoubtful: false }
  if (safeRelativePath(path) !== path || path.includes('\ufffd')) {
    return { ...nothing, error: 'its name holds characters that label files cannot name' }
  }
  try {
    const { hash, bytes, head, tail } = await digest(join(root, path))
    if (bytes === 0) return { ...nothing, hash, error: 'the file is empty' }
    if (isBmp(head)) return { ...nothing, hash, ...(await lookAtBmp(join(root, path), bytes)) }
    const size = await header(join(root, path)).catch(() => undefined)
    const isDoubtful =
      !size ||
      lacksEnd(head, tail, bytes) ||
      (isTiff(head) && pixels(size) <= MOST_EXAMINED) ||
      (isAvif(head) && (await endOfBoxes(join(root, path), bytes)) > bytes)
    return { ...nothing, ...size, hash, error: null, isDoubtful }
  } catch (error) {
    return { ...nothing, error: reasonOf(error) }
  }
}

/** No part of libvips. That its run lengths are whole is not looked at. */
async function lookAtBmp(file: string, bytes: number): Promise<Omit<Probe, 'hash'>> {
  let size = { width: 0, height: 0 }
  try {
    const header = (await bmpHeaderOf(file))!
    size = { width: header.width, height: header.height }
    checkBmpLength(header, bytes)
    return { ...size, error: null }
  } catch (error) {
    return { ...size, error: (error as Error).message }
  }
}

/** Looks through all pixels, which takes memory and time: see MOST_EXAMINED. */
async function examine(file: string): Promise<Omit<Probe, 'hash'>> {
  let size = { width: 0, height: 0 }
  try {
    size = await header(file)
    if (pixels(size) > MOST_EXAMINED || (await isTooShort(file, size))) {
      return { ...size, error: `it ends early: it says that it has ${size.width} × ${size.height} pixels` }
    }
    const { channels } = await sharp(file, { failOn: 'error', limitInputPixels: MOST_EXAMINED }).stats()
    return { ...size, error: channels.length > 0 ? null : 'its pixels cannot be read' }
  } catch (error) {
    return { ...size, error: imageReason(error) }
  }
}

/**
 * Pixels. Decoders of some kinds, progressive JPEG among them, take memory for all that the header claims: without
 * bounds, a file of 300 bytes has them take 12 GB.
 */
const MOST_EXAMINED = 2 ** 28

const pixels = ({ width, height }: Size): number => width * height

/** TIFF has no mark of its end. */
const isTiff = (head: Buffer): boolean => /^(II[*+]\0|MM\0[*+])/.test(head.toString('latin1'))

const isAvif = (head: Buffer): boolean => head.toString('latin1', 4, 8) === 'ftyp'

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

/** A JPEG has a bit at least for each block of 8 × 8 pixels. */
async function isTooShort(file: string, { width, height }: Size): Promise<boolean> {
  const { size: bytes } = await stat(file)
  return width * height > bytes * 8 * 64 && (await sharp(file).metadata()).format === 'jpeg'
}

async function header(file: string): Promise<{ width: number; height: number }> {
  const { autoOrient } = await sharp(file, { limitInputPixels: false }).metadata()
  const { width, height } = autoOrient
  if (!(width > 0 && height > 0)) throw new Error('its header cannot be read')
  return { width, height }
}

/** SHA-256, cut to the 128 bits that tell any files apart. Processors compute it about as fast as disks read. */
async function digest(file: string): Promise<{ hash: Buffer; bytes: number; head: Buffer; tail: Buffer }> {
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
