/**
 * Lets tasks run side by side, and single ones alone, in all threads of a process: a task alone waits for all others to
 * end, and no other begins meanwhile.
 *
 * (node:worker_threads has `locks` for this, but in Node 24 threads that contend for one never get it.)
 */
import { setTimeout } from 'node:timers/promises'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

/** ms between two looks of who waits, which is rare. */
const BETWEEN_LOOKS = 2

/** ms. A thread that was ended in the middle of a task never reports its end; then the count begins anew. */
const PATIENCE = 10_000

/** Places in the counts. RUNNING is the number of tasks that run side by side, or ALONE. */
const RUNNING = 0
const WAITING = 1
const ALONE = -1

export class Turnstile {
  readonly #counts: Int32Array

  /** @param name of the counts that this thread shares with those that it starts later. */
  constructor(name: string) {
    const shared = getEnvironmentData(name) as SharedArrayBuffer | undefined
    const buffer = shared ?? new SharedArrayBuffer(8)
    if (!shared) setEnvironmentData(name, buffer)
    this.#counts = new Int32Array(buffer)
  }

  async together<T>(task: () => Promise<T>): Promise<T> {
    await this.#until(() => Atomics.load(this.#counts, WAITING) === 0 && this.#count((n) => n >= 0, 1))
    try {
      return await task()
    } finally {
      this.#count((n) => n > 0, -1)
    }
  }

  async alone<T>(task: () => Promise<T>): Promise<T> {
    Atomics.add(this.#counts, WAITING, 1)
    await this.#until(() => Atomics.compareExchange(this.#counts, RUNNING, 0, ALONE) === 0)
    try {
      return await task()
    } finally {
      Atomics.compareExchange(this.#counts, RUNNING, ALONE, 0)
      if (Atomics.load(this.#counts, WAITING) > 0) Atomics.sub(this.#counts, WAITING, 1)
    }
  }

  /** Changes the number of running tasks if it is as `isRight` says. */
  #count(isRight: (running: number) => boolean, change: number): boolean {
    for (;;) {
      const running = Atomics.load(this.#counts, RUNNING)
      if (!isRight(running)) return false
      if (Atomics.compareExchange(this.#counts, RUNNING, running, running + change) === running) return true
    }
  }

  async #until(isDone: () => boolean): Promise<void> {
    const end = performance.now() + PATIENCE
    while (!isDone()) {
      await setTimeout(BETWEEN_LOOKS)
      if (performance.now() < end) continue
      Atomics.store(this.#counts, RUNNING, 0)
      Atomics.store(this.#counts, WAITING, 0)
    }
  }
}
