/** A part of an evaluation that a card shows: the answer to the latest request, or why there is none. */
import { CodedError } from '../../core/errors.ts'
import { errorWords } from '../session/error-words.ts'

export class Part<T> {
  /** Kept until the next answer arrives. */
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
      this.error = errorWords(error)
    }
  }

  forget(): void {
    this.#turn++
    this.value = null
    this.error = null
  }

  /** What a chart shows instead of data; null once there is data. */
  get missing(): string | null {
    return this.error ?? (this.value === null ? 'Computing…' : null)
  }
}
