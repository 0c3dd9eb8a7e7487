/** Images whose predictions are shown while a model learns. */
import type { PinnedPredictions } from '../../../core/contract/engine.ts'
import type { Detector, PredictionMaps } from '../../../core/detectors/detector.ts'
import { CodedError } from '../../../core/errors.ts'
import { decodeImage, type RgbImage } from '../../images/decode.ts'
import { preprocess } from '../data/preprocess.ts'
import { candidatesOf, detectionsOf, frameOf } from '../detect/detect.ts'
import { evaluationOptions } from '../detect/options.ts'
import { rawOutputs } from '../detect/raw-outputs.ts'
import type { Network } from '../model/network.ts'

interface Pinned {
  readonly index: number
  readonly image: RgbImage
}

export class PinnedImages {
  readonly #images: readonly Pinned[]

  private constructor(images: readonly Pinned[]) {
    this.#images = images
  }

  /** @param note is told of images that cannot be read; they are left out. */
  static async open(paths: readonly string[], note: (message: string) => void): Promise<PinnedImages> {
    const images: Pinned[] = []
    for (const [index, path] of paths.entries()) {
      try {
        images.push({ index, image: await decodeImage(path) })
      } catch (error) {
        if (!(error instanceof CodedError)) throw error
        note(`No live predictions: ${error.message}`)
      }
    }
    return new PinnedImages(images)
  }

  /** One after the other, to need no more memory than a step does. */
  *predict(model: Network, step: number): Generator<PinnedPredictions> {
    for (const { index, image } of this.#images) {
      const input = preprocess([image], model.config.input)
      const raw = rawOutputs(model, input)
      const { detector, config } = model
      const options = evaluationOptions(detector)
      const { grid, parameters, images } = raw
      const [{ outputs }] = images
      const [{ candidates }] = candidatesOf(model, raw, input, { scoreThreshold: options.score })
      yield {
        step,
        index,
        ...frameOf(image, input, 0),
        detections: detectionsOf(candidates, config, options),
        maps: sharesOf(detector, detector.predictionMaps({ config, grid, outputs, parameters })),
      }
    }
  }
}

/** What a heat map is made of: class_scores, and the detector's quality by its name. */
function sharesOf(
  { quality }: Pick<Detector, 'quality'>,
  predicted: PredictionMaps,
): Readonly<Record<string, Float32Array>> {
  return {
    ...(quality && predicted.quality && { [quality.name]: predicted.quality }),
    class_scores: predicted.classScores,
  }
}
