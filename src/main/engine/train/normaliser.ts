/** Share of the past in the moving average of positives (detectron2's loss normaliser). */
const MOMENTUM = 0.9

/**
 * What losses are divided by: the positives of the batch, or a moving average of them, which keeps a batch with few
 * objects from shouting. At least 1.
 */
export class Normaliser {
  /** The average so far; null before the first batch. Part of a run's state. */
  average: number | null
  readonly #moving: boolean

  constructor(kind: 'moving' | 'batch', average: number | null = null) {
    this.#moving = kind === 'moving'
    this.average = average
  }

  next(positives: number): number {
    const count = Math.max(1, positives)
    if (!this.#moving) return count
    this.average = this.average === null ? count : MOMENTUM * this.average + (1 - MOMENTUM) * count
    return this.average
  }
}
