/**
 * Pauses a job as an AbortController cancels one. Whoever started the job holds it, whichever engine runs the job.
 */
export class PauseSwitch extends EventTarget {
  #isPaused = false

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Tells listeners by a `change` event. */
  set isPaused(paused: boolean) {
    if (paused === this.#isPaused) return
    this.#isPaused = paused
    this.dispatchEvent(new Event('change'))
  }
}
