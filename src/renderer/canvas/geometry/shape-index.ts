/** Shapes by place: what is in sight, what is under the pointer. */
import Flatbush from 'flatbush'
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import type { CanvasShape } from '../editing.ts'
import { kindOf } from '../shapes/kind-of.ts'
import type { ImagePoint } from './space.ts'

export class ShapeIndex {
  readonly #shapes: readonly CanvasShape[]
  readonly #byId: ReadonlyMap<number, CanvasShape>
  /** Of their bounds. null without shapes: a tree of none cannot be built. */
  readonly #tree: Flatbush | null

  /** Hidden shapes are found by id only. */
  constructor(shapes: readonly CanvasShape[]) {
    this.#byId = new Map(shapes.map((shape) => [shape.id, shape]))
    this.#shapes = shapes.filter((shape) => !shape.hidden)
    this.#tree = this.#shapes.length === 0 ? null : new Flatbush(this.#shapes.length)
    for (const shape of this.#shapes) this.#tree?.add(...kindOf(shape).bounds(shape))
    this.#tree?.finish()
  }

  get(id: number): CanvasShape | undefined {
    return this.#byId.get(id)
  }

  /** Shapes whose bounds touch a part of the image, in drawing order. */
  within(part: BoxXyxy): readonly CanvasShape[] {
    const tree = this.#tree
    if (!tree) return []
    const [x1, y1, x2, y2] = part
    const all = x1 <= tree.minX && y1 <= tree.minY && x2 >= tree.maxX && y2 >= tree.maxY
    if (all) return this.#shapes
    // A typed array sorts numbers natively: thousands of boxes are looked up for every frame of a pan.
    return Array.from(Uint32Array.from(tree.search(x1, y1, x2, y2)).sort(), (at) => this.#shapes[at]!)
  }

  /** Shapes under a point or no farther from it than `reach` image pixels: smallest first, of equals the one drawn last. */
  stackAt(point: ImagePoint, reach: number): CanvasShape[] {
    const { x, y } = point
    const found = this.#tree?.search(x - reach, y - reach, x + reach, y + reach) ?? []
    return found
      .map((at) => ({ at, shape: this.#shapes[at]!, kind: kindOf(this.#shapes[at]!) }))
      .filter(({ shape, kind }) => kind.hit(shape, point, reach))
      .map((one) => ({ ...one, area: one.kind.area(one.shape) }))
      .sort((a, b) => a.area - b.area || b.at - a.at)
      .map(({ shape }) => shape)
  }

  /** Shapes the centre of whose box a region holds; `bounds` contains the region. */
  centredIn(bounds: BoxXyxy, holds: (centre: ImagePoint) => boolean): CanvasShape[] {
    return this.within(bounds).filter(({ box: [x1, y1, x2, y2] }) =>
      holds({ x: (x1 + x2) / 2, y: (y1 + y2) / 2 }),
    )
  }
}
