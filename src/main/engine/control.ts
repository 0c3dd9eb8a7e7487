import type { AssistLabelsRequest, EngineEvent } from '../../core/contract/engine.ts'

/** Lets a job be stopped, paused and continued. The job asks between its steps. */
export class JobControl {
  readonly #abort = new AbortController()
  readonly #emit: (event: EngineEvent) => void
  readonly #sent: () => Promise<void>
  #held: PromiseWithResolvers<void> | null = null
  #labels: AssistLabelsRequest[] = []
  #awake = Promise.withResolvers<void>()

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
    this.#awake.resolve()
    this.continue()
  }

  pause(): void {
    if (!this.signal.aborted) this.#held ??= Promise.withResolvers()
  }

  continue(): void {
    this.#held?.resolve()
    this.#held = null
  }

  /** Hands changed labels to the job. */
  deliver(labels: AssistLabelsRequest): void {
    this.#labels.push(labels)
    this.#awake.resolve()
  }

  /** The labels that were handed over since the last call. */
  taken(): AssistLabelsRequest[] {
    const labels = this.#labels
    this.#labels = []
    this.#awake = Promise.withResolvers()
    return labels
  }

  /** Waits for labels, or to be cancelled. */
  async rest(): Promise<void> {
    if (this.#labels.length === 0 && !this.signal.aborted) await this.#awake.promise
  }

  /**
   * Lets requests be answered, because a computing job does not yield by itself, and waits while the job is paused or
   * too many events wait for a busy client.
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
