/** The gradients of convolution.ts's convolutions, with respect to their inputs and their filters. */
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { executeRounded, fastMath } from './bfloat16.ts'
import { type ConvolutionShape, deconvolve, dense, geometry, isSame } from './convolution.ts'
import { attribute, execute, hasNativeKernels, tf } from './tensorflow.ts'

/** Runs an operation that takes a shape as an int32 tensor. */
function withShape(shape: readonly number[], run: (shape: Tensor) => Tensor): Tensor4D {
  const tensor = tf.tensor1d(shape as number[], 'int32')
  const result = run(tensor)
  tensor.dispose()
  return result as Tensor4D
}

export function convolveInputGradient(
  xShape: readonly number[],
  filter: Tensor4D,
  dy: Tensor4D,
  shape: ConvolutionShape,
): Tensor4D {
  return deconvolve(xShape as [number, number, number, number], filter, dy, shape)
}

export function convolveFilterGradient(
  x: Tensor4D,
  filterShape: readonly number[],
  dy: Tensor4D,
  shape: ConvolutionShape,
): Tensor4D {
  const [height, width, inputs, outputs] = filterShape
  if (height === 1 && width === 1 && shape.stride === 1) {
    // xᵀ·dy over all locations: as a product of matrices it runs up to three times faster.
    return tf.tidy(() => {
      const rows = (tensor: Tensor4D, columns: number) => tensor.reshape([-1, columns]) as Tensor2D
      return tf.matMul(rows(x, inputs), rows(dy, outputs), true, false).reshape([1, 1, inputs, outputs])
    })
  }
  const padded = withZeros(x, height, shape)
  const gradient = withShape(filterShape, (size) => {
    const attributes = dense(padded === x ? shape : { ...shape, padding: 0 }, height)
    if (!fastMath)
      return execute('Conv2DBackpropFilter', [attribute.float32(), ...attributes], [padded, size, dy])
    // TensorFlow's other convolutions use fast math by themselves; this one needs rounded inputs.
    return executeRounded('Conv2DBackpropFilter', attributes, [
      { tensor: padded, rounded: true },
      { tensor: size, rounded: false },
      { tensor: dy, rounded: true },
    ])
  })
  if (padded !== x) padded.dispose()
  return gradient
}

/**
 * x with the padding written out as zeros. TensorFlow's filter gradient accepts explicit padding, but that is many
 * times slower than this copy.
 */
function withZeros(x: Tensor4D, size: number, shape: ConvolutionShape): Tensor4D {
  const { padding } = shape
  if (padding === 'same' || padding === 0 || isSame(shape, size)) return x
  const side: [number, number] = [padding, padding]
  return tf.pad(x, [[0, 0], side, side, [0, 0]])
}

export function depthwiseInputGradient(
  xShape: readonly number[],
  filter: Tensor4D,
  dy: Tensor4D,
  shape: ConvolutionShape,
): Tensor4D {
  const attributes = [attribute.float32(), ...geometry(shape, filter.shape[0])]
  return withShape(xShape, (size) =>
    execute('DepthwiseConv2dNativeBackpropInput', attributes, [size, filter, dy]),
  )
}

export function depthwiseFilterGradient(
  x: Tensor4D,
  filterShape: readonly number[],
  dy: Tensor4D,
  shape: ConvolutionShape,
): Tensor4D {
  if (!hasNativeKernels) {
    const attributes = [attribute.float32(), ...geometry(shape, filterShape[0])]
    return withShape(filterShape, (size) =>
      execute('DepthwiseConv2dNativeBackpropFilter', attributes, [x, size, dy]),
    )
  }
  const [size] = filterShape
  const before = (axis: 1 | 2) => paddingBefore(x.shape[axis], dy.shape[axis], size, shape)
  const description = tf.tensor1d([size, shape.stride, before(1), before(2)])
  const gradient = execute('FcosDepthwiseFilterGrad', [], [x, dy, description])
  description.dispose()
  return gradient as Tensor4D
}

/** Number of zeros above or to the left: TensorFlow's 'same' puts the smaller half there. */
function paddingBefore(
  input: number,
  output: number,
  filter: number,
  { stride, padding }: ConvolutionShape,
): number {
  if (padding !== 'same') return padding
  return Math.max(0, (output - 1) * stride + filter - input) >> 1
}
