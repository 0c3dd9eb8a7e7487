import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { Tape, Value } from './tape.ts'

export interface Backbone {
  /** Normalised images [N,H,W,3], sides multiples of 32, still the caller's → C3, C4, C5 at strides 8, 16, 32. */
  forward(tape: Tape, images: Tensor4D): Value[]
  dispose(): void
}

/** The part of the network between the backbone's stages and the levels that the head reads. */
export interface Neck {
  /** C3, C4, C5 → the levels, the finest first. Takes a hold of each. */
  forward(tape: Tape, stages: readonly Value[]): Value[]
  dispose(): void
}
