/**
 * The memory-bound steps between convolutions, fused. One interface, two implementations: native kernels, and stock
 * TensorFlow operations where those are not available.
 *
 * "Takes x": x is given up by the caller. Its buffer may be overwritten, and it is disposed.
 */
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-node-gpu'

export type Activation = 'none' | 'relu' | 'relu6'

export interface GroupNormParameters {
  /** Bias of the convolution before, not yet added to x. */
  readonly bias: Tensor1D
  readonly gamma: Tensor1D
  readonly beta: Tensor1D
  readonly groups: number
}

export interface FusedOperations {
  /** act(x + bias + residual). Takes x. */
  biasActivation(x: Tensor4D, bias: Tensor1D, activation: Activation, residual?: Tensor4D): Tensor4D
  /** From y = act(v): the gradient with respect to v, and its sum per channel. Takes dy. */
  activationGradient(dy: Tensor4D, y: Tensor4D, activation: Activation): { dx: Tensor4D; dbias: Tensor1D }
  /** α·a + β·b, of any shape; α and β are 1 if left out. Takes a. */
  blend<T extends Tensor>(a: T, b: T, alpha?: number, beta?: number): T
  /** lateral + nearest-neighbour upsampling of top by 2. Takes lateral. */
  upsampleAdd(lateral: Tensor4D, top: Tensor4D): Tensor4D
  /** The gradient of that with respect to top. */
  upsampleGradient(dy: Tensor4D): Tensor4D
  /** relu(GroupNorm(x + bias)). Takes x. */
  groupNormRelu(x: Tensor4D, parameters: GroupNormParameters): Tensor4D
  /** The same, keeping x, with what the gradient needs. */
  groupNormReluTraining(x: Tensor4D, parameters: GroupNormParameters): { y: Tensor4D; statistics: Tensor }
  /** Takes dy. */
  groupNormReluGradient(
    dy: Tensor4D,
    x: Tensor4D,
    statistics: Tensor,
    parameters: GroupNormParameters,
  ): { dx: Tensor4D; dgamma: Tensor1D; dbeta: Tensor1D; dbias: Tensor1D }
}
