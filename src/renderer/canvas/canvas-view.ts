/**
 * The annotation canvas: an image with its boxes, tools, and a view to move. Framework-free and driven imperatively;
 * it knows the studio only through Scene and EditPort. Draws at most once per animation frame, and only what changed.
 */
import type { BoxXyxy } from '../../core/geometry/box.ts'
import { moveShape } from '../../core/geometry/shape.ts'
import { Camera } from './camera.ts'
import type { CanvasColours } from './colours.ts'
import { type DraftShape, type EditPort, EMPTY_SCENE, type Scene } from './editing.ts'
import { clampMove } from './geometry/gestures.ts'
import { ShapeIndex } from './geometry/shape-index.ts'
import type { ImagePoint, ScreenPoint } from './geometry/space.ts'
import { toImage, toScreen } from './geometry/view.ts'
import { type PointerAt, PointerInput, type PointerTarget } from './input/pointers.ts'
import { meaningOf, type Wheel } from './input/wheel.ts'
import { Minimap } from './minimap.ts'
import type { DepthWindow } from './picture/image-assets.ts'
import { ImageSource } from './picture/image-source.ts'
import { type Readout, readoutOf } from './readout.ts'
import { type Overlay, Renderer, type Shown } from './renderer.ts'
import { Toolbox, type ToolName } from './toolbox.ts'
import { movable } from './tools/picking.ts'
import { BLANK, HIT_REACH, type Sketch, type Surface } from './tools/tool.ts'

export interface CanvasOptions {
  readonly port: EditPort
  readonly colours: CanvasColours
  /** At most once per frame. */
  readonly onReadout: (readout: Readout) => void
  /**
   * A canvas of the same image beside which this one lies: it shows the same part, and the pointer over either of them is over
   * both, in the hand of that one's tools.
   */
  readonly beside?: CanvasView | undefined
}

export class CanvasView {
  /** Edges of drawn and dragged boxes go to whole pixels. */
  snapping = false
  wheel: Wheel = 'pan'
  /** Vertices of polygons go to outlines and boxes nearby. */
  magnet = false
  readonly #container: HTMLDivElement
  readonly #port: EditPort
  readonly #onReadout: (readout: Readout) => void
  readonly #shown: Shown
  readonly #source: ImageSource
  readonly #camera = new Camera(() => this.#viewMoved())
  readonly #renderer: Renderer
  readonly #toolbox: Toolbox
  readonly #pointers: PointerInput
  /** Itself, but for a canvas that lies beside another. */
  readonly #lead: CanvasView
  readonly #followers = new Set<CanvasView>()
  readonly #resizes: ResizeObserver
  readonly #listening = new AbortController()
  #minimap: Minimap | null = null
  #draft: readonly DraftShape[] | null = null

  /** Fills a positioned element, which should be focusable; it is the canvas's until destroy(). */
  constructor(container: HTMLDivElement, { port, colours, onReadout, beside }: CanvasOptions) {
    this.#container = container
    this.#lead = beside ?? this
    this.#source = beside ? beside.#source : new ImageSource(() => this.#pictureCame())
    this.#port = port
    this.#onReadout = onReadout
    const index = new ShapeIndex([])
    this.#shown = {
      scene: EMPTY_SCENE,
      index,
      colours,
      overlay: null,
      sketch: BLANK,
      pointer: null,
      handles: true,
    }
    this.#renderer = new Renderer(container, this.#shown, this.#camera, this.#source, () => this.#report())
    this.#toolbox = beside
      ? beside.#toolbox
      : new Toolbox(this.#surface(), {
          sketched: () => this.#sketched(),
          pinch: (factor, from, to) => this.#pinch(factor, from, to),
        })
    this.#pointers = new PointerInput(container, beside ? this.#handOf(beside) : this.#toolbox)
    container.style.touchAction = 'none'
    container.style.backgroundColor = colours.background
    const { signal } = this.#listening
    container.addEventListener('wheel', (event) => this.#wheel(event), { signal, passive: false })
    this.#resizes = new ResizeObserver(() => this.#resize())
    this.#resizes.observe(container)
    this.#watchPixelRatio()
    this.#resize()
    if (beside) beside.#followers.add(this)
  }

  /** Shows a scene. A gesture goes on unless the image or a box it holds is gone. */
  setScene(scene: Scene): void {
    const before = this.#shown.scene
    this.#shown.scene = scene
    if (scene.shapes !== before.shapes) this.#shown.index = new ShapeIndex(scene.shapes)
    if (scene.image?.id === before.image?.id) {
      if (!this.#follows) this.#toolbox.sceneChanged()
    } else {
      if (!this.#follows) this.#toolbox.cancelGesture()
      if (!this.#follows) this.#source.open(scene.image)
      if (scene.image) this.#camera.open(scene.image)
      if (this.#follows) this.#camera.take(this.#lead.#camera.pose)
      this.#pictureCame()
    }
    this.#renderer.invalidate('shapes', 'selection', 'guides')
  }

  /** Images likely to be opened next, most likely first: they are fetched and decoded ahead. */
  prefetch(imageIds: readonly number[]): void {
    this.#source.prefetch(imageIds)
  }

  setColours(colours: CanvasColours): void {
    this.#shown.colours = colours
    this.#container.style.backgroundColor = colours.background
    this.#renderer.recolour()
    this.#minimap?.draw(this.#camera.view, this.#camera.frame, colours)
  }

  setOverlay(overlay: Overlay | null): void {
    this.#shown.overlay = overlay
    this.invalidateOverlay()
  }

  /** The overlay has something new to show; within EditPort.draft it still gets into the same frame. */
  invalidateOverlay(): void {
    this.#renderer.invalidate('overlay', 'guides')
  }

  /** For the eye only; 1 and 1 leave the picture as it is. */
  setAdjustment(brightness: number, contrast: number): void {
    const plain = brightness === 1 && contrast === 1
    this.#renderer.filterPicture(plain ? '' : `brightness(${brightness}) contrast(${contrast})`)
  }

  /** Which values of a picture of more than 8 bits are black and white; null for the window the server suggests. */
  setDepthWindow(window: DepthWindow | null): void {
    if (!this.#follows) this.#source.setWindow(window)
  }

  /** Draws a minimap into a canvas element of the caller's, sized by CSS; null takes it away. */
  setMinimap(canvas: HTMLCanvasElement | null): void {
    this.#minimap?.destroy()
    this.#minimap = canvas && new Minimap(canvas, (p) => this.#camera.centreOn(p))
    this.#pictureCame()
  }

  get tool(): ToolName {
    return this.#toolbox.name
  }

  set tool(name: ToolName) {
    if (!this.#follows) this.#toolbox.use(name)
    this.#shown.handles = name === 'select'
    this.#renderer.invalidate('selection')
  }

  get isUnderWay(): boolean {
    const { draft, path } = this.#toolbox.sketch
    return draft !== null || path !== null
  }

  /** False where no gesture was under way. */
  cancelGesture(): boolean {
    return this.#toolbox.cancelGesture()
  }

  /** Completes the gesture; false where there was none. */
  finishGesture(): boolean {
    return this.#toolbox.ask('finish')
  }

  /** Takes back a step of the gesture, or gives it up as a whole; false where there was none. */
  undoGesture(): boolean {
    return this.#toolbox.ask('undo') || this.cancelGesture()
  }

  redoGesture(): boolean {
    return this.#toolbox.ask('redo') || this.cancelGesture()
  }

  /** Removes the picked vertex, or the last one of an outline on its way; false where there is neither. */
  removeVertex(): boolean {
    return this.#toolbox.ask('remove')
  }

  /** Escape: gives up the gesture, else the selection; false where there was neither. */
  escape(): boolean {
    if (this.cancelGesture()) return true
    if (this.#shown.scene.selection.size === 0) return false
    this.#port.select([], 'replace')
    return true
  }

  /** Moves the selection by image pixels, as far as it stays inside the image. */
  nudge(dx: number, dy: number): void {
    const { image } = this.#shown.scene
    const shapes = movable(this.#shown)
    if (!image || shapes.length === 0) return
    const [byX, byY] = clampMove(shapes, dx, dy, image)
    if (byX === 0 && byY === 0) return
    this.#port.nudge(new Map(shapes.map((shape) => [shape.id, moveShape(shape, byX, byY)])))
  }

  fit(): void {
    this.#camera.fit()
  }

  /** 1 is 100 %. */
  zoomTo(zoom: number): void {
    this.#camera.zoomTo(zoom)
  }

  /** Zooms about the pointer, or the middle where it is elsewhere. */
  zoomBy(factor: number): void {
    const { width, height } = this.#camera.frame.viewport
    this.#camera.zoomBy(factor, this.#toolbox.pointer ?? { x: width / 2, y: height / 2 })
  }

  /** Brings a box into sight, and zooms to what is around it only where it could not be seen. */
  reveal(box: BoxXyxy, around: BoxXyxy): void {
    this.#camera.reveal(box, around)
  }

  zoomToSelection(): void {
    const boxes = [...this.#shown.scene.selection].flatMap((id) => {
      const found = this.#shown.index.get(id)
      return found ? [found.box] : []
    })
    if (boxes.length > 0) this.#camera.showBox(around(boxes))
  }

  /** Ids of the shapes at a place of the page, the smallest first. */
  shapesAt({ clientX, clientY }: { readonly clientX: number; readonly clientY: number }): number[] {
    const image = toImage(this.#camera.view, this.#screenAt(clientX, clientY))
    return this.#shown.index.stackAt(image, HIT_REACH / this.#camera.view.scale).map(({ id }) => id)
  }

  /** Where a box is on the canvas, in its CSS pixels. */
  placeOf([x1, y1, x2, y2]: BoxXyxy): { readonly from: ScreenPoint; readonly to: ScreenPoint } {
    const at = (x: number, y: number) => toScreen(this.#camera.view, { x, y } as ImagePoint)
    return { from: at(x1, y1), to: at(x2, y2) }
  }

  /** Where the pointer is in the page; null off the canvas. */
  get pointer(): ScreenPoint | null {
    const { left, top } = this.#container.getBoundingClientRect()
    const at = this.#toolbox.pointer
    return at && { x: at.x + left, y: at.y + top }
  }

  /** What is shown now: the picture with its overlay at so many pixels per CSS pixel, and where the shapes lie over it. */
  snapshot(pixelRatio: number) {
    const { frame, view, visible } = this.#camera
    return {
      ...{ size: frame.viewport, view },
      picture: this.#renderer.snapshot(pixelRatio),
      shapes: this.#shown.index.within(visible).filter(({ hidden }) => !hidden),
    }
  }

  destroy(): void {
    this.#lead.#followers.delete(this)
    this.#listening.abort()
    this.#resizes.disconnect()
    this.#pointers.destroy()
    this.#minimap?.destroy()
    if (!this.#follows) this.#source.close()
    this.#renderer.destroy()
  }

  /** What tools see: always the present state. */
  #surface(): Surface {
    const view = this
    return {
      get scene() {
        return view.#shown.scene
      },
      get image() {
        return view.#camera.frame.image
      },
      get index() {
        return view.#shown.index
      },
      get view() {
        return view.#camera.view
      },
      get snapping() {
        return view.snapping
      },
      get magnet() {
        return view.magnet
      },
      edits: this.#port,
      pan: (dx, dy) => this.#camera.pan(dx, dy),
    }
  }

  get #follows(): boolean {
    return this.#lead !== this
  }

  #screenAt(clientX: number, clientY: number): ScreenPoint {
    const { left, top } = this.#container.getBoundingClientRect()
    return { x: clientX - left, y: clientY - top }
  }

  /** The same place of the image on another canvas. */
  #placeOn(other: CanvasView, at: ScreenPoint): ScreenPoint {
    return toScreen(other.#camera.view, toImage(this.#camera.view, at))
  }

  /** The tools of another canvas, for the pointer over this one. */
  #handOf(other: CanvasView): PointerTarget {
    const there = (at: PointerAt): PointerAt => ({ ...at, screen: this.#placeOn(other, at.screen) })
    const hand = other.#toolbox
    return {
      press: (at, pan) => hand.press(there(at), pan),
      move: (at) => hand.move(there(at)),
      release: (at) => hand.release(there(at)),
      cancel: () => hand.cancel(),
      leave: () => hand.leave(),
      pinch: (factor, from, to) => hand.pinch(factor, this.#placeOn(other, from), this.#placeOn(other, to)),
      holdPan: (held) => hand.holdPan(held),
    }
  }

  /** What the pointer does, here or over a canvas beside this one. */
  #sketched(): void {
    const { sketch, pointer } = this.#toolbox
    this.#showSketch(sketch, pointer)
    for (const follower of this.#followers) follower.#mirror()
  }

  /** Where the system draws no pointer, lines do. */
  #mirror(): void {
    const { sketch, pointer } = this.#toolbox
    const isHere = this.#container.matches(':hover')
    this.#showSketch(
      isHere ? sketch : { ...sketch, crosshair: true },
      pointer && this.#lead.#placeOn(this, pointer),
    )
  }

  #showSketch(sketch: Sketch, pointer: ScreenPoint | null): void {
    if (sketch.draft !== this.#shown.sketch.draft) this.#renderer.invalidate('selection')
    this.#shown.sketch = sketch
    this.#shown.pointer = pointer
    this.#container.style.cursor = this.#toolbox.cursor
    this.#renderer.invalidate('guides')
  }

  #viewMoved(): void {
    if (this.#follows) this.#mirror()
    else this.#toolbox.refresh()
    this.#renderer.invalidateAll()
    for (const follower of this.#followers) follower.#camera.take(this.#camera.pose)
  }

  #pictureCame(): void {
    if (this.#shown.scene.image) this.#minimap?.takePicture(this.#source, this.#camera.frame)
    this.#renderer.invalidate('picture')
    for (const follower of this.#followers) follower.#pictureCame()
  }

  #pinch(factor: number, from: ScreenPoint, to: ScreenPoint): void {
    this.#camera.zoomBy(factor, from)
    this.#camera.pan(to.x - from.x, to.y - from.y)
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault()
    const meaning = meaningOf(event, this.wheel)
    const lead = this.#lead
    const at = this.#screenAt(event.clientX, event.clientY)
    if (meaning.kind === 'pan') lead.#camera.pan(meaning.dx, meaning.dy)
    else lead.#camera.zoomBy(meaning.factor, this.#placeOn(lead, at))
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#container
    if (width === 0 || height === 0) return
    this.#camera.resize({ width, height }, window.devicePixelRatio)
    if (this.#follows) this.#camera.take(this.#lead.#camera.pose)
    this.#renderer.resize()
    this.#pictureCame()
  }

  /** The window may move to another screen, or the page be zoomed. */
  #watchPixelRatio(): void {
    const query = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`)
    const changed = () => {
      this.#resize()
      this.#watchPixelRatio()
    }
    query.addEventListener('change', changed, { once: true, signal: this.#listening.signal })
  }

  /** Tells others about the frame to come: the draft first, whose overlay is drawn in the same frame. */
  #report(): void {
    const { draft } = this.#shown.sketch
    if (draft !== this.#draft && !this.#follows) {
      this.#draft = draft
      this.#port.draft(draft)
    }
    if (this.#shown.scene.image)
      this.#minimap?.draw(this.#camera.view, this.#camera.frame, this.#shown.colours)
    this.#onReadout(readoutOf(this.#camera, this.#shown, this.#source.state, this.#toolbox.hint))
  }
}

const around = (boxes: readonly BoxXyxy[]): BoxXyxy =>
  boxes.reduce(([x1, y1, x2, y2], box) => [
    Math.min(x1, box[0]),
    Math.min(y1, box[1]),
    Math.max(x2, box[2]),
    Math.max(y2, box[3]),
  ])
