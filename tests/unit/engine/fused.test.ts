import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { describe, expect, it } from 'vitest'
import { composed } from '../../../src/main/engine/tensor/composed.ts'
import type { Activation, GroupNormParameters } from '../../../src/main/engine/tensor/fused.ts'
import { native } from '../../../src/main/engine/tensor/native.ts'
import { hasNativeKernels, tf } from '../../../src/main/engine/tensor/tensorflow.ts'

/** The largest difference relative to the largest value. */
function difference(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape)
  const [x, y] = [a.dataSync(), b.dataSync()]
  let worst = 0
  let largest = 1e-9
  for (let i = 0; i < x.length; i++) {
    worst = Math.max(worst, Math.abs(x[i] - y[i]))
    largest = Math.max(largest, Math.abs(y[i]))
  }
  return worst / largest
}

const image = (n: number, h: number, w: number, c: number, mean = 0) =>
  tf.randomNormal([n, h, w, c], mean, 2) as Tensor4D
const vector = (c: number, mean = 0) => tf.randomNormal([c], mean, 1) as Tensor1D
const shapes = [
  [1, 2, 2, 8],
  [2, 6, 10, 64],
  [1, 64, 90, 32],
] as const

describe.skipIf(!hasNativeKernels)('native kernels equal stock operations', () => {
  it.each(shapes)('bias, residual and activation at %i×%i×%i×%i', (n, h, w, c) => {
    for (const activation of ['none', 'relu', 'relu6'] satisfies Activation[]) {
      const [x, residual, bias] = [image(n, h, w, c, 2), image(n, h, w, c), vector(c)]
      for (const add of [undefined, residual]) {
        const expected = composed.biasActivation(tf.clone(tf.add(x, 0)) as Tensor4D, bias, activation, add)
        expect(difference(native.biasActivation(tf.add(x, 0), bias, activation, add), expected)).toBeLessThan(
          1e-6,
        )
        const dy = image(n, h, w, c)
        const a = native.activationGradient(tf.add(dy, 0), expected, activation)
        const b = composed.activationGradient(tf.add(dy, 0), expected, activation)
        expect(difference(a.dx, b.dx)).toBe(0)
        expect(difference(a.dbias, b.dbias)).toBeLessThan(1e-5)
      }
    }
  })

  it.each(shapes)('top-down addition at %i×%i×%i×%i', (n, h, w, c) => {
    const [lateral, top] = [image(n, h, w, c), image(n, h / 2, w / 2, c)]
    const expected = composed.upsampleAdd(tf.add(lateral, 0), top)
    expect(difference(native.upsampleAdd(tf.add(lateral, 0), top), expected)).toBeLessThan(1e-6)
    expect(difference(native.upsampleGradient(lateral), composed.upsampleGradient(lateral))).toBeLessThan(
      1e-6,
    )
    const blended = tf.add(tf.mul(lateral, 0.9), tf.mul(expected, -0.1))
    expect(difference(native.blend(tf.add(lateral, 0), expected, 0.9, -0.1), blended)).toBeLessThan(1e-6)
    expect(difference(composed.blend(tf.add(lateral, 0), expected), tf.add(lateral, expected))).toBe(0)
  })

  it.each(shapes)('GroupNorm with ReLU at %i×%i×%i×%i, both ways', (n, h, w, c) => {
    const x = image(n, h, w, c, 3)
    const parameters: GroupNormParameters = {
      bias: vector(c),
      gamma: vector(c, 1),
      beta: vector(c),
      groups: 4,
    }
    const expected = composed.groupNormRelu(tf.add(x, 0), parameters)
    expect(difference(native.groupNormRelu(tf.add(x, 0), parameters), expected)).toBeLessThan(1e-5)
    const { y, statistics } = native.groupNormReluTraining(x, parameters)
    expect(difference(y, expected)).toBeLessThan(1e-5)
    // Where the value before ReLU is within rounding of 0, the two may disagree on which side it lies: no gradient there.
    const { gamma, beta } = parameters
    const mirrored = { ...parameters, gamma: tf.neg(gamma) as Tensor1D, beta: tf.neg(beta) as Tensor1D }
    const magnitude = tf.add(expected, composed.groupNormRelu(tf.add(x, 0), mirrored))
    const dy = tf.mul(image(n, h, w, c), tf.cast(tf.greater(magnitude, 1e-3), 'float32')) as Tensor4D
    const a = native.groupNormReluGradient(tf.add(dy, 0), x, statistics, parameters)
    const b = composed.groupNormReluGradient(tf.add(dy, 0), x, statistics, parameters)
    for (const key of ['dx', 'dgamma', 'dbeta'] as const)
      expect(difference(a[key], b[key])).toBeLessThan(2e-4)
    // The bias before GroupNorm barely matters, so its gradient is a sum that nearly cancels: compare on dx's scale.
    const scale = tf.sum(tf.abs(b.dx)).dataSync()[0]
    expect(tf.max(tf.abs(tf.sub(a.dbias, b.dbias))).dataSync()[0] / scale).toBeLessThan(1e-5)
  })
})

describe('stock operations', () => {
  it('have the gradients that TensorFlow.js derives for GroupNorm with ReLU', () => {
    const [x, bias, gamma, beta, dy] = [
      image(2, 4, 6, 8),
      vector(8),
      vector(8, 1),
      vector(8),
      image(2, 4, 6, 8),
    ]
    const forward = (v: Tensor4D, b: Tensor1D, g: Tensor1D, s: Tensor1D) =>
      tf.sum(tf.mul(composed.groupNormRelu(tf.add(v, 0), { bias: b, gamma: g, beta: s, groups: 4 }), dy))
    const [dx, , dgamma, dbeta] = tf.grads(forward as never)([x, bias, gamma, beta])
    const ours = composed.groupNormReluGradient(tf.add(dy, 0), x, tf.scalar(0), {
      bias,
      gamma,
      beta,
      groups: 4,
    })
    expect(difference(ours.dx, dx)).toBeLessThan(1e-4)
    expect(difference(ours.dgamma, dgamma)).toBeLessThan(1e-4)
    expect(difference(ours.dbeta, dbeta)).toBeLessThan(1e-4)
  })
})
