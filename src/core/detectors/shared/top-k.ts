/**
 * The k best of a stream of scored indices, as if sorted by descending score and, at equal scores, ascending index.
 * A binary heap with the worst of the kept at its root: cost per rejected item is one comparison.
 */
export class TopK {
  readonly #scores: Float32Array
  readonly #indices: Int32Array
  #size = 0

  constructor(k: number) {
    this.#scores = new Float32Array(k)
    this.#indices = new Int32Array(k)
  }

  /** The score that an item of higher index than all before must exceed to be kept: −∞ until k items are. */
  get bar(): number {
    return this.#size < this.#scores.length ? Number.NEGATIVE_INFINITY : this.#scores[0]
  }

  /** Offers an item. Indices must come in ascending order, so that an item equal to the worst kept one is rejected. */
  offer(score: number, index: number): void {
    if (this.#size < this.#scores.length) this.#rise(this.#size++, score, index)
    else if (score > this.#scores[0]) this.#sink(score, index)
  }

  /** The kept items, best first. */
  sorted(): { readonly scores: Float32Array; readonly indices: Int32Array } {
    const order = Array.from({ length: this.#size }, (_, i) => i)
    order.sort((a, b) => this.#scores[b] - this.#scores[a] || this.#indices[a] - this.#indices[b])
    return {
      scores: Float32Array.from(order, (i) => this.#scores[i]),
      indices: Int32Array.from(order, (i) => this.#indices[i]),
    }
  }

  #rise(hole: number, score: number, index: number): void {
    let at = hole
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isWorse(score, index, this.#scores[parent], this.#indices[parent])) break
      this.#place(at, this.#scores[parent], this.#indices[parent])
      at = parent
    }
    this.#place(at, score, index)
  }

  /** Replaces the root, which drops out. */
  #sink(score: number, index: number): void {
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.#size) break
      if (
        child + 1 < this.#size &&
        isWorse(this.#scores[child + 1], this.#indices[child + 1], this.#scores[child], this.#indices[child])
      ) {
        child++
      }
      if (!isWorse(this.#scores[child], this.#indices[child], score, index)) break
      this.#place(at, this.#scores[child], this.#indices[child])
      at = child
    }
    this.#place(at, score, index)
  }

  #place(at: number, score: number, index: number): void {
    this.#scores[at] = score
    this.#indices[at] = index
  }
}

function isWorse(score: number, index: number, otherScore: number, otherIndex: number): boolean {
  return score < otherScore || (score === otherScore && index > otherIndex)
}
