/**
 * BatchNorm with frozen statistics and affine terms (torchvision's FrozenBatchNorm2d): y = x·scale + shift per channel,
 * with scale = weight/√(running_var + eps) and shift = bias − running_mean·scale. It folds into the convolution before.
 */
import type { Tensor1D } from '@tensorflow/tfjs-node-gpu'
import { tf } from '../../tensor/tensorflow.ts'
import type { Parameters } from '../parameter.ts'

export interface ChannelAffine {
  readonly scale: Tensor1D
  readonly shift: Tensor1D
}

/** Fixes the norm's four tensors: they are folded once, here. */
export function frozenBatchNorm(parameters: Parameters, name: string, epsilon: number): ChannelAffine {
  const get = (suffix: string) => {
    const parameter = parameters.get(`${name}.${suffix}`)
    parameter.fix()
    return parameter.value
  }
  const scale = tf.tidy(() => tf.keep(tf.div(get('weight'), tf.sqrt(tf.add(get('running_var'), epsilon)))))
  const shift = tf.tidy(() => tf.keep(tf.sub(get('bias'), tf.mul(get('running_mean'), scale))))
  return { scale: scale as Tensor1D, shift: shift as Tensor1D }
}
