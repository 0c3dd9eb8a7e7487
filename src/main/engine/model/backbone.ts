import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { Tape, Value } from './tape.ts'

/** The stage that a neck reads first. */
export type FirstStage = 'C2' | 'C3'

export interface Backbone {
  /**
   * Normalised images [N,H,W,3], sides multiples of 32, still the caller's → C3, C4, C5 at strides 8, 16, 32, or from C2 at
   * stride 4 on.
   */
  forward(tape: Tape, images: Tensor4D, from: FirstStage): Value[]
  dispose(): void
}

/** The part of the network between the backbone's stages and the levels that the head reads. */
export interface Neck {
  readonly from: FirstStage
  /** The stages up to C5 → the levels, the finest first. Takes a hold of each. */
  forward(tape: Tape, stages: readonly Value[]): Value[]
  dispose(): void
}
