/** One pass of the network on TensorFlow, read back. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { NetworkInput } from '../data/preprocess.ts'
import type { Network } from '../model/network.ts'
import { Tape } from '../model/tape.ts'
import { device, tensorflowVersion, tf } from '../tensor/tensorflow.ts'
import { imagesOf, type RawOutputs, type Runner } from './runner.ts'

/** Index of P5 among the levels P3 to P7. A model with a single level uses that one. */
const P5 = 2

/** The owner keeps the model, unless it disposes of it through the runner. */
export const tensorflowRunner = (model: Network): Runner => ({
  config: model.config,
  detector: model.detector,
  runtime: `TensorFlow ${tensorflowVersion}, ${device.toUpperCase()}`,
  raw: async (input) => rawOutputs(model, input),
  dispose: () => model.dispose(),
})

export function rawOutputs(model: Network, { images, width, height, sizes }: NetworkInput): RawOutputs {
  const tensor = tf.tensor4d(images, [sizes.length, height, width, 3]) as Tensor4D
  const tape = new Tape(false)
  const features = model.features(tape, tensor)
  const mean = tf.mean(features[Math.min(P5, features.length - 1)].tensor, [1, 2])
  const levels = model.predict(tape, model.towers(tape, features))
  const outputs = model.read(levels)
  const embeddings = mean.dataSync() as Float32Array
  for (const value of levels.flat()) value.release()
  tf.dispose([tensor, mean])
  return {
    grid: model.grid({ width, height }),
    parameters: model.readParameters(),
    images: imagesOf(sizes.length, outputs, embeddings),
  }
}
