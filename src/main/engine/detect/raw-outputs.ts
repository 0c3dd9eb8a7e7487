/** One pass of the network, read back: what the head puts out for each image of a batch. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { HeadParameters, Outputs } from '../../../core/detectors/detector.ts'
import type { Pyramid } from '../../../core/pyramid/levels.ts'
import type { NetworkInput } from '../data/preprocess.ts'
import type { Network } from '../model/network.ts'
import { Tape } from '../model/tape.ts'
import { tf } from '../tensor/tensorflow.ts'

export interface RawOutputs {
  readonly grid: Pyramid
  readonly parameters: HeadParameters
  /** Per image. */
  readonly images: readonly { readonly outputs: Outputs; readonly embedding: Float32Array }[]
}

const P5 = 2

export function rawOutputs(model: Network, { images, width, height, sizes }: NetworkInput): RawOutputs {
  const tensor = tf.tensor4d(images, [sizes.length, height, width, 3]) as Tensor4D
  const tape = new Tape(false)
  const features = model.features(tape, tensor)
  const mean = tf.mean(features[P5].tensor, [1, 2])
  const levels = model.predict(tape, model.towers(tape, features))
  const outputs = Object.entries(model.read(levels))
  const embeddings = mean.dataSync() as Float32Array
  for (const value of levels.flat()) value.release()
  tf.dispose([tensor, mean])

  return {
    grid: model.grid({ width, height }),
    parameters: model.readParameters(),
    images: sizes.map((_, n) => {
      const of = (values: Float32Array) => {
        const length = values.length / sizes.length
        return values.subarray(n * length, (n + 1) * length)
      }
      return {
        outputs: Object.fromEntries(outputs.map(([name, values]) => [name, of(values)])),
        embedding: of(embeddings),
      }
    }),
  }
}
