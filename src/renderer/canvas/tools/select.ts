/** Selects, moves and resizes shapes, and selects many with a rubber band. */
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import { fitShape, moveBox } from '../../../core/geometry/shape.ts'
import type { CanvasShape, DraftShape, SelectMode } from '../editing.ts'
import { clampMove, clampPoint, snapPoint, spanBox } from '../geometry/gestures.ts'
import { cursorOf } from '../geometry/handles.ts'
import { distance, type ImagePoint } from '../geometry/space.ts'
import { kindOf } from '../shapes/kind-of.ts'
import { ClickCycle, type Grip, gripUnder, movable, stackUnder } from './picking.ts'
import {
  BLANK,
  CLICK_SLOP,
  type PointerSample,
  regionMode,
  type Sketch,
  type Surface,
  type Tool,
} from './tool.ts'

type State =
  | { readonly kind: 'idle' }
  /** Down on a shape, not moved yet; `click` is what happens if it stays so. */
  | {
      readonly kind: 'pressed'
      readonly at: PointerSample
      readonly click: () => void
      readonly drags: boolean
    }
  | { readonly kind: 'moving'; readonly from: ImagePoint; readonly shapes: readonly CanvasShape[] }
  | { readonly kind: 'resizing'; readonly grip: Grip; readonly offset: ImagePoint }
  | { readonly kind: 'band'; readonly from: PointerSample; readonly mode: SelectMode }

const IDLE: State = { kind: 'idle' }

export class SelectTool implements Tool {
  sketch: Sketch = BLANK
  readonly #surface: Surface
  readonly #cycle = new ClickCycle()
  #state: State = IDLE

  constructor(surface: Surface) {
    this.#surface = surface
  }

  press(p: PointerSample): void {
    const grip = gripUnder(this.#surface, p)
    if (grip) this.#take(grip, p)
    else this.#pressOn(stackUnder(this.#surface, p), p)
  }

  move(p: PointerSample): void {
    const { at, drags } = this.#state.kind === 'pressed' ? this.#state : { at: null, drags: false }
    if (at && distance(at.screen, p.screen) >= CLICK_SLOP) this.#startDrag(at, drags)
    switch (this.#state.kind) {
      case 'idle':
        this.#hover(p)
        break
      case 'moving':
        this.sketch = { ...BLANK, draft: this.#moved(this.#state.from, this.#state.shapes, p) }
        break
      case 'resizing':
        this.#resizeTo(this.#state.grip, this.#state.offset, p)
        break
      case 'band':
        this.sketch = { ...BLANK, region: corners(spanBox(this.#state.from.image, p.image)) }
    }
  }

  release(p: PointerSample): void {
    const state = this.#state
    const { draft } = this.sketch
    this.cancel()
    if (state.kind === 'pressed') state.click()
    else if (state.kind === 'band') this.#selectBand(spanBox(state.from.image, p.image), state.mode)
    else if (draft) this.#change(draft)
    this.#hover(p)
  }

  leave(): void {
    if (this.#state.kind === 'idle') this.sketch = BLANK
  }

  cancel(): boolean {
    const busy = this.#state.kind !== 'idle'
    this.#state = IDLE
    this.sketch = BLANK
    return busy
  }

  /** A shape that is gone cannot be moved on. */
  sceneChanged(): void {
    const held = this.sketch.draft ?? []
    if (held.some(({ id }) => !this.#surface.index.get(id!))) this.cancel()
  }

  cursor(p: PointerSample): string {
    if (this.#state.kind === 'resizing') return cursorOf(this.#state.grip.handle)
    if (this.#state.kind === 'moving') return 'move'
    const grip = gripUnder(this.#surface, p)
    if (grip) return cursorOf(grip.handle)
    const { selection } = this.#surface.scene
    const held = stackUnder(this.#surface, p).some(({ id, locked }) => selection.has(id) && !locked)
    return held ? 'move' : 'default'
  }

  /** The edge keeps its distance to the pointer, so that a press beside it does not make it jump. */
  #take(grip: Grip, p: PointerSample): void {
    const {
      shape: { box },
      handle,
    } = grip
    const edge = { x: handle.x < 0 ? box[0] : box[2], y: handle.y < 0 ? box[1] : box[3] }
    this.#state = { kind: 'resizing', grip, offset: { x: edge.x - p.image.x, y: edge.y - p.image.y } }
  }

  #pressOn(stack: readonly CanvasShape[], p: PointerSample): void {
    const { scene, edits } = this.#surface
    const smallest = stack[0]
    if (!smallest) {
      this.#cycle.end()
      const click = () => p.shift || p.alt || edits.select([], 'replace')
      this.#state = { kind: 'pressed', at: p, click, drags: false }
      return
    }
    if (p.shift || p.alt) {
      const click = () => edits.select([smallest.id], p.alt ? 'remove' : 'toggle')
      this.#state = { kind: 'pressed', at: p, click, drags: false }
      return
    }
    const selected = stack.find(({ id }) => scene.selection.has(id))
    let click = () => this.#cycle.begin(p.screen)
    if (selected) click = () => edits.select([this.#cycle.next(p.screen, stack, selected.id)], 'replace')
    else edits.select([smallest.id], 'replace')
    this.#state = { kind: 'pressed', at: p, click, drags: true }
  }

  #startDrag(at: PointerSample, drags: boolean): void {
    this.#cycle.end()
    if (!drags) {
      this.#state = { kind: 'band', from: at, mode: regionMode(at) }
      return
    }
    const shapes = movable(this.#surface)
    // Only locked boxes: the press stays what it is and does nothing, rather than start a band by surprise.
    const nothing = () => {}
    this.#state =
      shapes.length > 0
        ? { kind: 'moving', from: at.image, shapes }
        : { kind: 'pressed', at, click: nothing, drags }
  }

  #moved(from: ImagePoint, shapes: readonly CanvasShape[], p: PointerSample): DraftShape[] {
    let dx = p.image.x - from.x
    let dy = p.image.y - from.y
    if (p.shift && Math.abs(dx) >= Math.abs(dy)) dy = 0
    else if (p.shift) dx = 0
    if (this.#surface.snapping) {
      const [x1, y1] = shapes[0]!.box
      const corner = snapPoint({ x: x1 + dx, y: y1 + dy })
      dx = corner.x - x1
      dy = corner.y - y1
    }
    const [byX, byY] = clampMove(shapes, dx, dy, this.#surface.image)
    return shapes.map(({ id, box }) => ({ id, box: moveBox(box, byX, byY) }))
  }

  #resizeTo({ shape, handle }: Grip, offset: ImagePoint, p: PointerSample): void {
    const { image, snapping } = this.#surface
    const edge = clampPoint({ x: p.image.x + offset.x, y: p.image.y + offset.y }, image)
    const rule = { keepRatio: p.shift, fromCentre: p.alt }
    const box = kindOf(shape).drag(shape, handle, snapping ? snapPoint(edge) : edge, rule, image)
    // At the image's edge a shape that keeps its ratio stops where it is.
    if (box) this.sketch = { ...BLANK, draft: [{ id: shape.id, box }] }
  }

  /** A shape that came back to where it was is no change. */
  #change(draft: readonly DraftShape[]): void {
    const same = (a: BoxXyxy, b: BoxXyxy) => a.every((side, at) => side === b[at])
    const changed = draft.flatMap(({ id, box }) => {
      const shape = this.#surface.index.get(id!)!
      return same(box, shape.box) ? [] : [[id!, fitShape(shape, box)] as const]
    })
    if (changed.length > 0) this.#surface.edits.change(new Map(changed))
  }

  #selectBand(band: BoxXyxy, mode: SelectMode): void {
    const found = this.#surface.index.centredIn(
      band,
      ({ x, y }) => x >= band[0] && x <= band[2] && y >= band[1] && y <= band[3],
    )
    this.#surface.edits.select(
      found.map(({ id }) => id),
      mode,
    )
  }

  #hover(p: PointerSample): void {
    const hovered = gripUnder(this.#surface, p) ? null : (stackUnder(this.#surface, p)[0]?.id ?? null)
    if (hovered !== this.sketch.hovered) this.sketch = { ...BLANK, hovered }
  }
}

const corners = ([x1, y1, x2, y2]: BoxXyxy): ImagePoint[] => [
  { x: x1, y: y1 },
  { x: x2, y: y1 },
  { x: x2, y: y2 },
  { x: x1, y: y2 },
]
