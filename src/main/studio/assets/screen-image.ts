/** Pictures, or parts of them, as a screen shows them: in 8 bits, as PNG or small JPEG. */
import sharp, { type Sharp } from 'sharp'
import type { Size } from '../../../core/geometry/box.ts'
import { openImage } from './open-image.ts'
import { displayedSize, orient } from './orientation.ts'
import type { Picture } from './picture.ts'
import { applyWindow, rangeOf, readSamples, type Samples, type Window } from './samples.ts'

/**
 * PNG without compression: for a window on the same machine it is written and read in the least time of all formats
 * (12 megapixels: 35 ms and 60 ms; with the lightest compression 320 ms and 165 ms).
 */
export const encodeExact = (image: Sharp): Promise<Buffer> => image.png({ compressionLevel: 0 }).toBuffer()

/** The 8 bits of samples that a window shows. */
export function show(samples: Samples, window: Window): Sharp {
  const { width, height, channels } = samples
  const shown = sharp(applyWindow(samples, window), { raw: { width, height, channels: channels as 1 | 3 } })
  return channels === 1 ? shown.toColourspace('b-w') : shown
}

/** All pixels of a picture of 8 bits. Alpha is dropped, as the detector does. */
export async function readWhole({ file, format, orientation }: Picture): Promise<Buffer> {
  const image = await openImage(file, format)
  return encodeExact(orient(image.removeAlpha(), orientation))
}

/** All samples of a deeper picture, as displayed. */
export async function readDeepWhole(picture: Picture): Promise<Samples> {
  const image = await openImage(picture.file, picture.format)
  return readSamples(orient(image, picture.orientation), picture)
}

/**
 * The picture as displayed, reduced to a longest side in px and never enlarged: JPEG. JPEG files are read at an eighth
 * of their size and all formats in one pass, a few rows at a time where the format allows it.
 */
export async function readReduced(picture: Picture, side: number): Promise<Buffer> {
  const { file, format, depth, orientation } = picture
  // Before it is turned: afterwards little is left to be held in memory.
  const size = displayedSize(reducedSize(picture, side), orientation)
  // A filter would spread every NaN.
  const kernel = depth === 'float' ? 'nearest' : 'lanczos3'
  const image = (await openImage(file, format)).resize({ ...size, fit: 'fill', kernel })
  orient(image, orientation)
  if (depth === 8) return encodeSmall(image.removeAlpha())
  const samples = await readSamples(image, picture)
  return encodeSmall(show(samples, rangeOf(samples)))
}

/** Reduces a picture that was reduced before. */
export function reduceAgain(image: Buffer, side: number): Promise<Buffer> {
  return encodeSmall(
    sharp(image).resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true }),
  )
}

/** Enough samples for the range of a picture that is too large to be read whole: about a million pixels. */
export async function readSome(picture: Picture): Promise<Samples> {
  const stored = displayedSize(reducedSize(picture, 1024), picture.orientation)
  const image = await openImage(picture.file, picture.format)
  return readSamples(image.resize({ ...stored, fit: 'fill', kernel: 'nearest' }), picture)
}

export const encodeSmall = (image: Sharp): Promise<Buffer> => image.jpeg({ quality: 88 }).toBuffer()

function reducedSize({ width, height }: Size, side: number): Size {
  const scale = Math.min(1, side / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}
