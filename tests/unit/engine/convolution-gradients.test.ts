import type { Tensor, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { describe, expect, it } from 'vitest'
import {
  type ConvolutionShape,
  convolve,
  convolveFilterGradient,
  convolveInputGradient,
  depthwise,
  depthwiseFilterGradient,
  depthwiseInputGradient,
} from '../../../src/main/engine/tensor/operations.ts'
import { tf } from '../../../src/main/engine/tensor/tensorflow.ts'

const random = (shape: [number, number, number, number]) => tf.randomNormal(shape) as Tensor4D
const inner = (a: Tensor, b: Tensor) => tf.sum(tf.mul(a, b)).dataSync()[0]
const magnitude = (a: Tensor) => Math.sqrt(inner(a, a))

/**
 * A convolution is linear in its input and in its filter, so its gradients are its adjoints: ⟨conv(x, f), dy⟩ equals both
 * ⟨x, inputGradient(dy)⟩ and ⟨f, filterGradient(x, dy)⟩. No other implementation is needed to check that.
 */
const cases: [size: number, inputs: number, outputs: number, shape: ConvolutionShape][] = [
  [1, 24, 40, { stride: 1, padding: 0 }],
  [1, 16, 8, { stride: 2, padding: 0 }],
  [3, 16, 24, { stride: 1, padding: 1 }],
  [3, 16, 24, { stride: 2, padding: 1 }],
  [7, 3, 8, { stride: 2, padding: 3 }],
  [3, 3, 8, { stride: 2, padding: 'same' }],
]

describe('gradients are adjoints', () => {
  it.each(cases)('of a dense %i×%i convolution', (size, inputs, outputs, shape) => {
    for (const [height, width] of [
      [12, 16],
      [9, 15],
    ]) {
      const x = random([2, height, width, inputs])
      const filter = random([size, size, inputs, outputs])
      const y = convolve(x, filter, shape)
      const dy = random(y.shape)
      const value = inner(y, dy)
      const tolerance = 1e-5 * magnitude(y) * magnitude(dy)
      expect(Math.abs(inner(x, convolveInputGradient(x.shape, filter, dy, shape)) - value)).toBeLessThan(
        tolerance,
      )
      expect(
        Math.abs(inner(filter, convolveFilterGradient(x, filter.shape, dy, shape)) - value),
      ).toBeLessThan(tolerance)
    }
  })

  it.each([
    [3, 40, { stride: 1, padding: 'same' }],
    [5, 33, { stride: 2, padding: 'same' }],
    [3, 64, { stride: 2, padding: 1 }],
  ] as [number, number, ConvolutionShape][])('of a depthwise %i×%i convolution', (size, channels, shape) => {
    for (const [height, width] of [
      [12, 16],
      [9, 15],
    ]) {
      const x = random([2, height, width, channels])
      const filter = random([size, size, channels, 1])
      const y = depthwise(x, filter, shape)
      const dy = random(y.shape)
      const value = inner(y, dy)
      const tolerance = 1e-5 * magnitude(y) * magnitude(dy)
      expect(Math.abs(inner(x, depthwiseInputGradient(x.shape, filter, dy, shape)) - value)).toBeLessThan(
        tolerance,
      )
      expect(
        Math.abs(inner(filter, depthwiseFilterGradient(x, filter.shape, dy, shape)) - value),
      ).toBeLessThan(tolerance)
    }
  })
})
