/** Draws the layers from the canvas's state, each only when told that something on it changed. */
import type { BoxXyxy } from '../../core/geometry/box.ts'
import type { Camera } from './camera.ts'
import type { CanvasColours } from './colours.ts'
import type { CanvasShape, DraftShape, Scene } from './editing.ts'
import type { ShapeIndex } from './geometry/shape-index.ts'
import type { ScreenPoint } from './geometry/space.ts'
import type { View } from './geometry/view.ts'
import { drawGuides } from './layers/guides.ts'
import { IdleShapes } from './layers/idle-shapes.ts'
import { LAYERS, type LayerName, Layers } from './layers/layers.ts'
import { drawPixelGrid } from './layers/pixel-grid.ts'
import type { Selected } from './layers/selection.ts'
import type { ImageSource } from './picture/image-source.ts'
import { kindOf } from './shapes/kind-of.ts'
import { shapeWithHandles } from './tools/picking.ts'
import type { Sketch } from './tools/tool.ts'

/** What others draw between the picture and the shapes, and above them: heat maps, X-ray. */
export interface Overlay {
  /** A unit of the context is an image pixel, so that 1 / view.scale is a CSS pixel. `part` of the image is in sight. */
  draw(context: CanvasRenderingContext2D, view: View, part: BoxXyxy): void
  /** What shapes and their tags must not cover, in the same units. */
  drawAbove?(context: CanvasRenderingContext2D, view: View, part: BoxXyxy): void
}

/** What is drawn; its owner changes it and invalidates the layers concerned. */
export interface Shown {
  scene: Scene
  index: ShapeIndex
  colours: CanvasColours
  overlay: Overlay | null
  sketch: Sketch
  pointer: ScreenPoint | null
  /** The tool in the hand can take hold of handles. */
  handles: boolean
}

export class Renderer {
  readonly #shown: Shown
  readonly #camera: Camera
  readonly #source: ImageSource
  readonly #beforeFrame: () => void
  readonly #layers: Layers
  readonly #idle = new IdleShapes()
  readonly #dirty = new Set<LayerName>()
  #request = 0
  #filter = ''

  /** `beforeFrame` may change what is shown and invalidate more; it is all in the same frame. */
  constructor(
    container: HTMLDivElement,
    shown: Shown,
    camera: Camera,
    source: ImageSource,
    beforeFrame: () => void,
  ) {
    this.#shown = shown
    this.#camera = camera
    this.#source = source
    this.#beforeFrame = beforeFrame
    this.#layers = new Layers(container, {
      picture: (context) => this.#drawPicture(context),
      overlay: (context) => this.#drawOverlay(context),
      shapes: (context) => this.#drawIdle(context),
      guides: (context) => this.#drawGuides(context),
    })
    this.#layers.selection.recolour(shown.colours)
  }

  invalidate(...layers: readonly LayerName[]): void {
    for (const layer of layers) this.#dirty.add(layer)
    this.#request ||= requestAnimationFrame(() => this.drawNow())
  }

  invalidateAll(): void {
    this.invalidate(...LAYERS)
  }

  recolour(): void {
    this.#layers.selection.recolour(this.#shown.colours)
    this.invalidateAll()
  }

  /** Resizing clears canvases, so they are drawn before the browser shows them empty. */
  resize(): void {
    this.#layers.resize(this.#camera.frame.viewport, this.#camera.frame.pixelRatio)
    this.invalidateAll()
    this.drawNow()
  }

  drawNow(): void {
    cancelAnimationFrame(this.#request)
    this.#beforeFrame()
    this.#request = 0
    for (const layer of LAYERS) {
      if (!this.#dirty.delete(layer)) continue
      if (layer === 'selection') this.#drawSelection()
      else this.#layers.draw(layer)
    }
  }

  /** The picture, as adjusted, and the overlay, at so many pixels per CSS pixel. */
  snapshot(pixelRatio: number): HTMLCanvasElement {
    const { width, height } = this.#camera.frame.viewport
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(width * pixelRatio)
    canvas.height = Math.round(height * pixelRatio)
    const context = canvas.getContext('2d')!
    context.scale(pixelRatio, pixelRatio)
    context.filter = this.#filter || 'none'
    this.#drawPicture(context)
    context.filter = 'none'
    this.#drawOverlay(context)
    this.#drawOverlay(context, 'drawAbove')
    return canvas
  }

  /** A CSS filter for the picture alone. */
  filterPicture(filter: string): void {
    this.#filter = filter
    this.#layers.filter('picture', filter)
  }

  destroy(): void {
    cancelAnimationFrame(this.#request)
    this.#layers.destroy()
  }

  #drawPicture(context: CanvasRenderingContext2D): void {
    const { image } = this.#shown.scene
    if (!image) return
    const { view } = this.#camera
    if (this.#source.state === 'loading' || this.#source.state === 'failed') {
      context.fillStyle = this.#shown.colours.placeholder
      context.fillRect(view.x, view.y, image.width * view.scale, image.height * view.scale)
    }
    this.#source.draw(context, this.#camera.sight)
    drawPixelGrid(context, image, this.#camera.sight, this.#shown.colours.grid)
  }

  #drawOverlay(context: CanvasRenderingContext2D, part: 'draw' | 'drawAbove' = 'draw'): void {
    const { scene, overlay } = this.#shown
    if (!overlay || !scene.image) return
    const { view, visible } = this.#camera
    context.save()
    context.translate(view.x, view.y)
    context.scale(view.scale, view.scale)
    overlay[part]?.(context, view, visible)
    context.restore()
  }

  #drawIdle(context: CanvasRenderingContext2D): void {
    const { scene, index, colours } = this.#shown
    const inSight = index.within(this.#camera.visible)
    this.#idle.draw(context, inSight, scene.selection, this.#camera.sight, colours)
  }

  #drawSelection(): void {
    const { scene, index, sketch, colours } = this.#shown
    const drafts = new Map(sketch.draft?.map((draft) => [draft.id, draft]))
    const shapes = [...scene.selection].flatMap((id): Selected[] => {
      const shape = index.get(id)
      return shape && !shape.hidden ? [asDrafted(shape, drafts.get(id))] : []
    })
    const single = this.#shown.handles ? shapeWithHandles(this.#shown) : null
    const draft = single && drafts.get(single.id)
    const held = single && { ...asDrafted(single, draft).shape, box: draft?.box ?? single.box }
    const handles = held ? kindOf(held).handles(held, this.#camera.view) : []
    // While the box is dragged its outline is drawn scaled, and the vertices are where they were.
    const vertices = held && (!draft || draft.segmentation) ? kindOf(held).vertices(held) : []
    this.#layers.selection.draw({ shapes, handles, vertices }, this.#camera.sight, colours)
  }

  #drawGuides(context: CanvasRenderingContext2D): void {
    const { scene, index, sketch, pointer, colours } = this.#shown
    const under = sketch.hovered === null ? undefined : index.get(sketch.hovered)
    const hovered = under && !under.hidden && !scene.selection.has(under.id) ? under : null
    const selected = sketch.corner && shapeWithHandles(this.#shown)
    const vertices = selected ? kindOf(selected).vertices(selected) : []
    const guides = { sketch, pointer, hovered, vertices, penColour: scene.penColour }
    drawGuides(context, guides, this.#camera.sight, colours)
    this.#drawOverlay(context, 'drawAbove')
  }
}

/** A shape whose outline the gesture changes is drawn with the new one, else with its outline in the new box. */
function asDrafted(shape: CanvasShape, draft: DraftShape | null | undefined): Selected {
  if (!draft) return { shape, box: shape.box }
  const { box, segmentation } = draft
  return segmentation ? { shape: { ...shape, box, segmentation }, box } : { shape, box }
}
