/** The view: which part of the image is on the screen, and how large. A value; every change gives a new one. */
import type { BoxXyxy, Size } from '../../../core/geometry/box.ts'
import type { ImagePoint, ScreenPoint } from './space.ts'

export interface View {
  /** CSS pixels per image pixel. */
  readonly scale: number
  /** Where the image's top left corner is, in CSS pixels of the canvas. */
  readonly x: number
  readonly y: number
}

/** What limits a view: the canvas in CSS pixels, the image in its own, and device pixels per CSS pixel. */
export interface Frame {
  readonly viewport: Size
  readonly image: Size
  readonly pixelRatio: number
}

/** 6400 %: an image pixel is 64 pixels of the screen wide. */
export const MAX_ZOOM = 64
/** Room left around an image or a box that fills the window, in CSS pixels. */
const MARGIN = 24

export const toScreen = (view: View, p: ImagePoint): ScreenPoint => ({
  x: view.x + p.x * view.scale,
  y: view.y + p.y * view.scale,
})
export const toImage = (view: View, p: ScreenPoint): ImagePoint => ({
  x: (p.x - view.x) / view.scale,
  y: (p.y - view.y) / view.scale,
})

/** Pixels of the screen per image pixel: 1 is what the readout calls 100 %. */
export const zoomOf = (view: View, pixelRatio: number): number => view.scale * pixelRatio

/** The part of image space that the canvas shows; may reach beyond the image. */
export function visibleBox(view: View, viewport: Size): BoxXyxy {
  const from = toImage(view, { x: 0, y: 0 })
  const to = toImage(view, { x: viewport.width, y: viewport.height })
  return [from.x, from.y, to.x, to.y]
}

/** The scale at which a box fills the canvas but for its margin. */
function fillScale(width: number, height: number, { viewport, pixelRatio }: Frame): number {
  const roomX = Math.max(1, viewport.width - 2 * MARGIN)
  const roomY = Math.max(1, viewport.height - 2 * MARGIN)
  return Math.min(roomX / width, roomY / height, MAX_ZOOM / pixelRatio)
}

const fitScale = (frame: Frame): number => fillScale(frame.image.width, frame.image.height, frame)

/** The smallest scale offered: the whole image, or 100 % where that is smaller still. */
const minScale = (frame: Frame): number => Math.min(fitScale(frame), 1 / frame.pixelRatio)

/** An axis whose image part is not longer than the canvas is centred at the smallest scale; else the canvas's middle stays on the image. */
function clampAxis(offset: number, imageSide: number, canvasSide: number, atMin: boolean): number {
  if (atMin) return (canvasSide - imageSide) / 2
  const middle = canvasSide / 2
  return Math.min(middle, Math.max(middle - imageSide, offset))
}

/** The nearest view that is allowed. */
export function clampView(view: View, frame: Frame): View {
  const lowest = minScale(frame)
  const scale = Math.min(MAX_ZOOM / frame.pixelRatio, Math.max(lowest, view.scale))
  const atMin = scale === lowest
  return {
    scale,
    x: clampAxis(view.x, frame.image.width * scale, frame.viewport.width, atMin),
    y: clampAxis(view.y, frame.image.height * scale, frame.viewport.height, atMin),
  }
}

export const panBy = (view: View, dx: number, dy: number, frame: Frame): View =>
  clampView({ scale: view.scale, x: view.x + dx, y: view.y + dy }, frame)

/** Zooms by a factor with the image point under `at` staying there, as far as the limits allow. */
export function zoomAt(view: View, at: ScreenPoint, factor: number, frame: Frame): View {
  const wanted = view.scale * factor
  const scale = Math.min(MAX_ZOOM / frame.pixelRatio, Math.max(minScale(frame), wanted))
  const fixed = toImage(view, at)
  return clampView({ scale, x: at.x - fixed.x * scale, y: at.y - fixed.y * scale }, frame)
}

function centred(box: BoxXyxy, scale: number, frame: Frame): View {
  const x = frame.viewport.width / 2 - ((box[0] + box[2]) / 2) * scale
  const y = frame.viewport.height / 2 - ((box[1] + box[3]) / 2) * scale
  return clampView({ scale, x, y }, frame)
}

export const fitView = (frame: Frame): View =>
  centred([0, 0, frame.image.width, frame.image.height], fitScale(frame), frame)

/** 1 is 100 %; the canvas's middle stays. */
export function zoomedTo(view: View, zoom: number, frame: Frame): View {
  const middle = { x: frame.viewport.width / 2, y: frame.viewport.height / 2 }
  return zoomAt(view, middle, zoom / zoomOf(view, frame.pixelRatio), frame)
}

/** A box with its surroundings: it takes half of the canvas, so that context stays in sight. */
export function viewOfBox(box: BoxXyxy, frame: Frame): View {
  const width = Math.max(1, box[2] - box[0])
  const height = Math.max(1, box[3] - box[1])
  return centred(box, fillScale(width * 2, height * 2, frame), frame)
}

/** Moves the canvas's middle to an image point. */
export const centredOn = (view: View, p: ImagePoint, frame: Frame): View =>
  centred([p.x, p.y, p.x, p.y], view.scale, frame)

/** The view after the canvas changed its size: its middle shows what it showed. */
export function resized(view: View, before: Size, frame: Frame): View {
  const dx = (frame.viewport.width - before.width) / 2
  const dy = (frame.viewport.height - before.height) / 2
  return panBy(view, dx, dy, frame)
}
