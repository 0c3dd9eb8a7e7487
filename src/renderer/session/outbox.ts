/** Sends changes to the store one at a time, in the order they were made. */

import type { Caller } from '../../core/contract/studio.ts'

interface Sending {
  readonly label: string
  /** Calls made so far. */
  readonly calls: Caller[]
}

export class Outbox {
  readonly #failed: (error: unknown, dropped: readonly string[]) => Promise<void>
  readonly #busy: (busy: boolean) => void
  /** Temporary id of an object → stored id. */
  readonly #ids = new Map<number, number>()
  #waiting: Sending[] = []
  #last: Promise<void> = Promise.resolve()

  /**
   * @param failed called once per error, with the labels of the changes queued behind it; they are dropped, since they
   * build on the failed one
   * @param busy called with true when changes are being sent, and with false when the last one has arrived
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

  /** Whether a step that the store reports comes from the change being sent, which the window already shows. */
  isOwn(by: Caller | null): boolean {
    const calls = this.#waiting[0]?.calls ?? []
    return calls.some(({ client, call }) => client === by?.client && call === by.call)
  }

  /** Queues a change. `work` gets the translation of temporary ids, valid from then on, and reports the calls it makes. */
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

  /** The stored id of an object, given its temporary or stored id. */
  real(id: number): number {
    return this.#ids.get(id) ?? id
  }

  settled(): Promise<void> {
    return this.#last
  }
}
