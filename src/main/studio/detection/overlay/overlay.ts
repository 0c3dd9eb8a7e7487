/** Draws detections on their image. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import sharp, { type OverlayOptions } from 'sharp'
import { classColour } from '../../../../core/colour/class-palette.ts'
import type { BoxXyxy, Size } from '../../../../core/geometry/box.ts'
import { replaceFile } from '../../../files/replace-file.ts'
import { decodeImage } from '../../../images/decode.ts'
import { withImage } from '../../../images/libvips.ts'
import { inkOn } from './colours.ts'
import { placeLabels } from './labels.ts'
import { drawText } from './text.ts'

export interface Drawing {
  /** Best first. */
  readonly detections: readonly {
    readonly box: BoxXyxy
    readonly score: number
    readonly name: string
    /** Index of the class among all classes, which selects its colour. */
    readonly index: number
  }[]
  /** Ground truth; drawn dashed. */
  readonly truth: readonly { readonly box: BoxXyxy }[]
}

/** The EXIF software field of drawn pictures, by which they are told from photographs. */
const SOFTWARE = 'FCOS Studio, detections drawn on their image'

/** Whether a file was drawn by this program and is not a picture of the user. */
export async function isOverlay(file: string): Promise<boolean> {
  const { exif } = await withImage(file, () => sharp(file).metadata()).catch(() => ({ exif: undefined }))
  return exif?.includes(SOFTWARE) ?? false
}

/**
 * Writes a JPEG of the image as the detector sees it (EXIF orientation applied), in full size. Replaces what is there.
 * @throws CodedError as decodeImage does; IO_DISK_FULL, IO_WRITE.
 */
export async function drawOverlay(image: string, { detections, truth }: Drawing, out: string): Promise<void> {
  const { width, height, data } = await decodeImage(image)
  const longSide = Math.max(width, height)
  // Size of letters that are legible at full size and when a large photograph is scaled down to a screen.
  const line = Math.max(2, longSide / 480)
  const letters = Math.round(Math.max(11, longSide / 60))
  const drawn = await Promise.all(
    detections.map(async ({ box, name, score, index }) => {
      const colour = classColour(index)
      const text = await drawText(`${name}  ${score.toFixed(2)}`, letters, inkOn(colour))
      return { box, colour, text, size: chipSize(text.width, letters) }
    }),
  )
  // In a thumbnail, the colour has to say it.
  const chips = drawn.filter(({ size }) => size.width <= width && size.height <= height)
  const places = placeLabels(
    chips.map(({ box }) => box),
    chips.map(({ size }) => size),
    { width, height },
  )

  const shapes = [
    ...drawn.map(({ box, colour }) => rectangle(box, line, colour)).reverse(),
    ...truth.map(({ box }) => dashed(box, line)),
  ]
  const labels = chips.map(({ colour, text, size }, i): OverlayOptions[] => {
    const { x, y } = places[i]!
    const left = x + Math.round((size.width - text.width) / 2)
    const top = y + Math.round((size.height - text.height) / 2)
    return [
      { input: chip(size, colour, line), left: x, top: y },
      { input: text.png, left, top },
    ]
  })
  await mkdir(path.dirname(out), { recursive: true })
  // Where labels meet, the best detection's is on top.
  const layers = [{ input: svg({ width, height }, shapes.join('')) }, ...labels.reverse().flat()]
  const jpeg = await withImage(image, () =>
    sharp(data, { raw: { width, height, channels: 3 } })
      .composite(layers)
      .withExif({ IFD0: { Software: SOFTWARE } })
      .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
      .toBuffer(),
  )
  await replaceFile(out, jpeg)
}

const chipSize = (textWidth: number, letters: number): Size => ({
  width: textWidth + Math.round(letters * 0.8),
  height: Math.round(letters * 1.5),
})

const attributes = ([x1, y1, x2, y2]: BoxXyxy): string =>
  `x="${x1.toFixed(2)}" y="${y1.toFixed(2)}" width="${(x2 - x1).toFixed(2)}" height="${(y2 - y1).toFixed(2)}"`

/** A dark outline keeps the line visible on every background. */
const rectangle = (box: BoxXyxy, line: number, colour: string): string =>
  `<rect ${attributes(box)} stroke="#000" stroke-opacity="0.45" stroke-width="${line * 1.8}"/>` +
  `<rect ${attributes(box)} stroke="${colour}" stroke-width="${line}"/>`

const dashed = (box: BoxXyxy, line: number): string => {
  const dash = `stroke-width="${line * 0.7}" stroke-dasharray="${line * 3} ${line * 3}"`
  return (
    `<rect ${attributes(box)} stroke="#000" stroke-opacity="0.6" ${dash} stroke-dashoffset="${line * 3}"/>` +
    `<rect ${attributes(box)} stroke="#fff" ${dash}/>`
  )
}

const chip = (size: Size, colour: string, line: number): Buffer =>
  svg(size, `<rect width="100%" height="100%" rx="${line}" fill="${colour}" fill-opacity="0.94"/>`)

const svg = ({ width, height }: Size, shapes: string): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" fill="none">${shapes}</svg>`,
  )
