/**
 * Fetches and decodes whole pictures, and halves them, away from the thread that draws: halving twelve megapixels would
 * stop a gesture for longer than a frame. Speaks DecodeRequest in, DecodeAnswer out.
 */
import type { Size } from '../../../core/geometry/box.ts'
import type { DecodeAnswer, DecodeRequest } from './decoder.ts'
import type { PicturePart } from './picture.ts'

/** The smallest copy is no wider and no higher than this. */
const SMALLEST = 1024
/** A part is no wider and no higher: a frame needs only the parts in sight, and browsers slow down over huge bitmaps. */
const PART = 1024

const running = new Map<number, AbortController>()

async function fetched(url: string, signal: AbortSignal): Promise<ImageBitmap> {
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(`${response.status} for ${url}`)
  return createImageBitmap(await response.blob())
}

/** At exactly a half, what is called low quality averages four pixels. */
const halved = (bitmap: ImageBitmap) =>
  createImageBitmap(bitmap, {
    resizeWidth: Math.max(1, bitmap.width >> 1),
    resizeHeight: Math.max(1, bitmap.height >> 1),
    resizeQuality: 'low',
  })

/** Cuts a copy of an image into parts, and closes it. */
async function cut(copy: ImageBitmap, image: Size): Promise<PicturePart[]> {
  const stepX = image.width / copy.width
  const stepY = image.height / copy.height
  const parts: Promise<PicturePart>[] = []
  for (let y = 0; y < copy.height; y += PART) {
    for (let x = 0; x < copy.width; x += PART) {
      const width = Math.min(PART, copy.width - x)
      const height = Math.min(PART, copy.height - y)
      const box = [x * stepX, y * stepY, (x + width) * stepX, (y + height) * stepY] as const
      parts.push(createImageBitmap(copy, x, y, width, height).then((bitmap) => ({ bitmap, box })))
    }
  }
  const all = await Promise.all(parts)
  copy.close()
  return all
}

/** The picture and its copies, each half as large as the one before. */
async function decode(url: string, signal: AbortSignal): Promise<PicturePart[][]> {
  const copies = [await fetched(url, signal)]
  const image = { width: copies[0]!.width, height: copies[0]!.height }
  for (let last = copies[0]!; Math.max(last.width, last.height) > SMALLEST; copies.push(last))
    last = await halved(last)
  return Promise.all(copies.map((copy) => cut(copy, image)))
}

async function answer(id: number, url: string): Promise<void> {
  const controller = new AbortController()
  running.set(id, controller)
  try {
    const levels = await decode(url, controller.signal)
    self.postMessage({ id, levels } satisfies DecodeAnswer, {
      transfer: levels.flat().map(({ bitmap }) => bitmap),
    })
  } catch (error) {
    self.postMessage({ id, error: String(error) } satisfies DecodeAnswer)
  } finally {
    running.delete(id)
  }
}

self.addEventListener('message', ({ data: { id, url } }: MessageEvent<DecodeRequest>) => {
  if (url === null) running.get(id)?.abort()
  else void answer(id, url)
})
