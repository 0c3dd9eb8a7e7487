/** A user's hand on a tool, without a browser: a surface whose edits become the next scene, and a pointer to press and drag. */
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import type { Shape } from '../../../src/core/geometry/shape.ts'
import type { CanvasShape, Scene, SelectMode } from '../../../src/renderer/canvas/editing.ts'
import { ShapeIndex } from '../../../src/renderer/canvas/geometry/shape-index.ts'
import { toScreen, type View } from '../../../src/renderer/canvas/geometry/view.ts'
import type { PointerSample, Surface, Tool } from '../../../src/renderer/canvas/tools/tool.ts'

export const canvasBox = (id: number, box: BoxXyxy, flags: Partial<CanvasShape> = {}): CanvasShape => ({
  id,
  box,
  segmentation: null,
  area: null,
  classId: 1,
  colour: '#56B4E9',
  label: 'cell',
  hidden: false,
  locked: false,
  proposed: false,
  score: null,
  crowd: false,
  difficult: false,
  ...flags,
})

/** An image of 200 × 100 px with boxes on it, at 400 % and moved a little. */
export class Board implements Surface {
  scene: Scene
  index: ShapeIndex
  view: View = { scale: 4, x: 10, y: 20 }
  snapping = false
  magnet = false
  readonly image = { width: 200, height: 100 }
  /** Finished gestures in order. */
  readonly added: BoxXyxy[] = []
  readonly changes: Record<number, BoxXyxy>[] = []
  readonly pans: (readonly [number, number])[] = []

  constructor(...boxes: readonly CanvasShape[]) {
    this.scene = {
      image: { id: 1, ...this.image },
      shapes: boxes,
      selection: new Set(),
      penColour: '#ffffff',
    }
    this.index = new ShapeIndex(boxes)
  }

  readonly edits = {
    add: ({ box }: Shape) => void this.added.push(box),
    change: (shapes: ReadonlyMap<number, Shape>) => {
      this.changes.push(Object.fromEntries([...shapes].map(([id, { box }]) => [id, box])))
      this.show(this.scene.shapes.map((shape) => ({ ...shape, ...shapes.get(shape.id) })))
    },
    select: (ids: readonly number[], mode: SelectMode) => {
      const selection = new Set(mode === 'replace' ? [] : this.scene.selection)
      for (const id of ids) {
        if (mode === 'remove' || (mode === 'toggle' && selection.has(id))) selection.delete(id)
        else selection.add(id)
      }
      this.scene = { ...this.scene, selection }
    },
  }

  get selected(): number[] {
    return [...this.scene.selection].sort((a, b) => a - b)
  }

  show(shapes: readonly CanvasShape[]): void {
    this.scene = { ...this.scene, shapes }
    this.index = new ShapeIndex(shapes)
  }

  pan(dx: number, dy: number): void {
    this.pans.push([dx, dy])
  }
}

type Keys = Partial<Pick<PointerSample, 'shift' | 'alt'>>

/** Places are image pixels. */
export class Hand {
  readonly #board: Board
  readonly #tool: Tool

  constructor(board: Board, tool: Tool) {
    this.#board = board
    this.#tool = tool
  }

  press(x: number, y: number, keys?: Keys): this {
    this.#tool.press(this.#at(x, y, keys))
    return this
  }

  move(x: number, y: number, keys?: Keys): this {
    this.#tool.move(this.#at(x, y, keys))
    return this
  }

  release(x: number, y: number, keys?: Keys): this {
    this.#tool.release(this.#at(x, y, keys))
    return this
  }

  click(x: number, y: number, keys?: Keys): this {
    return this.move(x, y, keys).press(x, y, keys).release(x, y, keys)
  }

  drag(from: readonly [number, number], to: readonly [number, number], keys?: Keys): this {
    const middle = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2] as const
    return this.move(...from)
      .press(...from, keys)
      .move(...middle, keys)
      .move(...to, keys)
      .release(...to, keys)
  }

  cursor(x: number, y: number): string {
    return this.#tool.cursor(this.#at(x, y))
  }

  #at(x: number, y: number, keys?: Keys): PointerSample {
    return {
      image: { x, y },
      screen: toScreen(this.#board.view, { x, y }),
      shift: false,
      alt: false,
      ...keys,
    }
  }
}
