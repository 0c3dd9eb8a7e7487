/** Images whose predictions are shown while a model learns. */
import type { PinnedPredictions } from '../../../core/contract/engine.ts'
import { predictionMaps } from '../../../core/detectors/fcos/views.ts'
import { CodedError } from '../../../core/errors.ts'
import { decodeImage, type RgbImage } from '../../images/decode.ts'
import { preprocess } from '../data/preprocess.ts'
import { candidatesOf, detectionsOf, EVALUATION_OPTIONS, frameOf } from '../detect/detector.ts'
import { rawOutputs } from '../detect/raw-outputs.ts'
import type { Fcos } from '../model/fcos.ts'

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
  *predict(model: Fcos, step: number): Generator<PinnedPredictions> {
    for (const { index, image } of this.#images) {
      const input = preprocess([image], model.config.input)
      const raw = rawOutputs(model, input)
      const { pyramid, scales = null } = raw
      const geometry = { pyramid, scales, distance: model.config.head.distance }
      const { centerness, classScores } = predictionMaps(raw.images[0].outputs, geometry)
      const [{ candidates }] = candidatesOf(raw, input, model.config, {
        scoreThreshold: EVALUATION_OPTIONS.score,
      })
      yield {
        step,
        index,
        ...frameOf(image, input, 0),
        detections: detectionsOf(candidates, model.config, EVALUATION_OPTIONS),
        centerness,
        classScores,
      }
    }
  }
}
