/** Lets tasks run side by side, and single ones alone: these wait for all others to end, and all others wait for them. */
export class Turnstile {
  #alone: Promise<unknown> = Promise.resolve()
  readonly #together = new Set<Promise<unknown>>()

  async together<T>(task: () => Promise<T>): Promise<T> {
    for (let before: unknown; before !== this.#alone; ) {
      before = this.#alone
      await this.#alone
    }
    const running = task()
    const ended = running.catch(() => {})
    this.#together.add(ended)
    ended.then(() => this.#together.delete(ended))
    return running
  }

  alone<T>(task: () => Promise<T>): Promise<T> {
    const running = this.#alone.then(() => Promise.all(this.#together)).then(task)
    this.#alone = running.catch(() => {})
    return running
  }
}
