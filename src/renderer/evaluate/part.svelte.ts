/** A piece of an evaluation on its way to a card: the last one asked for, or why it does not come. */
import { CodedError, describe, toWire } from '../../core/errors.ts'

export class Part<T> {
  /** Stays until the next one has come. */
  value = $state.raw<T | null>(null)
  error = $state<string | null>(null)
  #turn = 0

  async load(work: Promise<T>): Promise<void> {
    const turn = ++this.#turn
    try {
      const value = await work
      if (turn !== this.#turn) return
      this.value = value
      this.error = null
    } catch (error) {
      if (turn !== this.#turn) return
      if (!(error instanceof CodedError)) console.error(error)
      this.error = describe(toWire(error))
    }
  }

  forget(): void {
    this.#turn++
    this.value = null
    this.error = null
  }

  /** What a chart says instead of being drawn; null once there is something to draw. */
  get missing(): string | null {
    return this.error ?? (this.value === null ? 'Computing…' : null)
  }
}
