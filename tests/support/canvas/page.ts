/** A page with nothing but the canvas on it, and the simplest session: what the port is told becomes the next scene. */
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import { CanvasView } from '../../../src/renderer/canvas/canvas-view.ts'
import type {
  CanvasBox,
  DraftBox,
  EditPort,
  Scene,
  SelectMode,
} from '../../../src/renderer/canvas/editing.ts'
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
    accent: '#4c8dff',
    handle: '#ffffff',
    halo: 'rgb(0 0 0 / 45%)',
    crosshair: 'rgb(255 255 255 / 85%)',
    grid: 'rgb(128 128 128 / 40%)',
  },
  light: {
    background: '#e9ebee',
    placeholder: '#d9dce0',
    accent: '#1f66e5',
    handle: '#ffffff',
    halo: 'rgb(0 0 0 / 45%)',
    crosshair: 'rgb(255 255 255 / 85%)',
    grid: 'rgb(128 128 128 / 40%)',
  },
}

class Page implements EditPort {
  readonly view: CanvasView
  /** Every call of the port but drafts, in order. */
  readonly calls: (readonly [string, unknown])[] = []
  readonly drafts: (readonly DraftBox[] | null)[] = []
  readout: Readout | null = null
  scene: Scene = { image: null, boxes: [], selection: new Set(), penColour: CLASSES[0][1] }
  #nextId = 1

  constructor() {
    this.view = new CanvasView(document.querySelector<HTMLDivElement>('#canvas')!, {
      port: this,
      colours: COLOURS.dark,
      onReadout: (readout) => (this.readout = readout),
    })
  }

  add(box: BoxXyxy): void {
    this.calls.push(['add', box])
    const made = this.box(box, 0)
    this.show({ boxes: [...this.scene.boxes, made], selection: new Set([made.id]) })
  }

  nudge(boxes: ReadonlyMap<number, BoxXyxy>): void {
    this.change(boxes)
  }

  change(boxes: ReadonlyMap<number, BoxXyxy>): void {
    this.calls.push(['change', [...boxes]])
    this.show({ boxes: this.scene.boxes.map((b) => ({ ...b, box: boxes.get(b.id) ?? b.box })) })
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

  draft(boxes: readonly DraftBox[] | null): void {
    this.drafts.push(boxes)
  }

  show(change: Partial<Scene>): void {
    this.scene = { ...this.scene, ...change }
    this.view.setScene(this.scene)
  }

  theme(name: keyof typeof COLOURS): void {
    this.view.setColours(COLOURS[name])
  }

  box(box: BoxXyxy, kind: number, flags: Partial<CanvasBox> = {}): CanvasBox {
    const [label, colour] = CLASSES[kind % CLASSES.length]!
    return {
      id: this.#nextId++,
      box,
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

  /** An image with boxes spread over it evenly; sides from 12 to 60 px. */
  open(id: number, width: number, height: number, count: number): void {
    const columns = Math.ceil(Math.sqrt((count * width) / height))
    const rows = Math.ceil(count / columns)
    const boxes = Array.from({ length: count }, (_, k) => {
      const x = ((k % columns) * width) / columns
      const y = (Math.floor(k / columns) * height) / rows
      const side = 12 + ((k * 7919) % 49)
      return this.box([x, y, Math.min(width, x + side), Math.min(height, y + side * 0.8)], k)
    })
    this.show({ image: { id, width, height }, boxes, selection: new Set() })
  }
}

declare global {
  interface Window {
    page: Page
  }
}

window.page = new Page()
