/** Draws pictures beside an engine that detects, a few at a time, and holds the engine where they pile up. */
import { PauseSwitch } from '../engine/pause-switch.ts'

/** Pictures drawn at a time. */
const PLACES = 2
/** Waiting pictures from which on the engine is held, and with which it goes on. */
const MOST_WAITING = 32
const FEW_WAITING = 8

export class Drawing {
  readonly pause = new PauseSwitch()
  readonly #waiting: (() => Promise<void>)[] = []
  readonly #idle: (() => void)[] = []
  #drawn = 0
  #failure: unknown

  add(draw: () => Promise<void>): void {
    this.#waiting.push(draw)
    this.#next()
  }

  /** Resolves when nothing waits any more. Throws the first error of a picture; those after it were not drawn. */
  async finished(): Promise<void> {
    if (this.#drawn > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
    if (this.#failure !== undefined) throw this.#failure
  }

  #next(): void {
    while (this.#drawn < PLACES && this.#waiting.length > 0) void this.#draw(this.#waiting.shift()!)
    if (this.#waiting.length >= MOST_WAITING) this.pause.isPaused = true
    else if (this.#waiting.length <= FEW_WAITING) this.pause.isPaused = false
    if (this.#drawn === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  async #draw(draw: () => Promise<void>): Promise<void> {
    this.#drawn++
    try {
      await draw()
    } catch (error) {
      this.#failure ??= error
      this.#waiting.length = 0
    }
    this.#drawn--
    this.#next()
  }
}
