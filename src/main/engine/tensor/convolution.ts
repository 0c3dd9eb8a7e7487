/**
 * Convolutions and their gradients on NHWC tensors, filters HWIO (depthwise: HWC1), in PyTorch's padding convention.
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { attribute, execute, tf } from './tensorflow.ts'

export interface ConvolutionShape {
  readonly stride: number
  /** Zeros on all four sides (PyTorch), or TensorFlow's 'same', which puts the odd one at the bottom and right. */
  readonly padding: number | 'same'
}

function geometry({ stride, padding }: ConvolutionShape) {
  const explicit = typeof padding === 'number' && padding > 0
  return [
    attribute.float32(),
    attribute.int('strides', [1, stride, stride, 1]),
    attribute.string('padding', explicit ? 'EXPLICIT' : padding === 'same' ? 'SAME' : 'VALID'),
    attribute.int('explicit_paddings', explicit ? [0, 0, padding, padding, padding, padding, 0, 0] : []),
    attribute.string('data_format', 'NHWC'),
    attribute.int('dilations', [1, 1, 1, 1]),
  ]
}

const dense = (shape: ConvolutionShape) => [...geometry(shape), attribute.bool('use_cudnn_on_gpu', true)]

/** Runs an operation that takes a shape as an int32 tensor. */
function withShape(shape: readonly number[], run: (shape: Tensor) => Tensor): Tensor4D {
  const tensor = tf.tensor1d(shape as number[], 'int32')
  const result = run(tensor)
  tensor.dispose()
  return result as Tensor4D
}

export function convolve(x: Tensor4D, filter: Tensor4D, shape: ConvolutionShape): Tensor4D {
  return execute('Conv2D', dense(shape), [x, filter]) as Tensor4D
}

export function convolveInputGradient(
  xShape: readonly number[],
  filter: Tensor4D,
  dy: Tensor4D,
  shape: ConvolutionShape,
): Tensor4D {
  return withShape(xShape, (size) => execute('Conv2DBackpropInput', dense(shape), [size, filter, dy]))
}

export function convolveFilterGradient(
  x: Tensor4D,
  filterShape: readonly number[],
  dy: Tensor4D,
  shape: ConvolutionShape,
): Tensor4D {
  return withShape(filterShape, (size) => execute('Conv2DBackpropFilter', dense(shape), [x, size, dy]))
}

export function depthwise(x: Tensor4D, filter: Tensor4D, shape: ConvolutionShape): Tensor4D {
  return execute('DepthwiseConv2dNative', geometry(shape), [x, filter]) as Tensor4D
}

export function depthwiseInputGradient(
  xShape: readonly number[],
  filter: Tensor4D,
  dy: Tensor4D,
  shape: ConvolutionShape,
): Tensor4D {
  return withShape(xShape, (size) =>
    execute('DepthwiseConv2dNativeBackpropInput', geometry(shape), [size, filter, dy]),
  )
}

export function depthwiseFilterGradient(
  x: Tensor4D,
  filterShape: readonly number[],
  dy: Tensor4D,
  shape: ConvolutionShape,
): Tensor4D {
  return withShape(filterShape, (size) =>
    execute('DepthwiseConv2dNativeBackpropFilter', geometry(shape), [x, size, dy]),
  )
}

/** 3×3 max-pooling with stride 2 and padding 1, of non-negative values (zeros pad as well as −∞ there). */
export function maxPool3x3(x: Tensor4D): Tensor4D {
  return execute(
    'MaxPool',
    [
      attribute.float32(),
      attribute.int('ksize', [1, 3, 3, 1]),
      attribute.int('strides', [1, 2, 2, 1]),
      attribute.string('padding', 'EXPLICIT'),
      attribute.int('explicit_paddings', [0, 0, 1, 1, 1, 1, 0, 0]),
      attribute.string('data_format', 'NHWC'),
    ],
    [x],
  ) as Tensor4D
}
