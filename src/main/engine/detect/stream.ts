/** Detection over many files: decoding runs ahead of the network, results come in order, a bad image is reported and skipped. */

import type { ScoredBox } from '../../../core/contract/engine.ts'
import { CodedError, toWire, type WireError } from '../../../core/contract/errors.ts'
import { resizedSize } from '../../../core/geometry/input-size.ts'
import { decodeImage, type RgbImage } from '../data/decode.ts'
import type { Fcos } from '../model/fcos.ts'
import { type DetectionOptions, detect } from './detector.ts'

export type ImageResult =
  | {
      readonly index: number
      readonly width: number
      readonly height: number
      readonly detections: ScoredBox[]
    }
  | { readonly index: number; readonly error: WireError }

/** Decoded images that wait for the network, beside those of the next batch. */
const AHEAD = 3

/** Stops early, between batches, where `signal` is aborted. */
export async function* detectFiles(
  model: Fcos,
  paths: readonly string[],
  options: DetectionOptions & { readonly batch: number },
  signal: AbortSignal,
): AsyncGenerator<ImageResult> {
  const decoding: Promise<RgbImage | WireError>[] = []
  const decodeUpTo = (end: number) => {
    for (let i = decoding.length; i < Math.min(end, paths.length); i++)
      decoding.push(decodeImage(paths[i]).catch(imageError))
  }
  let group: { index: number; image: RgbImage }[] = []
  const run = function* (): Generator<ImageResult> {
    const found =
      group.length > 0
        ? detect(
            model,
            group.map(({ image }) => image),
            options,
          )
        : []
    for (const [i, { index, image }] of group.entries()) {
      yield { index, width: image.width, height: image.height, detections: found[i] }
    }
    group = []
  }

  for (let index = 0; index < paths.length && !signal.aborted; index++) {
    decodeUpTo(index + options.batch + AHEAD)
    const image = await decoding[index]
    delete decoding[index]
    if (!('data' in image)) {
      yield* run()
      yield { index, error: image }
      continue
    }
    if (group.length > 0 && !sameInput(model, group[0].image, image)) yield* run()
    group.push({ index, image })
    if (group.length === options.batch) yield* run()
  }
  if (!signal.aborted) yield* run()
}

function sameInput(model: Fcos, a: RgbImage, b: RgbImage): boolean {
  const [one, other] = [a, b].map((image) => resizedSize(image, model.config.input))
  return one.width === other.width && one.height === other.height
}

/** An image that cannot be read is data; anything else is a fault and passes on. */
function imageError(error: unknown): WireError {
  if (error instanceof CodedError && error.code.startsWith('DATA_IMAGE')) return toWire(error)
  throw error
}
