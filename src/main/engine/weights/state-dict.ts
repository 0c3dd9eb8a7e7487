/** Weights by name, and the names and shapes that a model expects: those of common layers in torch's state_dict order. */
import type { Tensor } from '../../../core/formats/safetensors.ts'

/** Weights by name, in the model's order. Shapes are torch's: convolutions are [out, in / groups, height, width]. */
export type StateDict = Map<string, Tensor>

/** What a model expects under a name. */
export interface TensorSpec {
  readonly name: string
  readonly shape: readonly number[]
  /** Set where rows are classes, those of a location's first cell before those of its second: how many there are. */
  readonly classes?: number
}

/** A convolution's square kernel, [out, in per group, kernel, kernel]. */
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
