/** Reports in words how fast the engine processes images. */
import { performance } from 'node:perf_hooks'

export class Pace {
  readonly #total: number
  readonly #start = performance.now()
  #done = 0

  constructor(total: number) {
    this.#total = total
  }

  /** Images per second since the start. */
  get rate(): number {
    return (1000 * this.#done) / (performance.now() - this.#start)
  }

  /** Counts one more image. Returns share and text for the job's report. */
  step(): [progress: number, detail: string] {
    this.#done++
    const left = Math.round((this.#total - this.#done) / this.rate)
    const time = left >= 120 ? `${Math.round(left / 60)} min` : `${left} s`
    const detail = `${this.#done} of ${this.#total} images, ${this.rate.toFixed(1)} images/s, ${time} left`
    return [this.#done / this.#total, detail]
  }
}
