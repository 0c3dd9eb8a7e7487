/**
 * Five canvases on one Konva stage, bottom to top, each drawn only when something on it changed: a gesture redraws the
 * two on top, however many boxes lie below. Konva takes no part in pointer events and never draws by itself.
 */
import { Konva } from 'konva/lib/Global.js'
import { Layer } from 'konva/lib/Layer.js'
import { Shape } from 'konva/lib/Shape.js'
import { Stage } from 'konva/lib/Stage.js'
import type { Size } from '../../../core/geometry/box.ts'

export const LAYERS = ['picture', 'overlay', 'boxes', 'selection', 'guides'] as const
export type LayerName = (typeof LAYERS)[number]

/** Draws a layer's content in CSS pixels of the canvas. */
export type LayerPainter = (context: CanvasRenderingContext2D) => void

Konva.autoDrawEnabled = false

export class Layers {
  readonly #stage: Stage
  readonly #layers: Record<LayerName, Layer>

  constructor(container: HTMLDivElement, painters: Record<LayerName, LayerPainter>) {
    this.#stage = new Stage({ container, width: 1, height: 1, listening: false })
    const layerOf = (name: LayerName): Layer => {
      const layer = new Layer({ listening: false })
      const sceneFunc = (context: { readonly _context: CanvasRenderingContext2D }) =>
        painters[name](context._context)
      layer.add(new Shape({ sceneFunc, listening: false }))
      return layer
    }
    this.#layers = {
      picture: layerOf('picture'),
      overlay: layerOf('overlay'),
      boxes: layerOf('boxes'),
      selection: layerOf('selection'),
      guides: layerOf('guides'),
    }
    for (const name of LAYERS) this.#stage.add(this.#layers[name])
  }

  layer(name: LayerName): Layer {
    return this.#layers[name]
  }

  /** Sets the canvas's size in CSS pixels; clears every layer. */
  resize({ width, height }: Size, pixelRatio: number): void {
    this.#stage.size({ width, height })
    for (const name of LAYERS) this.#layers[name].getCanvas().setPixelRatio(pixelRatio)
  }

  draw(name: LayerName): void {
    this.#layers[name].drawScene()
  }

  /** A CSS filter on one layer: costs no drawing. */
  filter(name: LayerName, filter: string): void {
    this.#layers[name].getNativeCanvasElement().style.filter = filter
  }

  destroy(): void {
    this.#stage.destroy()
  }
}
