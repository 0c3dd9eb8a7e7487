/** Draws pictures while an engine detects, a few at a time, and pauses the engine when too many are waiting. */
import { PauseSwitch } from '../engine/pause-switch.ts'

/** Number of pictures that are drawn at a time. */
const PLACES = 2
/** Numbers of waiting pictures at which the engine is paused, and at which it continues. */
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

  /** Resolves when no picture is waiting. Throws the first error of a picture; later pictures are not drawn then. */
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
