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
