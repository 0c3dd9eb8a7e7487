/**
 * Pictures, or parts of them, as a screen shows them: in 8 bits, as PNG or small JPEG. All functions that read a file throw
 * CodedError DATA_IMAGE_UNREADABLE, DATA_IMAGE_FORMAT, DATA_IMAGE_BROKEN.
 */
import { readFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import { decodeBmp } from '../../core/formats/bmp.ts'
import type { Size } from '../../core/geometry/box.ts'
import { LENIENT, withImage } from './libvips.ts'
import { displayedSize, orient } from './orientation.ts'
import type { Picture } from './picture.ts'
import { applyWindow, rangeOf, readSamples, type Samples, type Window } from './samples.ts'

/**
 * PNG without compression: for a window on the same machine, it is the fastest format to write and read (12 megapixels: 35
 * ms and 60 ms; with the lightest compression 320 ms and 165 ms).
 */
export const encodeExact = (image: Sharp): Promise<Buffer> => image.png({ compressionLevel: 0 }).toBuffer()

/** Samples converted to the 8 bits that a window shows. */
export function show(samples: Samples, window: Window): Sharp {
  const { width, height, channels } = samples
  const shown = sharp(applyWindow(samples, window), { raw: { width, height, channels: channels as 1 | 3 } })
  return channels === 1 ? shown.toColourspace('b-w') : shown
}

/** The first frame or page. Pixels are read when the pipeline runs, except those of a BMP file, which are read at once. */
async function openImage({ file, format }: Picture): Promise<Sharp> {
  if (format !== 'bmp') return sharp(file, LENIENT)
  const { width, height, data } = decodeBmp(await readFile(file))
  return sharp(data, { ...LENIENT, raw: { width, height, channels: 3 } })
}

/** All pixels of a picture of 8 bits. Alpha is dropped, as the detector does. */
export const readWhole = (picture: Picture): Promise<Buffer> =>
  withImage(picture.file, async () => {
    const image = await openImage(picture)
    return encodeExact(orient(image.removeAlpha(), picture.orientation))
  })

/** All samples of a deeper picture, as displayed. */
export const readDeepWhole = (picture: Picture): Promise<Samples> =>
  withImage(picture.file, async () =>
    readSamples(orient(await openImage(picture), picture.orientation), picture),
  )

/**
 * The picture as displayed, reduced to a longest side in px and never enlarged: JPEG. JPEG files are read at an eighth
 * of their size and all formats in one pass, a few rows at a time where the format allows it.
 */
export const readReduced = (picture: Picture, side: number): Promise<Buffer> =>
  withImage(picture.file, () => reduce(picture, side))

async function reduce(picture: Picture, side: number): Promise<Buffer> {
  const { depth, orientation } = picture
  // Reduced before it is rotated, since rotating holds the picture in memory.
  const size = displayedSize(reducedSize(picture, side), orientation)
  // A filter would spread NaN values.
  const kernel = depth === 'float' ? 'nearest' : 'lanczos3'
  const image = (await openImage(picture)).resize({ ...size, fit: 'fill', kernel })
  orient(image, orientation)
  if (depth === 8) return encodeSmall(image.removeAlpha())
  const samples = await readSamples(image, picture)
  return encodeSmall(show(samples, rangeOf(samples)))
}

/** Further reduces the picture of a file that was already reduced. */
export const reduceAgain = (file: string, image: Buffer, side: number): Promise<Buffer> =>
  withImage(file, () =>
    encodeSmall(sharp(image).resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })),
  )

/** Enough samples for the range of a picture that is too large to be read whole: about a million pixels. */
export const readSome = (picture: Picture): Promise<Samples> =>
  withImage(picture.file, async () => {
    const stored = displayedSize(reducedSize(picture, 1024), picture.orientation)
    const image = await openImage(picture)
    return readSamples(image.resize({ ...stored, fit: 'fill', kernel: 'nearest' }), picture)
  })

export const encodeSmall = (image: Sharp): Promise<Buffer> => image.jpeg({ quality: 88 }).toBuffer()

function reducedSize({ width, height }: Size, side: number): Size {
  const scale = Math.min(1, side / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}
