/**
 * The operations of convolution.ts by TensorFlow.js's own, which every backend has, WebAssembly too. (The others reach
 * into TensorFlow past tfjs-node, which pads by a number only in an operation of its own.)
 */
import type { Tensor4D } from '@tensorflow/tfjs-core'
import type { ConvolutionShape } from './convolution.ts'
import { tf } from './tensorflow.ts'

// A number pads all four sides, and output sizes are rounded down, as in PyTorch.
export function convolve(x: Tensor4D, filter: Tensor4D, { stride, padding }: ConvolutionShape): Tensor4D {
  return tf.conv2d(x, filter, stride, padding)
}

/** See convolution.ts. */
export function deconvolve(
  [, height, width]: readonly [number, number, number, number],
  filter: Tensor4D,
  x: Tensor4D,
  { stride, padding }: ConvolutionShape,
): Tensor4D {
  return tf.conv2dTranspose(
    x,
    filter,
    [x.shape[0], height, width, filter.shape[2]],
    stride,
    padding as 'same',
  )
}

export function depthwise(x: Tensor4D, filter: Tensor4D, { stride, padding }: ConvolutionShape): Tensor4D {
  return tf.depthwiseConv2d(x, filter, stride, padding)
}

/** 3×3 max-pooling with stride 2 and padding 1. */
export function maxPool3x3(x: Tensor4D): Tensor4D {
  return tf.maxPool(x, 3, 2, 1)
}
