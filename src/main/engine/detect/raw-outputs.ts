/** One pass of the network, read back: what the head puts out for each image of a batch. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { ImageOutputs } from '../../../core/detectors/fcos/decode.ts'
import { type Pyramid, pyramid } from '../../../core/pyramid/levels.ts'
import type { NetworkInput } from '../data/preprocess.ts'
import type { Fcos } from '../model/fcos.ts'
import { Tape } from '../model/tape.ts'
import { tf } from '../tensor/tensorflow.ts'

export interface RawOutputs {
  readonly pyramid: Pyramid
  /** [levels] learned scales of the regression; undefined for models without. */
  readonly scales: Float32Array | undefined
  /** Per image. */
  readonly images: readonly { readonly outputs: ImageOutputs; readonly embedding: Float32Array }[]
}

const P5 = 2

export function rawOutputs(model: Fcos, { images, width, height, sizes }: NetworkInput): RawOutputs {
  const { config, parameters } = model
  const tensor = tf.tensor4d(images, [sizes.length, height, width, 3]) as Tensor4D
  const tape = new Tape(false)
  const features = model.features(tape, tensor)
  const mean = tf.mean(features[P5].tensor, [1, 2])
  const levels = model.predict(tape, model.towers(tape, features))
  const { logits, regression, centerness } = model.read(levels)
  const embeddings = mean.dataSync() as Float32Array
  for (const { classification, regression } of levels) {
    classification.release()
    regression.release()
  }
  tf.dispose([tensor, mean])

  const grid = pyramid({ width, height }, config.assignment.location)
  return {
    pyramid: grid,
    scales: parameters.find('head.regression_head.scales')?.value.dataSync() as Float32Array | undefined,
    images: sizes.map((_, n) => {
      const of = (values: Float32Array) => {
        const length = values.length / sizes.length
        return values.subarray(n * length, (n + 1) * length)
      }
      return {
        outputs: { logits: of(logits), regression: of(regression), centerness: of(centerness) },
        embedding: of(embeddings),
      }
    }),
  }
}
