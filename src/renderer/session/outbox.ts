/** Changes on their way to the store: one after the other, in the order in which they were made. */

import type { Caller } from '../../core/contract/studio.ts'

interface Sending {
  readonly label: string
  /** Its calls until now. */
  readonly calls: Caller[]
}

export class Outbox {
  readonly #failed: (error: unknown, dropped: readonly string[]) => Promise<void>
  readonly #busy: (busy: boolean) => void
  /** Temporary id of an object → the store's. */
  readonly #ids = new Map<number, number>()
  #waiting: Sending[] = []
  #last: Promise<void> = Promise.resolve()

  /**
   * `failed` hears of an error once, with the labels of the changes that waited behind it: they are dropped, since they
   * built on it. `busy` hears whenever the first change is on its way, and when the last has arrived.
   */
  constructor(
    failed: (error: unknown, dropped: readonly string[]) => Promise<void>,
    busy: (busy: boolean) => void,
  ) {
    this.#failed = failed
    this.#busy = busy
  }

  get isBusy(): boolean {
    return this.#waiting.length > 0
  }

  /** Whether a step that the store reports comes from the change on its way, which is shown already. */
  isOwn(by: Caller | null): boolean {
    const calls = this.#waiting[0]?.calls ?? []
    return calls.some(({ client, call }) => client === by?.client && call === by.call)
  }

  /** `work` gets the translation of temporary ids, to be used only when the time has come, and tells what calls it makes. */
  send(
    label: string,
    work: (real: (id: number) => number, sent: (call: Caller) => void) => Promise<void>,
  ): void {
    const sending: Sending = { label, calls: [] }
    this.#waiting.push(sending)
    this.#busy(true)
    this.#last = this.#last.then(async () => {
      if (this.#waiting[0] !== sending) return
      try {
        await work(
          (id) => this.real(id),
          (call) => sending.calls.push(call),
        )
        this.#waiting.shift()
      } catch (error) {
        const dropped = this.#waiting.slice(1).map(({ label }) => label)
        this.#waiting = []
        await this.#failed(error, dropped)
      }
      if (!this.isBusy) this.#busy(false)
    })
  }

  learn(ids: ReadonlyMap<number, number>): void {
    for (const [temporary, real] of ids) this.#ids.set(temporary, real)
  }

  /** The store's id of an object; the same for one that it had before. */
  real(id: number): number {
    return this.#ids.get(id) ?? id
  }

  settled(): Promise<void> {
    return this.#last
  }
}
