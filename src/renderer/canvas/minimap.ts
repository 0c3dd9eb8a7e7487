/** The whole image in a corner, with a frame around what the canvas shows; dragging the frame moves the view. */
import type { BoxXyxy } from '../../core/geometry/box.ts'
import type { CanvasColours } from './colours.ts'
import type { ImagePoint } from './geometry/space.ts'
import { type Frame, type View, visibleBox } from './geometry/view.ts'
import type { ImageSource } from './picture/image-source.ts'

export class Minimap {
  readonly #canvas: HTMLCanvasElement
  readonly #picture: HTMLCanvasElement
  readonly #listening = new AbortController()
  #scale = 1

  /** `centreOn` is asked to bring an image point to the middle of the canvas. */
  constructor(canvas: HTMLCanvasElement, centreOn: (p: ImagePoint) => void) {
    this.#canvas = canvas
    this.#picture = document.createElement('canvas')
    const { signal } = this.#listening
    const drag = (event: PointerEvent) => {
      if (event.buttons !== 1) return
      canvas.setPointerCapture(event.pointerId)
      centreOn({ x: event.offsetX / this.#scale, y: event.offsetY / this.#scale })
    }
    canvas.addEventListener('pointerdown', drag, { signal })
    canvas.addEventListener('pointermove', drag, { signal })
  }

  /** Copies the picture after each change: drawing it again for each frame would cost more than the canvas itself. */
  takePicture(source: ImageSource, { image, pixelRatio }: Frame): void {
    const { clientWidth, clientHeight } = this.#canvas
    this.#scale = Math.min(clientWidth / image.width, clientHeight / image.height)
    const viewport = { width: image.width * this.#scale, height: image.height * this.#scale }
    this.#picture.width = this.#canvas.width = Math.round(clientWidth * pixelRatio)
    this.#picture.height = this.#canvas.height = Math.round(clientHeight * pixelRatio)
    const context = this.#picture.getContext('2d')!
    context.scale(pixelRatio, pixelRatio)
    source.drawOverview(context, { view: { scale: this.#scale, x: 0, y: 0 }, viewport, pixelRatio })
  }

  draw(view: View, { viewport, image, pixelRatio }: Frame, colours: CanvasColours): void {
    const context = this.#canvas.getContext('2d')!
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height)
    context.drawImage(this.#picture, 0, 0)
    const [x1, y1, x2, y2] = clipped(visibleBox(view, viewport), image)
    context.scale(pixelRatio * this.#scale, pixelRatio * this.#scale)
    context.fillStyle = colours.halo
    context.beginPath()
    context.rect(0, 0, image.width, image.height)
    context.rect(x1, y1, x2 - x1, y2 - y1)
    context.fill('evenodd')
    context.strokeStyle = colours.accent
    context.lineWidth = 1.5 / this.#scale
    context.strokeRect(x1, y1, x2 - x1, y2 - y1)
  }

  destroy(): void {
    this.#listening.abort()
  }
}

const clipped = ([x1, y1, x2, y2]: BoxXyxy, image: Frame['image']): BoxXyxy => [
  Math.max(0, x1),
  Math.max(0, y1),
  Math.min(image.width, x2),
  Math.min(image.height, y2),
]
