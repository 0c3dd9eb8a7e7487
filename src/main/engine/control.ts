import type { EngineEvent } from '../../core/contract/engine.ts'

/** How a job is told to stop, to wait and to go on: it asks between its steps. */
export class JobControl {
  readonly #abort = new AbortController()
  readonly #emit: (event: EngineEvent) => void
  readonly #sent: () => Promise<void>
  #held: PromiseWithResolvers<void> | null = null

  /** @param sent settles when all events so far have left the process. */
  constructor(emit: (event: EngineEvent) => void, sent: () => Promise<void>) {
    this.#emit = emit
    this.#sent = sent
  }

  /** Aborted when the job is to stop at its next step. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  cancel(): void {
    this.#abort.abort()
    this.continue()
  }

  pause(): void {
    if (!this.signal.aborted) this.#held ??= Promise.withResolvers()
  }

  continue(): void {
    this.#held?.resolve()
    this.#held = null
  }

  /**
   * Lets requests in, since a computing job does not yield by itself, and waits while the job is paused or its events pile
   * up before a client that is busy.
   *
   * @param beforeWaiting what the job does before it says that it waits.
   */
  async turn(beforeWaiting: () => Promise<void> = async () => {}): Promise<void> {
    await new Promise(setImmediate)
    await this.#sent()
    if (!this.#held) return
    await beforeWaiting()
    this.#emit({ kind: 'paused' })
    while (this.#held) await this.#held.promise
    this.#emit({ kind: 'continued' })
  }
}
