/**
 * Runs a few tasks at a time, the newest first: who flips through pictures waits for the one before the eyes, not for
 * those passed by.
 *
 * A task that fails runs once more while no other does, and that decides. libvips has one buffer for the errors of all
 * threads, so that of two that fail at the same time one may get the other's reason. A CodedError is no doubt.
 */
import { CodedError } from '../../../core/errors.ts'

interface Waiting {
  /** Settles the caller's promise and never fails itself. */
  readonly run: (isAlone: boolean) => Promise<void>
}

export class NewestFirst {
  readonly #places: number
  readonly #waiting: Waiting[] = []
  readonly #doubtful: Waiting[] = []
  #running = 0

  constructor(places: number) {
    this.#places = places
  }

  /** Rejects with the signal's reason at once when it is aborted; a task that has begun ends unheard. */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const abort = (): void => {
        for (const list of [this.#waiting, this.#doubtful]) {
          const index = list.indexOf(waiting)
          if (index >= 0) list.splice(index, 1)
        }
        reject(signal!.reason)
        this.#next()
      }
      const waiting: Waiting = {
        run: async (isAlone) => {
          try {
            resolve(await task())
          } catch (error) {
            if (!isAlone && !(error instanceof CodedError) && !signal?.aborted) {
              this.#doubtful.push(waiting)
              return
            }
            reject(error)
          }
          signal?.removeEventListener('abort', abort)
        },
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.push(waiting)
      this.#next()
    })
  }

  /** While a doubtful task waits for the others to end, none begins. */
  #next(): void {
    if (this.#doubtful.length > 0) {
      if (this.#running === 0) this.#start(this.#doubtful.pop()!, this.#places)
      return
    }
    while (this.#waiting.length > 0 && this.#running < this.#places) this.#start(this.#waiting.pop()!, 1)
  }

  async #start(waiting: Waiting, places: number): Promise<void> {
    this.#running += places
    await waiting.run(places === this.#places)
    this.#running -= places
    this.#next()
  }
}
