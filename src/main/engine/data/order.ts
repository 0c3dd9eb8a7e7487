/**
 * The order in which images are seen, as a function of the seed alone, so that a run can start at any step. Batches are cut
 * from one endless stream of epochs, each a fresh permutation: all batches are full, every image comes once per epoch, and
 * a batch may straddle two epochs.
 */
import { fnv1a, mulberry32, type Random, shuffle } from '../../../core/random.ts'

export interface Turn {
  readonly epoch: number
  /** Index in the data set. */
  readonly index: number
}

export class EpochOrder {
  readonly #images: number
  readonly #seed: number
  readonly #epochs = new Map<number, readonly number[]>()

  constructor(images: number, seed: number) {
    this.#images = images
    this.#seed = seed
  }

  /** The image at a position of the stream; batch k of size B holds positions k·B to k·B + B − 1. */
  at(position: number): Turn {
    const epoch = Math.floor(position / this.#images)
    return { epoch, index: this.#permutation(epoch)[position % this.#images] }
  }

  /** The random generator for everything that is drawn for one image in one epoch. */
  random({ epoch, index }: Turn): Random {
    return mulberry32(fnv1a(`augment/${this.#seed}/${epoch}/${index}`))
  }

  #permutation(epoch: number): readonly number[] {
    let order = this.#epochs.get(epoch)
    if (!order) {
      const indices = Array.from({ length: this.#images }, (_, index) => index)
      order = shuffle(indices, mulberry32(fnv1a(`epoch/${this.#seed}/${epoch}`)))
      this.#epochs.set(epoch, order)
      // Positions are requested in nearly rising order, so an epoch before the last one is no longer needed.
      this.#epochs.delete(epoch - 2)
    }
    return order
  }
}
