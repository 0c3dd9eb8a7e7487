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
  within(part: BoxXyxy): readonly CanvasBox[] {
    const tree = this.#tree
    if (!tree) return []
    const [x1, y1, x2, y2] = part
    const all = x1 <= tree.minX && y1 <= tree.minY && x2 >= tree.maxX && y2 >= tree.maxY
    if (all) return this.#boxes
    // A typed array sorts numbers natively: thousands of boxes are looked up for every frame of a pan.
    return Array.from(Uint32Array.from(tree.search(x1, y1, x2, y2)).sort(), (at) => this.#boxes[at]!)
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
