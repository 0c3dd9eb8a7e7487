/** The parameters and buffers of common layers, in torch's state_dict order. Kernels are square. */
import type { TensorSpec } from './state-dict.ts'

/** A convolution's kernel, [out, in per group, kernel, kernel]. */
export function kernel(name: string, out: number, inPerGroup: number, size: number): TensorSpec {
  return { name: `${name}.weight`, shape: [out, inPerGroup, size, size] }
}

export function kernelAndBias(name: string, out: number, inPerGroup: number, size: number): TensorSpec[] {
  return [kernel(name, out, inPerGroup, size), { name: `${name}.bias`, shape: [out] }]
}

/** GroupNorm's scale and offset. */
export function affine(name: string, channels: number): TensorSpec[] {
  return [`${name}.weight`, `${name}.bias`].map((tensor) => ({ name: tensor, shape: [channels] }))
}

/** BatchNorm with its statistics; without num_batches_tracked, which no inference or frozen training reads. */
export function batchNorm(name: string, channels: number): TensorSpec[] {
  const statistics = [`${name}.running_mean`, `${name}.running_var`]
  return [...affine(name, channels), ...statistics.map((tensor) => ({ name: tensor, shape: [channels] }))]
}
