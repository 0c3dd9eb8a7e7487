/**
 * The fused operations composed of TensorFlow's own. They are slower, run on every device, and are the reference for
 * tests of the native kernels.
 */
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { Activation, FusedOperations, GroupNormParameters } from './fused.ts'
import { tf } from './tensorflow.ts'

const EPSILON = 1e-5

function activate(x: Tensor4D, activation: Activation): Tensor4D {
  if (activation === 'none') return x
  return activation === 'relu' ? tf.relu(x) : tf.relu6(x)
}

/** Runs `body` without leaving temporary tensors, then disposes of `taken`. */
function taking<T extends tfContainer>(taken: Tensor, body: () => T): T {
  const result = tf.tidy(body)
  taken.dispose()
  return result
}
type tfContainer = Parameters<typeof tf.keep>[0] | Record<string, Tensor>

/** x̂ [N, R, G, C/G] and 1/σ [N, 1, G, 1] of x + bias. */
function normalised(x: Tensor4D, { bias, groups }: GroupNormParameters) {
  const [n, h, w, c] = x.shape
  const grouped = tf.reshape(tf.add(x, bias), [n, h * w, groups, c / groups])
  const { mean, variance } = tf.moments(grouped, [1, 3], true)
  const rstd = tf.rsqrt(tf.add(variance, EPSILON))
  return { xhat: tf.mul(tf.sub(grouped, mean), rstd), rstd }
}

function normReluOf(x: Tensor4D, parameters: GroupNormParameters): Tensor4D {
  const xhat = tf.reshape(normalised(x, parameters).xhat, x.shape)
  return tf.relu(tf.add(tf.mul(xhat, parameters.gamma), parameters.beta)) as Tensor4D
}

export const composed: FusedOperations = {
  biasActivation: (x, bias, activation, residual) =>
    taking(x, () => {
      const sum = tf.add(x, bias) as Tensor4D
      return activate(residual ? tf.add(sum, residual) : sum, activation)
    }),
  activationGradient: (dy, y, activation) =>
    taking(dy, () => {
      const passes =
        activation === 'relu6' ? tf.logicalAnd(tf.greater(y, 0), tf.less(y, 6)) : tf.greater(y, 0)
      const dx = (activation === 'none' ? tf.clone(dy) : tf.mul(dy, tf.cast(passes, 'float32'))) as Tensor4D
      return { dx, dbias: tf.sum(dx, [0, 1, 2]) as Tensor1D }
    }),
  blend: (a, b, alpha = 1, beta = 1) =>
    taking(a, () => tf.add(tf.mul(a, alpha), tf.mul(b, beta))) as typeof a,
  upsampleAdd: (lateral, top) =>
    taking(lateral, () => {
      const [, height, width] = lateral.shape
      return tf.add(lateral, tf.image.resizeNearestNeighbor(top, [height, width])) as Tensor4D
    }),
  upsampleGradient: (dy) => tf.tidy(() => tf.mul(tf.avgPool(dy, 2, 2, 'valid'), 4) as Tensor4D),
  groupNormRelu: (x, parameters) => taking(x, () => normReluOf(x, parameters)),
  groupNormReluTraining: (x, parameters) => ({
    y: tf.tidy(() => normReluOf(x, parameters)),
    statistics: tf.scalar(0),
  }),
  groupNormReluGradient: (dy, x, _statistics, parameters) =>
    taking(dy, () => {
      const { xhat, rstd } = normalised(x, parameters)
      const flat = tf.reshape(xhat, x.shape)
      const y = tf.add(tf.mul(flat, parameters.gamma), parameters.beta)
      const passed = tf.mul(dy, tf.cast(tf.greater(y, 0), 'float32'))
      const dxhat = tf.reshape(tf.mul(passed, parameters.gamma), xhat.shape)
      const centred = tf.sub(dxhat, tf.mean(dxhat, [1, 3], true))
      const projected = tf.mul(xhat, tf.mean(tf.mul(dxhat, xhat), [1, 3], true))
      const dx = tf.reshape(tf.mul(tf.sub(centred, projected), rstd), x.shape) as Tensor4D
      return {
        dx,
        dgamma: tf.sum(tf.mul(passed, flat), [0, 1, 2]) as Tensor1D,
        dbeta: tf.sum(passed, [0, 1, 2]) as Tensor1D,
        dbias: tf.sum(dx, [0, 1, 2]) as Tensor1D,
      }
    }),
}
