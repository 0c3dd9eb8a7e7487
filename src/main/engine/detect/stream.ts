/**
 * Runs a network over many files. Decoding runs ahead, and the next batch is prepared while a runtime with threads of its own
 * computes; results come in order, and a bad image is reported and skipped.
 */

import type { InputConfig } from '../../../core/detectors/model-config.ts'
import { CodedError, toWire, type WireError } from '../../../core/errors.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { resizedSize } from '../../../core/pyramid/input-size.ts'
import type { RgbImage } from '../../images/decode.ts'
import type { LargeImage } from '../../images/region.ts'
import { type ImageWithLabels, openLabelled } from '../data/labelled-image.ts'

/** `pages` is set where the file has several frames or pages, of which the first was seen. */
export type SeenSize = Size & Pick<RgbImage, 'pages'>

/** What the network made of an image, or why the image could not be read. */
export type ImageResult<Found> =
  | { readonly index: number; readonly image: SeenSize; readonly found: Found }
  | { readonly index: number; readonly error: WireError }

export interface StreamOptions {
  readonly input: InputConfig
  /** Images of one size that go through the network together. */
  readonly batch: number
  /** Stops early, between batches. */
  readonly signal: AbortSignal
}

interface Decoded {
  readonly index: number
  readonly image: RgbImage
}

/** Number of decoded images that wait for the network, in addition to those of the next batch. */
const AHEAD = 3

/** @param network what it makes of each of a batch of images, whose input has one size. */
export async function* overFiles<Found>(
  images: readonly ImageWithLabels[],
  network: (images: readonly (RgbImage | LargeImage)[]) => Promise<Found[]>,
  { input, batch, signal }: StreamOptions,
): AsyncGenerator<ImageResult<Found>> {
  const decoding: Promise<RgbImage | LargeImage | WireError>[] = []
  const decodeUpTo = (end: number) => {
    for (let i = decoding.length; i < Math.min(end, images.length); i++)
      decoding.push(openLabelled(images[i]).catch(imageError))
  }
  let group: Decoded[] = []
  const begun: { readonly of: readonly Decoded[]; readonly found: Promise<Found[]> }[] = []
  const begin = (): void => {
    if (group.length === 0) return
    const found = network(group.map(({ image }) => image))
    // An error is thrown where the results are awaited.
    found.catch(() => {})
    begun.push({ of: group, found })
    group = []
  }
  const finish = async function* (remaining: number): AsyncGenerator<ImageResult<Found>> {
    while (begun.length > remaining) {
      const { of, found } = begun[0]
      const results = await found
      begun.shift()
      for (const [i, { index, image }] of of.entries()) yield { index, image, found: results[i] }
    }
  }

  try {
    for (let index = 0; index < images.length && !signal.aborted; index++) {
      decodeUpTo(index + batch + AHEAD)
      const image = await decoding[index]
      delete decoding[index]
      if ('code' in image) {
        begin()
        yield* finish(0)
        yield { index, error: image }
      } else if ('data' in image) {
        if (group.length > 0 && !sameInput(input, group[0].image, image)) begin()
        group.push({ index, image })
        if (group.length === batch) begin()
        yield* finish(1)
      } else {
        begin()
        yield* finish(0)
        try {
          const [found] = await network([image])
          yield { index, image, found }
        } catch (error) {
          yield { index, error: imageError(error) }
        } finally {
          await image.close()
        }
      }
    }
    if (signal.aborted) return
    begin()
    yield* finish(0)
  } finally {
    // The model may be let go as soon as this ends.
    await Promise.allSettled(begun.map(({ found }) => found))
  }
}

function sameInput(input: InputConfig, a: Size, b: Size): boolean {
  const [one, other] = [a, b].map((image) => resizedSize(image, input))
  return one.width === other.width && one.height === other.height
}

/** An image that cannot be read is reported as a result; any other error is thrown. */
export function imageError(error: unknown): WireError {
  if (error instanceof CodedError && error.code.startsWith('DATA_IMAGE')) return toWire(error)
  throw error
}
