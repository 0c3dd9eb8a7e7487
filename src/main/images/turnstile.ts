/**
 * A shared and exclusive lock for tasks in all threads of a process: an exclusive task waits for all others to end, and no
 * other starts meanwhile.
 *
 * (node:worker_threads has `locks` for this, but in Node 24, contending threads never acquire it.)
 */
import { setTimeout } from 'node:timers/promises'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

/** ms between checks by a waiting task, which is rare. */
const BETWEEN_LOOKS = 2

/** ms. A thread that was terminated during a task never reports its end; the count is then reset. */
const PATIENCE = 10_000

/** Indices into the counts. RUNNING is the number of tasks running in parallel, or ALONE. */
const RUNNING = 0
const WAITING = 1
const ALONE = -1

export class Turnstile {
  readonly #counts: Int32Array

  /** @param name of the counts that this thread shares with threads that it starts later. */
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

  /** Changes the number of running tasks if `isRight` accepts the present one. */
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
