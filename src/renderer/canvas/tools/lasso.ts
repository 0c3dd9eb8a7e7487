/** Selects the boxes whose centres a drawn line encloses. */

import type { SelectMode } from '../editing.ts'
import { boundsOf, pathHolds } from '../geometry/gestures.ts'
import { distance, type ImagePoint, type ScreenPoint } from '../geometry/space.ts'
import { BLANK, type PointerSample, regionMode, type Sketch, type Surface, type Tool } from './tool.ts'

/** The line gets a new corner each time the pointer went this far, in CSS pixels. */
const STEP = 3

interface Line {
  readonly mode: SelectMode
  readonly path: ImagePoint[]
  last: ScreenPoint
}

export class LassoTool implements Tool {
  sketch: Sketch = BLANK
  readonly #surface: Surface
  #line: Line | null = null

  constructor(surface: Surface) {
    this.#surface = surface
  }

  press(p: PointerSample): void {
    this.#line = { mode: regionMode(p), path: [p.image], last: p.screen }
  }

  move(p: PointerSample): void {
    const line = this.#line
    if (!line || distance(line.last, p.screen) < STEP) return
    line.path.push(p.image)
    line.last = p.screen
    this.sketch = { ...BLANK, region: line.path }
  }

  release(): void {
    const line = this.#line
    this.cancel()
    if (!line || line.path.length < 3) return
    const found = this.#surface.index.centredIn(boundsOf(line.path), (p) => pathHolds(line.path, p))
    this.#surface.edits.select(
      found.map(({ id }) => id),
      line.mode,
    )
  }

  leave(): void {}

  cancel(): boolean {
    const busy = this.#line !== null
    this.#line = null
    this.sketch = BLANK
    return busy
  }

  sceneChanged(): void {}

  cursor(): string {
    return 'crosshair'
  }
}
