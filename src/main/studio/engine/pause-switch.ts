/** To pausing what an AbortController is to cancelling: held by who started a job, whichever engine runs it. */
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
