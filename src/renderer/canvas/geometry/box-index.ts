/** Boxes by place: what is in sight, what is under the pointer. */
import Flatbush from 'flatbush'
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import type { CanvasBox } from '../editing.ts'
import type { ImagePoint } from './space.ts'

export class BoxIndex {
  readonly #boxes: readonly CanvasBox[]
  readonly #byId: ReadonlyMap<number, CanvasBox>
  /** null without boxes: a tree of none cannot be built. */
  readonly #tree: Flatbush | null

  /** Hidden boxes are found by id only. */
  constructor(boxes: readonly CanvasBox[]) {
    this.#byId = new Map(boxes.map((box) => [box.id, box]))
    this.#boxes = boxes.filter((box) => !box.hidden)
    this.#tree = this.#boxes.length === 0 ? null : new Flatbush(this.#boxes.length)
    for (const { box } of this.#boxes) this.#tree?.add(...box)
    this.#tree?.finish()
  }

  get(id: number): CanvasBox | undefined {
    return this.#byId.get(id)
  }

  /** Boxes that touch a part of the image, in drawing order. */
  within(part: BoxXyxy): CanvasBox[] {
    const found = this.#tree?.search(...part) ?? []
    return found.sort((a, b) => a - b).map((at) => this.#boxes[at]!)
  }

  /** Boxes under a point or no farther from it than `reach` image pixels: smallest first, of equals the one drawn last. */
  stackAt({ x, y }: ImagePoint, reach: number): CanvasBox[] {
    const found = this.#tree?.search(x - reach, y - reach, x + reach, y + reach) ?? []
    const size = (at: number) => {
      const [x1, y1, x2, y2] = this.#boxes[at]!.box
      return (x2 - x1) * (y2 - y1)
    }
    return found.sort((a, b) => size(a) - size(b) || b - a).map((at) => this.#boxes[at]!)
  }

  /** Boxes whose centre a region holds; `bounds` contains the region. */
  centredIn(bounds: BoxXyxy, holds: (centre: ImagePoint) => boolean): CanvasBox[] {
    return this.within(bounds).filter(({ box: [x1, y1, x2, y2] }) =>
      holds({ x: (x1 + x2) / 2, y: (y1 + y2) / 2 }),
    )
  }
}
