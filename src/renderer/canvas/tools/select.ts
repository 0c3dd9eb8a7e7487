/** Selects, moves and resizes shapes, and selects many with a rubber band. */
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import { type Corner, removeCorner, storedRings } from '../../../core/geometry/parts.ts'
import { isPolygons } from '../../../core/geometry/segmentation.ts'
import { fitShape, moveBox, shapeOfRings } from '../../../core/geometry/shape.ts'
import type { CanvasShape, DraftShape, SelectMode } from '../editing.ts'
import { clampMove, clampPoint, snapPoint, spanBox } from '../geometry/gestures.ts'
import { type CornerHandle, cursorOf, isCorner } from '../geometry/handles.ts'
import { distance, type ImagePoint } from '../geometry/space.ts'
import { kindOf } from '../shapes/kind-of.ts'
import { partsOfShape } from '../shapes/outline-kind.ts'
import { attracted } from './magnet.ts'
import { ClickCycle, type Grip, gripUnder, movable, shapeWithHandles, stackUnder } from './picking.ts'
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
  | {
      readonly kind: 'resizing'
      readonly grip: Grip
      readonly offset: ImagePoint
      /** A vertex stays where it is until the pointer has moved as far as no click does. */
      readonly at: PointerSample
    }
  | { readonly kind: 'band'; readonly from: PointerSample; readonly mode: SelectMode }

const IDLE: State = { kind: 'idle' }
const NO_RULE = { keepRatio: false, fromCentre: false }

export class SelectTool implements Tool {
  sketch: Sketch = BLANK
  readonly #surface: Surface
  readonly #cycle = new ClickCycle()
  #state: State = IDLE
  /** The vertex that was clicked last, which Delete removes. */
  #picked: { readonly id: number; readonly corner: CornerHandle } | null = null
  #notice: string | null = null

  constructor(surface: Surface) {
    this.#surface = surface
  }

  get hint(): string | null {
    const { corner } = this.sketch
    if (this.#notice) return this.#notice
    if (this.#state.kind !== 'idle' || !corner) return null
    if (corner.on === 'edge') return 'Click adds a vertex here'
    return this.#isPicked(corner)
      ? 'Delete removes the picked vertex'
      : 'Drag moves the vertex, a click picks it, Alt-click removes it'
  }

  press(p: PointerSample): void {
    this.#picked = null
    this.#notice = null
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
        this.#resizeTo(this.#state, p)
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
    else if (state.kind === 'resizing') this.#click(state.grip, p)
    this.#hover(p)
  }

  /** Removes the picked vertex. */
  remove(): boolean {
    const shape = this.#picked && shapeWithHandles(this.#surface)
    if (!shape || this.#picked?.id !== shape.id) return false
    this.#removeCorner(shape, this.#picked.corner)
    return true
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
    const { selection } = this.#surface.scene
    if (this.#picked && !(selection.size === 1 && selection.has(this.#picked.id))) this.#picked = null
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
    const { shape, handle } = grip
    const place = kindOf(shape).placeOf(shape, handle, p.image)
    this.#state = {
      kind: 'resizing',
      grip,
      offset: { x: place.x - p.image.x, y: place.y - p.image.y },
      at: p,
    }
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

  #resizeTo({ grip, offset, at }: Extract<State, { kind: 'resizing' }>, p: PointerSample): void {
    const { shape, handle } = grip
    const corner = isCorner(handle) ? handle : null
    if (corner && !this.sketch.draft && distance(at.screen, p.screen) < CLICK_SLOP) return
    const { image, snapping } = this.#surface
    const wanted = { x: p.image.x + offset.x, y: p.image.y + offset.y }
    const edge = clampPoint(corner ? attracted(this.#surface, wanted, shape.id) : wanted, image)
    const rule = { keepRatio: p.shift, fromCentre: p.alt }
    const dragged = kindOf(shape).drag(shape, handle, snapping ? snapPoint(edge) : edge, rule, image)
    // At the image's edge a shape that keeps its ratio stops where it is.
    if (dragged) this.sketch = { ...BLANK, draft: [{ id: shape.id, ...dragged }] }
  }

  /** A click on a vertex picks it, one on an edge adds a vertex there. */
  #click({ shape, handle }: Grip, p: PointerSample): void {
    if (!isCorner(handle)) return
    if (handle.on === 'edge') {
      const place = kindOf(shape).placeOf(shape, handle, p.image)
      const at = this.#surface.snapping ? snapPoint(place) : place
      const added = kindOf(shape).drag(shape, handle, at, NO_RULE, this.#surface.image)
      if (added) this.#change([{ id: shape.id, ...added }])
      this.#picked = { id: shape.id, corner: { on: 'vertex', ring: handle.ring, index: handle.index + 1 } }
    } else if (p.alt) {
      this.#removeCorner(shape, handle)
    } else {
      this.#picked = { id: shape.id, corner: handle }
    }
  }

  #removeCorner(shape: CanvasShape, corner: Corner): void {
    this.#picked = null
    const left = shapeOfRings(storedRings(removeCorner(partsOfShape(shape)!, corner)))
    if (left) this.#surface.edits.change(new Map([[shape.id, left]]))
    else
      this.#notice =
        'A polygon has three vertices at least. Without a picked vertex, Delete removes the object'
    this.sketch = BLANK
  }

  #isPicked(corner: Corner): boolean {
    const { ring, index } = this.#picked?.corner ?? {}
    return corner.ring === ring && corner.index === index
  }

  /** A shape that came back to where it was is no change. */
  #change(draft: readonly DraftShape[]): void {
    const same = (a: BoxXyxy, b: BoxXyxy) => a.every((side, at) => side === b[at])
    const changed = draft.flatMap(({ id, box, segmentation }) => {
      const shape = this.#surface.index.get(id!)!
      if (segmentation && isPolygons(segmentation)) return [[id!, shapeOfRings(segmentation)!] as const]
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
    const grip = gripUnder(this.#surface, p)
    const hovered = grip ? null : (stackUnder(this.#surface, p)[0]?.id ?? null)
    const corner = grip && isCorner(grip.handle) ? grip.handle : (this.#picked?.corner ?? null)
    this.sketch = { ...BLANK, hovered, corner }
  }
}

const corners = ([x1, y1, x2, y2]: BoxXyxy): ImagePoint[] => [
  { x: x1, y: y1 },
  { x: x2, y: y1 },
  { x: x2, y: y2 },
  { x: x1, y: y2 },
]
