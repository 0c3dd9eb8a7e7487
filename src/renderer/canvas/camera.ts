/** The view of the open image as it moves; keeps fitting where it was fitted when the canvas changes its size. */
import type { BoxXyxy, Size } from '../../core/geometry/box.ts'
import type { ImagePoint, ScreenPoint } from './geometry/space.ts'
import {
  centredOn,
  type Frame,
  fitView,
  panBy,
  resized,
  toImage,
  type View,
  viewOfBox,
  visibleBox,
  zoomAt,
  zoomedTo,
  zoomOf,
} from './geometry/view.ts'
import type { Sight } from './layers/placement.ts'

/** A box is seen well when its longer side has this many CSS pixels. */
const LEGIBLE = 40

/** What of an image is shown, and how large, whatever the size of the canvas. */
export interface Pose {
  /** The image as a whole, as large as it goes. */
  readonly fitted: boolean
  /** CSS pixels per image pixel. */
  readonly scale: number
  readonly centre: ImagePoint
}

export class Camera {
  readonly #changed: () => void
  #frame: Frame = { viewport: { width: 1, height: 1 }, image: { width: 1, height: 1 }, pixelRatio: 1 }
  #view: View = { scale: 1, x: 0, y: 0 }
  #fitted = true

  constructor(changed: () => void) {
    this.#changed = changed
  }

  get view(): View {
    return this.#view
  }

  get frame(): Frame {
    return this.#frame
  }

  get sight(): Sight {
    return { view: this.#view, viewport: this.#frame.viewport, pixelRatio: this.#frame.pixelRatio }
  }

  get pose(): Pose {
    const { width, height } = this.#frame.viewport
    const centre = toImage(this.#view, { x: width / 2, y: height / 2 })
    return { fitted: this.#fitted, scale: this.#view.scale, centre }
  }

  take({ fitted, scale, centre }: Pose): void {
    if (fitted) this.fit()
    else this.#go(centredOn({ ...this.#view, scale }, centre, this.#frame))
  }

  /** 1 is 100 %. */
  get zoom(): number {
    return zoomOf(this.#view, this.#frame.pixelRatio)
  }

  get visible(): BoxXyxy {
    return visibleBox(this.#view, this.#frame.viewport)
  }

  get showsAll(): boolean {
    const [x1, y1, x2, y2] = this.visible
    return x1 <= 0 && y1 <= 0 && x2 >= this.#frame.image.width && y2 >= this.#frame.image.height
  }

  open({ width, height }: Size): void {
    this.#frame = { ...this.#frame, image: { width, height } }
    this.fit()
  }

  resize(viewport: Size, pixelRatio: number): void {
    const before = this.#frame.viewport
    this.#frame = { ...this.#frame, viewport, pixelRatio }
    if (this.#fitted) this.fit()
    else this.#go(resized(this.#view, before, this.#frame))
  }

  fit(): void {
    this.#go(fitView(this.#frame), true)
  }

  zoomTo(zoom: number): void {
    this.#go(zoomedTo(this.#view, zoom, this.#frame))
  }

  zoomBy(factor: number, at: ScreenPoint): void {
    this.#go(zoomAt(this.#view, at, factor, this.#frame))
  }

  pan(dx: number, dy: number): void {
    this.#go(panBy(this.#view, dx, dy, this.#frame))
  }

  /** Brings a box, with what is around it, into sight: where the box can be seen well at the present zoom, that stays. */
  reveal(box: BoxXyxy, around: BoxXyxy): void {
    const [x1, y1, x2, y2] = this.visible
    const sides = [box[2] - box[0], box[3] - box[1]].map((side) => side * this.#view.scale)
    const { width, height } = this.#frame.viewport
    const isLegible = Math.max(...sides) >= LEGIBLE && sides[0]! <= width && sides[1]! <= height
    if (!isLegible) this.showBox(around)
    else if (box[0] < x1 || box[1] < y1 || box[2] > x2 || box[3] > y2) {
      this.centreOn({ x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2 } as ImagePoint)
    }
  }

  showBox(box: BoxXyxy): void {
    this.#go(viewOfBox(box, this.#frame))
  }

  centreOn(p: ImagePoint): void {
    this.#go(centredOn(this.#view, p, this.#frame))
  }

  #go(view: View, fitted = false): void {
    this.#fitted = fitted
    this.#view = view
    this.#changed()
  }
}
