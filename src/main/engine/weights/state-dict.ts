import type { Tensor } from '../../../core/formats/safetensors.ts'

/** Weights by name, in the model's order. Shapes are torch's: convolutions are [out, in / groups, height, width]. */
export type StateDict = Map<string, Tensor>

/** What a model expects under a name. */
export interface TensorSpec {
  readonly name: string
  readonly shape: readonly number[]
}
