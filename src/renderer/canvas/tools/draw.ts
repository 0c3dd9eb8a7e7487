/** Draws boxes, by dragging or with two clicks; never takes hold of a box that is there already. */
import { clampPoint, snapPoint, spanBox, squareCorner } from '../geometry/gestures.ts'
import { MIN_SIDE } from '../geometry/handles.ts'
import { distance, type ImagePoint, type ScreenPoint } from '../geometry/space.ts'
import { BLANK, CLICK_SLOP, type PointerSample, type Sketch, type Surface, type Tool } from './tool.ts'

type State =
  | { readonly kind: 'idle' }
  /** The button is down; pressedAt is null for the second click, which may be dragged as well. */
  | { readonly kind: 'pulling'; readonly from: ImagePoint; readonly pressedAt: ScreenPoint | null }
  /** After a click: the pointer carries the other corner. */
  | { readonly kind: 'carrying'; readonly from: ImagePoint }

const IDLE: State = { kind: 'idle' }
const READY: Sketch = { ...BLANK, crosshair: true }

export class DrawTool implements Tool {
  sketch = READY
  readonly #surface: Surface
  #state: State = IDLE

  constructor(surface: Surface) {
    this.#surface = surface
  }

  get hint(): string | null {
    return this.#state.kind === 'carrying' ? 'Click the opposite corner, Esc to cancel' : null
  }

  press(p: PointerSample): void {
    if (this.#state.kind === 'carrying') {
      this.#state = { kind: 'pulling', from: this.#state.from, pressedAt: null }
      this.#sketchTo(p, this.#state.from)
    } else {
      this.#state = { kind: 'pulling', from: this.#corner(p), pressedAt: p.screen }
    }
  }

  move(p: PointerSample): void {
    if (this.#state.kind !== 'idle') this.#sketchTo(p, this.#state.from)
  }

  release(p: PointerSample): void {
    if (this.#state.kind !== 'pulling') return
    const { from, pressedAt } = this.#state
    if (pressedAt && distance(pressedAt, p.screen) < CLICK_SLOP) {
      this.#state = { kind: 'carrying', from }
      return
    }
    const box = spanBox(from, this.#opposite(p, from))
    this.cancel()
    if (box[2] - box[0] >= MIN_SIDE && box[3] - box[1] >= MIN_SIDE) {
      this.#surface.edits.add({ box, segmentation: null, area: null })
    }
  }

  leave(): void {}

  cancel(): boolean {
    const busy = this.#state.kind !== 'idle'
    this.#state = IDLE
    this.sketch = READY
    return busy
  }

  sceneChanged(): void {}

  cursor(): string {
    return 'crosshair'
  }

  #sketchTo(p: PointerSample, from: ImagePoint): void {
    this.sketch = { ...READY, draft: [{ id: null, box: spanBox(from, this.#opposite(p, from)) }] }
  }

  #opposite(p: PointerSample, from: ImagePoint): ImagePoint {
    return p.shift ? squareCorner(from, this.#corner(p), this.#surface.image) : this.#corner(p)
  }

  #corner(p: PointerSample): ImagePoint {
    const inside = clampPoint(p.image, this.#surface.image)
    return this.#surface.snapping ? snapPoint(inside) : inside
  }
}
