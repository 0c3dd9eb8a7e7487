/** Moves boxes by keys. Moves show at once; consecutive key presses are sent as one change, which is one undo step. */
import type { AnnotationPatch } from '../../core/project/model.ts'

export interface Change {
  readonly id: number
  readonly patch: AnnotationPatch
}

/** Longer than the repeat interval of a held key. */
const PAUSE_MS = 600

export class KeyMoves {
  readonly #send: (changes: readonly Change[]) => void
  #changes: readonly Change[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(send: (changes: readonly Change[]) => void) {
    this.#send = send
  }

  /** Whether some changes have not been sent yet. */
  get isPending(): boolean {
    return this.#changes.length > 0
  }

  /** Whether another move of these boxes belongs to the same step. */
  areOf(ids: readonly number[]): boolean {
    return this.#changes.length === ids.length && this.#changes.every(({ id }) => ids.includes(id))
  }

  add(changes: readonly Change[]): void {
    clearTimeout(this.#timer)
    const before = new Map(this.#changes.map(({ id, patch }) => [id, patch]))
    this.#changes = changes.map(({ id, patch }) => ({ id, patch: { ...before.get(id), ...patch } }))
    this.#timer = setTimeout(() => this.end(), PAUSE_MS)
  }

  /** Sends what is pending. */
  end(): void {
    clearTimeout(this.#timer)
    const changes = this.#changes
    this.#changes = []
    if (changes.length > 0) this.#send(changes)
  }
}
