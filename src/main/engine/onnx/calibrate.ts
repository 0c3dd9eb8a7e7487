/** Measures which values a model's activations take on images, for int8. */
import type { InferenceSession } from 'onnxruntime-node'
import type { Calibration } from '../../../core/contract/engine.ts'
import { tileSide, tilesOf } from '../../../core/detectors/shared/tiles.ts'
import { CodedError, type WireError } from '../../../core/errors.ts'
import type { RgbImage } from '../../images/decode.ts'
import type { LargeImage } from '../../images/region.ts'
import { openLabelled } from '../data/labelled-image.ts'
import { preprocess } from '../data/preprocess.ts'
import { learntSide, learntTiling } from '../detect/learnt-side.ts'
import { imageError } from '../detect/stream.ts'
import { partOf, wholeOf } from '../detect/tiled.ts'
import type { Checkpoint } from '../weights/checkpoint.ts'
import type { Calibrate } from './model.ts'
import { IMAGE } from './model.ts'
import type { Range } from './quantise.ts'
import { imageTensor, openSession } from './session.ts'

export interface CalibrationInput {
  readonly checkpoint: Checkpoint
  /** File of the checkpoint: the run beside it may say how large the images were that it learnt from. */
  readonly path: string
  readonly images: readonly string[]
  /** Called with the number of images that are done. */
  readonly onImage: (done: number) => void
  readonly signal: AbortSignal
}

/**
 * The least and the most over all images, each as detection sees it: where that takes tiles, as a whole and in its middle tile.
 *
 * @param done is given what was measured on.
 * @throws CodedError DATA_IMAGE_* where no image can be read, WEIGHTS_NOT_FINITE, ENGINE_CANCELLED.
 */
export function calibrator(
  { checkpoint, path, images, onImage, signal }: CalibrationInput,
  done: (calibration: Calibration) => void,
): Calibrate {
  return async (observer, activations) => {
    const { input } = checkpoint.config
    const rule = { input: input.longSide, learnt: await learntSide(path, checkpoint) }
    const tiling = learntTiling(checkpoint)
    const least = new Float32Array(activations.length).fill(Infinity)
    const most = new Float32Array(activations.length).fill(-Infinity)
    const observe = (found: InferenceSession.OnnxValueMapType) => {
      for (const i of activations.keys()) {
        least[i] = Math.min(least[i], Number(found.least.data[i]))
        most[i] = Math.max(most[i], Number(found.most.data[i]))
      }
    }
    const skipped: WireError[] = []
    const session = await openSession(observer)
    try {
      for (const [index, file] of images.entries()) {
        if (signal.aborted) throw new CodedError('ENGINE_CANCELLED', 'The export was cancelled')
        const image = await openLabelled({ path: file }).catch(imageError)
        if ('code' in image) skipped.push(image)
        else
          try {
            for (const view of await viewsOf(image, tileSide(image, rule, tiling)))
              observe(
                await session.run({
                  [IMAGE]: await imageTensor(preprocess([view], input), checkpoint.config),
                }),
              )
          } catch (error) {
            skipped.push(imageError(error))
          } finally {
            if (!('data' in image)) await image.close()
          }
        onImage(index + 1)
      }
    } finally {
      await session.release()
    }
    const count = images.length - skipped.length
    if (count === 0) throw nothingToMeasure(skipped)
    done({ images: count, skipped })
    return {
      ranges: new Map(activations.map((name, i) => [name, rangeOf(least[i], most[i])])),
      images: count,
    }
  }
}

async function viewsOf(image: RgbImage | LargeImage, side: number | null): Promise<RgbImage[]> {
  const whole = await wholeOf(image)
  if (side === null) return [whole]
  const tiles = tilesOf(image, side)
  return [whole, await partOf(image, tiles[tiles.length >> 1]!)]
}

function rangeOf(least: number, most: number): Range {
  if (Number.isFinite(least) && Number.isFinite(most)) return { least, most }
  throw new CodedError(
    'WEIGHTS_NOT_FINITE',
    'The model computes values that are no numbers on these images, so they have no range for int8',
    'Train it again, or export it without int8',
  )
}

function nothingToMeasure([first]: readonly WireError[]): CodedError {
  const remedy = 'Give other images with --calibrate, or export without int8'
  if (!first) return new CodedError('USAGE_CALIBRATION', 'There are no images to calibrate int8 on', remedy)
  return new CodedError(first.code, `No image could be read to calibrate int8 on: ${first.message}`, remedy)
}
