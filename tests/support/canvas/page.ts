/** A page with nothing but the canvas on it, and the simplest session: what the port is told becomes the next scene. */
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import type { Shape } from '../../../src/core/geometry/shape.ts'
import { CanvasView } from '../../../src/renderer/canvas/canvas-view.ts'
import type {
  CanvasShape,
  DraftShape,
  EditPort,
  Scene,
  SelectMode,
} from '../../../src/renderer/canvas/editing.ts'
import { fitView, toScreen } from '../../../src/renderer/canvas/geometry/view.ts'
import type { Readout } from '../../../src/renderer/canvas/readout.ts'

const CLASSES = [
  ['Table', '#E69F00'],
  ['Chair', '#56B4E9'],
  ['Lamp', '#009E73'],
  ['Plant', '#CC79A7'],
] as const

const COLOURS = {
  dark: {
    background: '#0d0e10',
    placeholder: '#1c1f24',
    selection: '#ffffff',
    accent: '#4c8dff',
    handle: '#ffffff',
    loss: '#ff6b62',
    halo: 'rgb(0 0 0 / 45%)',
    crosshair: 'rgb(255 255 255 / 85%)',
    grid: 'rgb(128 128 128 / 40%)',
  },
  light: {
    background: '#e9ebee',
    placeholder: '#d9dce0',
    selection: '#ffffff',
    accent: '#1f66e5',
    handle: '#ffffff',
    loss: '#ff6b62',
    halo: 'rgb(0 0 0 / 45%)',
    crosshair: 'rgb(255 255 255 / 85%)',
    grid: 'rgb(128 128 128 / 40%)',
  },
}

/** A ring of vertices that goes out to the box's edges and back to three quarters of the way. */
function star([x1, y1, x2, y2]: BoxXyxy, vertices: number): number[] {
  return Array.from({ length: vertices }, (_, i) => {
    const turn = (i / vertices) * 2 * Math.PI
    const reach = i % 2 === 0 ? 0.5 : 0.375
    return [
      (x1 + x2) / 2 + Math.cos(turn) * reach * (x2 - x1),
      (y1 + y2) / 2 + Math.sin(turn) * reach * (y2 - y1),
    ]
  }).flat()
}

/** A ring with forty bays, which begins in the middle of the box's right side. */
function coast([x1, y1, x2, y2]: BoxXyxy, vertices: number): number[] {
  return Array.from({ length: vertices }, (_, i) => {
    const turn = (i / vertices) * 2 * Math.PI
    const reach = 0.45 + 0.05 * Math.cos(40 * turn)
    return [
      (x1 + x2) / 2 + Math.cos(turn) * reach * (x2 - x1),
      (y1 + y2) / 2 + Math.sin(turn) * reach * (y2 - y1),
    ]
  }).flat()
}

class Page implements EditPort {
  readonly view: CanvasView
  /** Every call of the port but drafts, in order. */
  readonly calls: (readonly [string, unknown])[] = []
  readonly drafts: (readonly DraftShape[] | null)[] = []
  readout: Readout | null = null
  scene: Scene = { image: null, shapes: [], selection: new Set(), penColour: CLASSES[0][1] }
  #nextId = 1

  constructor() {
    this.view = new CanvasView(document.querySelector<HTMLDivElement>('#canvas')!, {
      port: this,
      colours: COLOURS.dark,
      onReadout: (readout) => (this.readout = readout),
    })
  }

  add(shape: Shape): void {
    this.calls.push(['add', shape.box])
    const made = this.box(shape.box, 0, shape)
    this.show({ shapes: [...this.scene.shapes, made], selection: new Set([made.id]) })
  }

  nudge(shapes: ReadonlyMap<number, Shape>): void {
    this.change(shapes)
  }

  change(shapes: ReadonlyMap<number, Shape>): void {
    this.calls.push(['change', [...shapes].map(([id, { box }]) => [id, box])])
    this.show({ shapes: this.scene.shapes.map((shape) => ({ ...shape, ...shapes.get(shape.id) })) })
  }

  select(ids: readonly number[], mode: SelectMode): void {
    this.calls.push(['select', [...ids]])
    const selection = new Set(mode === 'replace' ? [] : this.scene.selection)
    for (const id of ids) {
      if (mode === 'remove' || (mode === 'toggle' && selection.has(id))) selection.delete(id)
      else selection.add(id)
    }
    this.show({ selection })
  }

  draft(boxes: readonly DraftShape[] | null): void {
    this.drafts.push(boxes)
  }

  show(change: Partial<Scene>): void {
    this.scene = { ...this.scene, ...change }
    this.view.setScene(this.scene)
  }

  theme(name: keyof typeof COLOURS): void {
    this.view.setColours(COLOURS[name])
  }

  box(box: BoxXyxy, kind: number, flags: Partial<CanvasShape> = {}): CanvasShape {
    const [label, colour] = CLASSES[kind % CLASSES.length]!
    return {
      id: this.#nextId++,
      box,
      segmentation: null,
      area: null,
      classId: kind % CLASSES.length,
      colour,
      label,
      hidden: false,
      locked: false,
      proposed: false,
      score: null,
      crowd: false,
      difficult: false,
      ...flags,
    }
  }

  addCoast(box: BoxXyxy, vertices: number): void {
    this.show({ shapes: [...this.scene.shapes, this.box(box, 1, { segmentation: [coast(box, vertices)] })] })
  }

  /** Where an image point is in the window while the picture fits into it. */
  toScreen(x: number, y: number): [number, number] {
    const { width, height } = this.scene.image!
    const viewport = { width: window.innerWidth, height: window.innerHeight }
    const view = fitView({ viewport, image: { width, height }, pixelRatio: window.devicePixelRatio })
    const at = toScreen(view, { x, y } as Parameters<typeof toScreen>[1])
    return [at.x, at.y]
  }

  /** An image with boxes spread over it evenly; sides from 12 to 60 px. With `vertices`, a star of as many in each. */
  open(id: number, width: number, height: number, count: number, vertices = 0): void {
    const columns = Math.ceil(Math.sqrt((count * width) / height))
    const rows = Math.ceil(count / columns)
    const boxes = Array.from({ length: count }, (_, k) => {
      const x = ((k % columns) * width) / columns
      const y = (Math.floor(k / columns) * height) / rows
      const side = 12 + ((k * 7919) % 49)
      const box = [x, y, Math.min(width, x + side), Math.min(height, y + side * 0.8)] as const
      return this.box(box, k, vertices > 0 ? { segmentation: [star(box, vertices)] } : {})
    })
    this.show({ image: { id, width, height }, shapes: boxes, selection: new Set() })
  }
}

declare global {
  interface Window {
    page: Page
  }
}

window.page = new Page()
