/**
 * The canvas's layers, bottom to top, each drawn only when something on it changed: a gesture redraws the two on top,
 * however much lies below. What is selected is a Konva stage with a node for each handle; the others are plain canvases,
 * since thousands of shapes are drawn as a few paths and not as nodes.
 */
import type { Size } from '../../../core/geometry/box.ts'
import { SelectionStage } from './selection.ts'

const CANVASES = ['picture', 'overlay', 'shapes', 'guides'] as const
type CanvasName = (typeof CANVASES)[number]

export const LAYERS = ['picture', 'overlay', 'shapes', 'selection', 'guides'] as const
export type LayerName = (typeof LAYERS)[number]

/** Draws a layer's content in CSS pixels of the canvas. */
export type LayerPainter = (context: CanvasRenderingContext2D) => void

export class Layers {
  readonly selection: SelectionStage
  readonly #canvases: ReadonlyMap<CanvasName, HTMLCanvasElement>
  readonly #painters: Record<CanvasName, LayerPainter>
  #pixelRatio = 1

  constructor(container: HTMLDivElement, painters: Record<CanvasName, LayerPainter>) {
    this.#painters = painters
    this.#canvases = new Map(CANVASES.map((name) => [name, document.createElement('canvas')]))
    const stage = document.createElement('div')
    for (const name of LAYERS) {
      const element = name === 'selection' ? stage : this.#canvases.get(name)!
      element.style.cssText = 'position: absolute; inset: 0'
      container.append(element)
    }
    this.selection = new SelectionStage(stage)
  }

  /** Sets the canvas's size in CSS pixels; clears every layer. */
  resize(size: Size, pixelRatio: number): void {
    this.#pixelRatio = pixelRatio
    for (const canvas of this.#canvases.values()) {
      canvas.width = Math.round(size.width * pixelRatio)
      canvas.height = Math.round(size.height * pixelRatio)
      canvas.style.width = `${size.width}px`
      canvas.style.height = `${size.height}px`
    }
    this.selection.resize(size, pixelRatio)
  }

  draw(name: CanvasName): void {
    const canvas = this.#canvases.get(name)!
    const context = canvas.getContext('2d')!
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, canvas.width, canvas.height)
    context.scale(this.#pixelRatio, this.#pixelRatio)
    context.save()
    this.#painters[name](context)
    context.restore()
  }

  /** A CSS filter on one layer: costs no drawing. */
  filter(name: CanvasName, filter: string): void {
    this.#canvases.get(name)!.style.filter = filter
  }

  destroy(): void {
    this.selection.destroy()
    for (const canvas of this.#canvases.values()) canvas.remove()
  }
}
