/**
 * Convolutions on NHWC tensors, filters HWIO (depthwise: HWC1), in PyTorch's padding convention.
 */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { attribute, execute, tf } from './tensorflow.ts'

export interface ConvolutionShape {
  readonly stride: number
  /** Zeros on all four sides (PyTorch), or TensorFlow's 'same', which puts the odd one at the bottom and right. */
  readonly padding: number | 'same'
}

/**
 * Whether TensorFlow's 'same' says it, as at stride 1 PyTorch's padding by half the filter does too: TensorFlow's fastest
 * kernels know no other zeros. `size`: the filter's height and width.
 */
export const isSame = ({ stride, padding }: ConvolutionShape, size: number): boolean =>
  padding === 'same' || (stride === 1 && padding === (size - 1) / 2)

/** The attributes of TensorFlow's convolutions but for the element type. `size`: the filter's height and width. */
export function geometry({ stride, padding }: ConvolutionShape, size: number) {
  const same = isSame({ stride, padding }, size)
  const explicit = !same && padding !== 'same' && padding > 0
  return [
    attribute.int('strides', [1, stride, stride, 1]),
    attribute.string('padding', explicit ? 'EXPLICIT' : same ? 'SAME' : 'VALID'),
    attribute.int('explicit_paddings', explicit ? [0, 0, padding, padding, padding, padding, 0, 0] : []),
    attribute.string('data_format', 'NHWC'),
    attribute.int('dilations', [1, 1, 1, 1]),
  ]
}

/** The same for dense convolutions. */
export const dense = (shape: ConvolutionShape, size: number) => [
  ...geometry(shape, size),
  attribute.bool('use_cudnn_on_gpu', true),
]

export function convolve(x: Tensor4D, filter: Tensor4D, shape: ConvolutionShape): Tensor4D {
  return execute('Conv2D', [attribute.float32(), ...dense(shape, filter.shape[0])], [x, filter]) as Tensor4D
}

/** The transposed convolution: the gradient, by an input of the given size, of the convolution whose output's gradient is x. */
export function deconvolve(
  size: readonly [number, number, number, number],
  filter: Tensor4D,
  x: Tensor4D,
  shape: ConvolutionShape,
): Tensor4D {
  const attributes = [attribute.float32(), ...dense(shape, filter.shape[0])]
  const sizes = tf.tensor1d([...size], 'int32')
  const result = execute('Conv2DBackpropInput', attributes, [sizes, filter, x])
  sizes.dispose()
  return result as Tensor4D
}

export function depthwise(x: Tensor4D, filter: Tensor4D, shape: ConvolutionShape): Tensor4D {
  return execute(
    'DepthwiseConv2dNative',
    [attribute.float32(), ...geometry(shape, filter.shape[0])],
    [x, filter],
  ) as Tensor4D
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
