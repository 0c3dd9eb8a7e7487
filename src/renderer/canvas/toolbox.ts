/** The tool in the hand, and where pointer events go: to it, or to panning while space or the middle button is held. */
import type { ScreenPoint } from './geometry/space.ts'
import { toImage } from './geometry/view.ts'
import type { PointerAt, PointerTarget } from './input/pointers.ts'
import { DrawTool } from './tools/draw.ts'
import { LassoTool } from './tools/lasso.ts'
import { PanTool } from './tools/pan.ts'
import { PolygonTool } from './tools/polygon.ts'
import { SelectTool } from './tools/select.ts'
import type { PointerSample, Sketch, Surface, Tool } from './tools/tool.ts'

export type ToolName = 'select' | 'draw' | 'polygon' | 'lasso' | 'pan'

export interface ToolboxOwner {
  /** The sketch, the pointer's place or the cursor may have changed. */
  sketched(): void
  pinch(factor: number, from: ScreenPoint, to: ScreenPoint): void
}

export class Toolbox implements PointerTarget {
  readonly #surface: Surface
  readonly #owner: ToolboxOwner
  readonly #tools: Record<ToolName, Tool>
  /** Pans over any tool, which keeps what it is doing. */
  readonly #hand: PanTool
  #name: ToolName = 'select'
  #pressed = false
  #spaceHeld = false
  #panning = false
  #last: PointerAt | null = null

  constructor(surface: Surface, owner: ToolboxOwner) {
    this.#surface = surface
    this.#owner = owner
    this.#hand = new PanTool(surface)
    this.#tools = {
      select: new SelectTool(surface),
      draw: new DrawTool(surface),
      polygon: new PolygonTool(surface),
      lasso: new LassoTool(surface),
      pan: new PanTool(surface),
    }
  }

  get name(): ToolName {
    return this.#name
  }

  get sketch(): Sketch {
    return this.#tools[this.#name].sketch
  }

  get hint(): string | null {
    return this.#tools[this.#name].hint ?? null
  }

  /** Where the pointer is over the canvas. */
  get pointer(): ScreenPoint | null {
    return this.#last?.screen ?? null
  }

  get cursor(): string {
    return this.#last ? this.#active.cursor(this.#sample(this.#last)) : 'default'
  }

  use(name: ToolName): void {
    this.cancelGesture()
    this.#name = name
    this.refresh()
  }

  /** Cancels an unfinished gesture; false if there was none. */
  cancelGesture(): boolean {
    const busy = this.#tools[this.#name].cancel()
    if (busy) this.#owner.sketched()
    return busy
  }

  /** False where the tool has nothing of the kind under way. */
  ask(what: 'finish' | 'undo' | 'redo' | 'remove'): boolean {
    const done = this.#tools[this.#name][what]?.() ?? false
    if (done) this.#owner.sketched()
    return done
  }

  sceneChanged(): void {
    this.#tools[this.#name].sceneChanged()
    this.#owner.sketched()
  }

  /** The view moved under the resting pointer, or the tool changed: the pointer is somewhere else now. */
  refresh(): void {
    if (this.#last && !this.#panning) this.#tools[this.#name].move(this.#sample(this.#last))
    this.#owner.sketched()
  }

  press(at: PointerAt, pan: boolean): void {
    this.#pressed = true
    this.#panning = pan || this.#spaceHeld
    this.#feed(at, (tool, p) => tool.press(p))
  }

  move(at: PointerAt): void {
    this.#feed(at, (tool, p) => tool.move(p))
  }

  release(at: PointerAt): void {
    this.#feed(at, (tool, p) => tool.release(p))
    this.#pressed = false
    this.#panning = this.#spaceHeld
    this.refresh()
  }

  cancel(): void {
    this.#hand.cancel()
    this.#pressed = false
    this.#panning = this.#spaceHeld
    this.cancelGesture()
  }

  leave(): void {
    this.#last = null
    this.#tools[this.#name].leave()
    this.#owner.sketched()
  }

  pinch(factor: number, from: ScreenPoint, to: ScreenPoint): void {
    this.#owner.pinch(factor, from, to)
  }

  holdPan(held: boolean): void {
    this.#spaceHeld = held
    if (!this.#pressed) this.#panning = held
    this.#owner.sketched()
  }

  get #active(): Tool {
    return this.#panning ? this.#hand : this.#tools[this.#name]
  }

  #feed(at: PointerAt, give: (tool: Tool, p: PointerSample) => void): void {
    this.#last = at
    give(this.#active, this.#sample(at))
    this.#owner.sketched()
  }

  #sample({ screen, shift, alt }: PointerAt): PointerSample {
    return { screen, image: toImage(this.#surface.view, screen), shift, alt }
  }
}
