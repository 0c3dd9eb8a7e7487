/** Moves the picture with the pointer; also what the space key and the middle button give for a while. */
import type { ScreenPoint } from '../geometry/space.ts'
import { BLANK, type PointerSample, type Surface, type Tool } from './tool.ts'

export class PanTool implements Tool {
  readonly sketch = BLANK
  readonly #surface: Surface
  #last: ScreenPoint | null = null

  constructor(surface: Surface) {
    this.#surface = surface
  }

  press(p: PointerSample): void {
    this.#last = p.screen
  }

  move(p: PointerSample): void {
    if (!this.#last) return
    const dx = p.screen.x - this.#last.x
    const dy = p.screen.y - this.#last.y
    this.#last = p.screen
    // Moving the view reports a new pointer position, although the pointer itself has not moved.
    if (dx !== 0 || dy !== 0) this.#surface.pan(dx, dy)
  }

  release(): void {
    this.#last = null
  }

  leave(): void {}

  cancel(): boolean {
    const busy = this.#last !== null
    this.#last = null
    return busy
  }

  sceneChanged(): void {}

  cursor(): string {
    return this.#last ? 'grabbing' : 'grab'
  }
}
