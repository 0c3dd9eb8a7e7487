import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { fused } from '../../tensor/operations.ts'
import { attribute, executeAll, tf } from '../../tensor/tensorflow.ts'
import { giveGradient, type Parameter } from '../parameter.ts'
import { type Tape, Value } from '../tape.ts'
import type { NormRelu } from './norm-relu.ts'

/** The share of a batch's statistics in the running ones (torch's momentum). */
const MOMENTUM = 0.1
const EPSILON = 1e-5

export interface LevelNorm {
  readonly gamma: Parameter
  readonly beta: Parameter
  readonly mean: Parameter
  readonly variance: Parameter
}

/** BatchNorm with statistics and affine terms of its own for each pyramid level (AdelaiDet, detectron2). */
export class BatchNormRelu implements NormRelu {
  readonly #bias: Parameter
  readonly #levels: readonly LevelNorm[]

  constructor(bias: Parameter, levels: readonly LevelNorm[]) {
    this.#bias = bias
    this.#levels = levels
  }

  forward(tape: Tape, x: Value, level: number): Value {
    const norm = this.#levels[level]
    const biased = tf.add(x.tensor, this.#bias.value) as Tensor4D
    x.release()
    // All layers before a frozen norm are frozen too, so no gradient has to be carried back.
    if (tape.recording && norm.gamma.trainable) return this.#train(tape, x, biased, norm)
    const y = tf.tidy(() => {
      const { gamma, beta, mean, variance } = norm
      const statistics = [mean.value, variance.value, beta.value, gamma.value] as Tensor1D[]
      const [m, v, offset, scale] = statistics
      return tf.relu(tf.batchNorm4d(biased, m, v, offset, scale, EPSILON))
    })
    biased.dispose()
    return new Value(y, false)
  }

  /** With the batch's own statistics, which the running ones follow. */
  #train(tape: Tape, x: Value, biased: Tensor4D, { gamma, beta, mean, variance }: LevelNorm): Value {
    const attributes = [
      attribute.float32(),
      attribute.float32('U'),
      attribute.float('epsilon', EPSILON),
      attribute.string('data_format', 'NHWC'),
      attribute.bool('is_training', true),
    ]
    const empty = tf.tensor1d([])
    const [normed, batchMean, batchVariance, ...reserved] = executeAll(
      'FusedBatchNormV3',
      [...attributes, attribute.float('exponential_avg_factor', 1)],
      [biased, gamma.value, beta.value, empty, empty],
      6,
    )
    follow(mean, batchMean)
    follow(variance, batchVariance)
    const out = new Value(tf.relu(normed) as Tensor4D, true).hold()
    tf.dispose([empty, normed])
    tape.record(() => {
      const dy = out.takeGradient()
      if (dy) {
        const { dx: dnormed, dbias: unused } = fused.activationGradient(dy, out.tensor, 'relu')
        const [dx, dgamma, dbeta, ...empties] = executeAll(
          'FusedBatchNormGradV3',
          attributes,
          [dnormed, biased, gamma.value, ...reserved],
          5,
        )
        tf.dispose([dnormed, unused, ...empties])
        giveGradient(gamma, dgamma)
        giveGradient(beta, dbeta)
        giveGradient(this.#bias, tf.sum(dx, [0, 1, 2]))
        if (x.differentiable) x.addGradient(dx as Tensor4D)
        else dx.dispose()
      }
      tf.dispose([biased, ...reserved])
      out.release()
    })
    return out
  }
}

/** Moves a running statistic towards the batch's, which it takes. */
function follow(running: Parameter, batch: Tensor): void {
  running.set(fused.blend(running.value, batch, 1 - MOMENTUM, MOMENTUM))
  batch.dispose()
}
