/**
 * Draws outlines, click by click and freehand. Enter, a click on the first vertex or a second one on the last closes them. Shift at the
 * first click adds the outline to the selected object, Alt cuts it out of it.
 */

import { storedRings } from '../../../core/geometry/parts.ts'
import { polygonBounds, type Ring, signedArea } from '../../../core/geometry/polygon.ts'
import { type Shape, shapeOfRings } from '../../../core/geometry/shape.ts'
import { simplifyLine } from '../../../core/geometry/simplify.ts'
import type { CanvasShape } from '../editing.ts'
import { clampPoint, snapPoint } from '../geometry/gestures.ts'
import { MIN_SIDE } from '../geometry/handles.ts'
import { combined, untangled } from '../geometry/regions.ts'
import { distance, type ImagePoint, type ScreenPoint } from '../geometry/space.ts'
import { toScreen } from '../geometry/view.ts'
import { attracted } from './magnet.ts'
import { movable } from './picking.ts'
import { BLANK, CLICK_SLOP, type PointerSample, type Sketch, type Surface, type Tool } from './tool.ts'

/** How near to the first vertex a press closes the outline, in CSS pixels. */
const CLOSING_REACH = 8
/** Freehand, a vertex is placed each time the pointer went this far, in CSS pixels; afterwards the line is simplified. */
const STEP = 3
const FREEHAND_TOLERANCE = 1

interface Drawing {
  /** The object that the outline is added to or cut from; null draws a new one. */
  readonly target: { readonly id: number; readonly change: 'add' | 'cut' } | null
  /** The vertices that each click or freehand line gave. */
  readonly steps: (readonly ImagePoint[])[]
  /** Steps that were taken back, the latest last. */
  readonly undone: (readonly ImagePoint[])[]
  /** The button is down. */
  press: { readonly closes: boolean; readonly line: ImagePoint[]; last: ScreenPoint } | null
}

const READY: Sketch = { ...BLANK, crosshair: true }

export class PolygonTool implements Tool {
  sketch = READY
  readonly #surface: Surface
  #drawing: Drawing | null = null
  /** Why the last gesture had no effect; until the next one. */
  #notice: string | null = null

  constructor(surface: Surface) {
    this.#surface = surface
  }

  get hint(): string {
    if (this.#notice) return this.#notice
    const count = this.#points().length
    if (!this.#drawing) {
      return this.#target()
        ? 'Click vertex by vertex, or drag freehand. Shift adds to the selected object, Alt cuts from it'
        : 'Click vertex by vertex, or drag freehand'
    }
    if (count < 3)
      return `${3 - count} more ${count === 2 ? 'vertex' : 'vertices'} at least · undo takes back the last`
    return `${count} vertices · Enter, a double click or the first vertex closes the outline`
  }

  press(p: PointerSample): void {
    this.#notice = null
    const closes = this.#isClosing(p)
    if (!this.#drawing && !this.#begin(p)) return
    this.#drawing!.press = { closes, last: p.screen, line: closes ? [] : [this.#vertex(p)] }
    this.#draw(p)
  }

  move(p: PointerSample): void {
    const press = this.#drawing?.press
    if (press && distance(press.last, p.screen) >= STEP) {
      press.line.push(this.#vertex(p))
      press.last = p.screen
    }
    this.#draw(p)
  }

  release(p: PointerSample): void {
    const drawing = this.#drawing
    const press = drawing?.press
    if (!drawing || !press) return
    drawing.press = null
    const isClick = press.line.length <= (press.closes ? 0 : 1)
    if (isClick && press.closes) {
      this.finish()
      return
    }
    const added = isClick ? press.line.slice(0, 1) : this.#smoothed(press.line)
    if (added.length > 0) {
      drawing.steps.push(added)
      drawing.undone.length = 0
    }
    if (!isClick && this.#isClosing(p)) this.finish()
    else this.#draw(p)
  }

  leave(): void {
    if (!this.#drawing) this.sketch = READY
  }

  finish(): boolean {
    const drawing = this.#drawing
    if (!drawing) return false
    const ring = this.#points().flatMap(({ x, y }) => [x, y])
    const shape = shapeOf(ring)
    if (!shape) {
      this.#notice = 'An outline needs three vertices that enclose an area'
      return true
    }
    this.cancel()
    if (drawing.target === null) this.#surface.edits.add(shape)
    else this.#combine(drawing.target.id, drawing.target.change, shape)
    return true
  }

  undo(): boolean {
    const drawing = this.#drawing
    if (!drawing) return false
    const last = drawing.steps.pop()
    if (last) drawing.undone.push(last)
    if (drawing.steps.length === 0) this.cancel()
    else this.#draw(null)
    return true
  }

  redo(): boolean {
    const drawing = this.#drawing
    if (!drawing) return false
    const next = drawing.undone.pop()
    if (next) drawing.steps.push(next)
    this.#draw(null)
    return true
  }

  remove(): boolean {
    return this.undo()
  }

  cancel(): boolean {
    const busy = this.#drawing !== null
    this.#drawing = null
    this.sketch = READY
    return busy
  }

  /** An object that is gone cannot be added to. */
  sceneChanged(): void {
    const target = this.#drawing?.target
    if (target && !this.#surface.index.get(target.id)) this.cancel()
  }

  cursor(): string {
    return 'crosshair'
  }

  #begin({ shift, alt }: PointerSample): boolean {
    const change = alt ? 'cut' : shift ? 'add' : null
    const target = change && this.#target()
    if (change && !target) {
      this.#notice = `Select one object first, which the outline is ${change === 'add' ? 'added to' : 'cut from'}`
      return false
    }
    this.#drawing = {
      target: change && target ? { id: target.id, change } : null,
      steps: [],
      undone: [],
      press: null,
    }
    return true
  }

  /** The selected object, where it is alone and may be changed. */
  #target(): CanvasShape | null {
    const shapes = movable(this.#surface)
    return shapes.length === 1 && this.#surface.scene.selection.size === 1 ? shapes[0]! : null
  }

  #combine(id: number, change: 'add' | 'cut', shape: Shape): void {
    const target = this.#surface.index.get(id)
    if (!target) return
    const result = combined(target, change, shape)
    if (result.shape) this.#surface.edits.change(new Map([[id, result.shape]]))
    else this.#notice = result.reason
  }

  #points(): ImagePoint[] {
    const { steps, press } = this.#drawing ?? {}
    return [...(steps?.flat() ?? []), ...(press?.line ?? [])]
  }

  #vertex(p: PointerSample): ImagePoint {
    const inside = clampPoint(attracted(this.#surface, p.image, null), this.#surface.image)
    return this.#surface.snapping ? snapPoint(inside) : inside
  }

  /** On the first vertex, or again on the last. */
  #isClosing({ screen }: PointerSample): boolean {
    const points = this.#drawing?.steps.flat() ?? []
    if (points.length < 3) return false
    const isNear = (point: ImagePoint, reach: number) =>
      distance(toScreen(this.#surface.view, point), screen) <= reach
    return isNear(points[0]!, CLOSING_REACH) || isNear(points.at(-1)!, CLICK_SLOP)
  }

  #smoothed(line: readonly ImagePoint[]): ImagePoint[] {
    const flat = simplifyLine(
      line.flatMap(({ x, y }) => [x, y]),
      FREEHAND_TOLERANCE / this.#surface.view.scale,
    )
    return Array.from({ length: flat.length >> 1 }, (_, i) => ({ x: flat[2 * i]!, y: flat[2 * i + 1]! }))
  }

  #draw(p: PointerSample | null): void {
    const drawing = this.#drawing
    if (!drawing) return
    const points = this.#points()
    const closes = p !== null && drawing.press === null && this.#isClosing(p)
    const next = p === null || drawing.press ? null : closes ? points[0]! : this.#vertex(p)
    const ring = [...points, ...(next ? [next] : [])].flatMap(({ x, y }) => [x, y])
    const change = drawing.target?.change ?? null
    this.sketch = {
      ...READY,
      path: { points, next, closes, change },
      draft:
        change === null && isWide(ring)
          ? [{ id: null, box: polygonBounds([ring]), segmentation: [ring] }]
          : null,
    }
  }
}

function isWide(ring: Ring): boolean {
  if (ring.length < 6) return false
  const [x1, y1, x2, y2] = polygonBounds([ring])
  return x2 - x1 >= MIN_SIDE && y2 - y1 >= MIN_SIDE
}

/** null where a ring encloses less than a pixel. */
function shapeOf(ring: Ring): Shape | null {
  if (!isWide(ring)) return null
  const parts = untangled(ring)
  const area = parts.reduce((sum, { outline }) => sum + Math.abs(signedArea(outline)), 0)
  return area < MIN_SIDE ** 2 ? null : shapeOfRings(storedRings(parts))
}
