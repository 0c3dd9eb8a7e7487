/**
 * Runs a network over many files. Decoding runs ahead, results come in order, and a bad image is reported and
 * skipped.
 */

import type { InputConfig } from '../../../core/detectors/model-config.ts'
import { CodedError, toWire, type WireError } from '../../../core/errors.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { resizedSize } from '../../../core/pyramid/input-size.ts'
import type { RgbImage } from '../../images/decode.ts'
import type { LargeImage } from '../../images/region.ts'
import { type ImageWithLabels, openLabelled } from '../data/labelled-image.ts'

/** What the network made of an image, or why the image could not be read. */
export type ImageResult<Found> =
  | { readonly index: number; readonly image: Size; readonly found: Found }
  | { readonly index: number; readonly error: WireError }

export interface StreamOptions {
  readonly input: InputConfig
  /** Images of one size that go through the network together. */
  readonly batch: number
  /** Stops early, between batches. */
  readonly signal: AbortSignal
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
  let group: { index: number; image: RgbImage | LargeImage }[] = []
  const run = async function* (): AsyncGenerator<ImageResult<Found>> {
    const found = group.length > 0 ? await network(group.map(({ image }) => image)) : []
    for (const [i, of] of group.entries()) yield { ...of, found: found[i] }
    group = []
  }

  for (let index = 0; index < images.length && !signal.aborted; index++) {
    decodeUpTo(index + batch + AHEAD)
    const image = await decoding[index]
    delete decoding[index]
    if ('code' in image) {
      yield* run()
      yield { index, error: image }
      continue
    }
    if (!('data' in image)) {
      yield* run()
      group = [{ index, image }]
      try {
        yield* run()
      } catch (error) {
        group = []
        yield { index, error: imageError(error) }
      } finally {
        await image.close()
      }
      continue
    }
    if (group.length > 0 && !sameInput(input, group[0].image, image)) yield* run()
    group.push({ index, image })
    if (group.length === batch) yield* run()
  }
  if (!signal.aborted) yield* run()
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
