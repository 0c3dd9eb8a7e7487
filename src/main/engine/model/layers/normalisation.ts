/** What may follow a tower's convolution: a norm, or just its bias; always with ReLU. One instance serves one convolution. */
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { HeadConfig } from '../../../../core/fcos/config.ts'
import { fused } from '../../tensor/operations.ts'
import { attribute, executeAll, tf } from '../../tensor/tensorflow.ts'
import type { Parameter, Parameters } from '../parameter.ts'
import { type Tape, Value } from '../tape.ts'

export interface NormRelu {
  /** relu(norm(x + bias)), x being the convolution without its bias. Takes a hold of x. `level` counts from P3. */
  forward(tape: Tape, x: Value, level: number): Value
}

const vector = (parameter: Parameter) => parameter.value as Tensor1D

/** GroupNorm (eps 1e-5): no statistics are kept, so it is safe at any batch size. */
class GroupNormRelu implements NormRelu {
  readonly #bias: Parameter
  readonly #gamma: Parameter
  readonly #beta: Parameter
  readonly #groups: number

  constructor(bias: Parameter, gamma: Parameter, beta: Parameter, groups: number) {
    this.#bias = bias
    this.#gamma = gamma
    this.#beta = beta
    this.#groups = groups
  }

  forward(tape: Tape, x: Value): Value {
    const [bias, gamma, beta] = [vector(this.#bias), vector(this.#gamma), vector(this.#beta)]
    const parameters = { bias, gamma, beta, groups: this.#groups }
    const learns = this.#gamma.trainable || x.differentiable
    if (!tape.recording || !learns) {
      // In place: x must not be needed by anyone else, which holds for a convolution's own output.
      const y = fused.groupNormRelu(x.tensor, parameters)
      x.release()
      return new Value(y, learns)
    }
    const { y, statistics } = fused.groupNormReluTraining(x.tensor, parameters)
    const out = new Value(y, true)
    tape.record(() => {
      const dy = out.takeGradient()
      if (dy) {
        const { dx, dgamma, dbeta, dbias } = fused.groupNormReluGradient(dy, x.tensor, statistics, parameters)
        const gradients = [
          [this.#gamma, dgamma],
          [this.#beta, dbeta],
          [this.#bias, dbias],
        ] as const
        for (const [parameter, gradient] of gradients) {
          if (parameter.trainable) parameter.addGradient(gradient)
          else gradient.dispose()
        }
        if (x.differentiable) x.addGradient(dx)
        else dx.dispose()
      }
      statistics.dispose()
      x.release()
    })
    return out
  }
}

class BiasRelu implements NormRelu {
  readonly #bias: Parameter

  constructor(bias: Parameter) {
    this.#bias = bias
  }

  forward(tape: Tape, x: Value): Value {
    const out = new Value(fused.biasActivation(x.tensor, vector(this.#bias), 'relu'), x.differentiable)
    if (!tape.recording || !out.differentiable) return out
    out.hold()
    tape.record(() => {
      const dy = out.takeGradient()
      if (dy) {
        const { dx, dbias } = fused.activationGradient(dy, out.tensor, 'relu')
        if (this.#bias.trainable) this.#bias.addGradient(dbias)
        else dbias.dispose()
        x.addGradient(dx)
      }
      out.release()
    })
    return out
  }
}

/** The share of a batch's statistics in the running ones (torch's momentum). */
const MOMENTUM = 0.1
const EPSILON = 1e-5

interface LevelNorm {
  readonly gamma: Parameter
  readonly beta: Parameter
  readonly mean: Parameter
  readonly variance: Parameter
}

/** BatchNorm with statistics and affine terms of its own for each pyramid level (AdelaiDet, detectron2). */
class BatchNormRelu implements NormRelu {
  readonly #bias: Parameter
  readonly #levels: readonly LevelNorm[]

  constructor(bias: Parameter, levels: readonly LevelNorm[]) {
    this.#bias = bias
    this.#levels = levels
  }

  forward(tape: Tape, x: Value, level: number): Value {
    const { gamma, beta, mean, variance } = this.#levels[level]
    const training = tape.recording && gamma.trainable
    const biased = tf.add(x.tensor, this.#bias.value) as Tensor4D
    const attributes = [
      attribute.float32(),
      { ...attribute.float32('U') },
      attribute.float('epsilon', EPSILON),
      attribute.string('data_format', 'NHWC'),
      attribute.bool('is_training', training),
    ]
    const statistics = training ? [tf.tensor1d([]), tf.tensor1d([])] : [mean.value, variance.value]
    const [normed, batchMean, batchVariance, reserve1, reserve2, reserve3] = executeAll(
      'FusedBatchNormV3',
      [...attributes, attribute.float('exponential_avg_factor', 1)],
      [biased, gamma.value, beta.value, ...statistics],
      6,
    )
    if (training) {
      for (const [parameter, batch] of [
        [mean, batchMean],
        [variance, batchVariance],
      ] as const) {
        parameter.set(tf.tidy(() => tf.add(tf.mul(parameter.value, 1 - MOMENTUM), tf.mul(batch, MOMENTUM))))
      }
      tf.dispose(statistics)
    }
    const y = tf.relu(normed) as Tensor4D
    const out = new Value(y, x.differentiable || gamma.trainable)
    tf.dispose([normed, batchMean, batchVariance])
    if (!tape.recording || !out.differentiable) {
      tf.dispose([biased, reserve1, reserve2, reserve3])
      x.release()
      return out
    }
    out.hold()
    x.release()
    tape.record(() => {
      const dy = out.takeGradient()
      if (dy) {
        const { dx: dnormed, dbias: unused } = fused.activationGradient(dy, out.tensor, 'relu')
        const [dx, dgamma, dbeta, empty1, empty2] = executeAll(
          'FusedBatchNormGradV3',
          attributes,
          [dnormed, biased, gamma.value, reserve1, reserve2, reserve3],
          5,
        )
        tf.dispose([dnormed, unused, empty1, empty2])
        for (const [parameter, gradient] of [
          [gamma, dgamma],
          [beta, dbeta],
        ] as const) {
          if (parameter.trainable) parameter.addGradient(gradient)
          else gradient.dispose()
        }
        if (this.#bias.trainable) this.#bias.addGradient(tf.sum(dx, [0, 1, 2]))
        if (x.differentiable) x.addGradient(dx as Tensor4D)
        else dx.dispose()
      }
      tf.dispose([biased, reserve1, reserve2, reserve3])
      out.release()
    })
    return out
  }
}

/**
 * The norm after the convolution `${tower}.conv.${3·index}`, whose bias it adds; its own tensors are at `.${3·index + 1}`,
 * for BatchNorm one set per level below that.
 */
export function normRelu(
  parameters: Parameters,
  tower: string,
  index: number,
  head: HeadConfig,
  levels: number,
): NormRelu {
  const bias = parameters.get(`${tower}.conv.${3 * index}.bias`)
  const name = `${tower}.conv.${3 * index + 1}`
  if (head.norm === 'none') return new BiasRelu(bias)
  if (head.norm === 'group') {
    return new GroupNormRelu(
      bias,
      parameters.get(`${name}.weight`),
      parameters.get(`${name}.bias`),
      head.groups,
    )
  }
  return new BatchNormRelu(
    bias,
    Array.from({ length: levels }, (_, level) => ({
      gamma: parameters.get(`${name}.${level}.weight`),
      beta: parameters.get(`${name}.${level}.bias`),
      mean: parameters.get(`${name}.${level}.running_mean`),
      variance: parameters.get(`${name}.${level}.running_var`),
    })),
  )
}
