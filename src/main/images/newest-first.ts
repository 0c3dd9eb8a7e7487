/**
 * Runs a few tasks at a time, the newest first, so that a user who flips through images waits for the current one and not
 * for those skipped.
 */
export class NewestFirst {
  readonly #places: number
  /** Each settles its caller's promise and never fails itself. */
  readonly #waiting: (() => Promise<void>)[] = []
  #running = 0

  constructor(places: number) {
    this.#places = places
  }

  /** Rejects with the signal's reason as soon as it is aborted; the result of a task that has started is ignored. */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const abort = (): void => {
        const index = this.#waiting.indexOf(waiting)
        if (index >= 0) this.#waiting.splice(index, 1)
        reject(signal!.reason)
      }
      const waiting = async (): Promise<void> => {
        await task().then(resolve, reject)
        signal?.removeEventListener('abort', abort)
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.push(waiting)
      this.#next()
    })
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#running < this.#places) this.#start(this.#waiting.pop()!)
  }

  async #start(waiting: () => Promise<void>): Promise<void> {
    this.#running++
    await waiting()
    this.#running--
    this.#next()
  }
}
