/** Draws arrows from a location to the sides of the box that it learns, with their lengths. In CSS pixels of the canvas. */

import type { Reading } from '../../../core/detectors/detector.ts'
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import { toScreen, type View } from '../../canvas/geometry/view.ts'
import type { AnchorReading, LocationReading } from '../reading.ts'
import type { Hatching } from './hatching.ts'

interface Sight {
  readonly view: View
  /** Of the image, in its pixels. */
  readonly part: BoxXyxy
}

type Ray = Reading['rays'][number]
type Point = { readonly x: number; readonly y: number }

const FONT = '500 11px Inter, system-ui, sans-serif'
const INK = '#ffffff'
/** Dashed like the canvas's proposals, in a colour that is not among the first class colours. */
const PREDICTED = '#ff6bd6'
const ANCHOR_INK = '#7ee787'
const IGNORED_INK = 'rgb(240 190 80 / 70%)'
const BACKGROUND_INK = 'rgb(255 255 255 / 35%)'
const MISSING = '#ff4d4f'
const PLATE = 'rgb(13 14 16 / 82%)'
const HEAD_PX = 5
const PLATE_HEIGHT = 16
const PADDING = 4

/** Draws only the location if it learns nothing. Pinned locations have a name, and show their lengths in the panel. */
export function drawReading(
  context: CanvasRenderingContext2D,
  { at, stride, scale, learned, predicted, anchors }: LocationReading,
  { view, part }: Sight,
  hatching: Hatching,
  name?: string,
): void {
  const from = toScreen(view, at)
  const toEnd = ({ dx, dy, length }: Ray) => ({
    x: from.x + dx * length * scale.x * view.scale,
    y: from.y + dy * length * scale.y * view.scale,
  })
  if (learned?.reading.isOutline) drawOutline(context, learned.reading.rays, from, toEnd)
  const sides = learned?.reading.isOutline ? [] : (learned?.reading.rays ?? [])
  const arrows = sides.map((ray) => {
    const { name: letter, dx, dy, length } = ray
    const px = length * Math.hypot(dx * scale.x, dy * scale.y)
    return {
      dx,
      dy,
      to: toEnd(ray),
      text: `${letter} ${px.toFixed(1)} px · ${(length / stride).toFixed(2)} × stride`,
    }
  })
  // The anchors of pinned locations would hide each other.
  if (!name) drawAnchors(context, anchors, view, hatching)
  if (predicted?.reading.isOutline) drawOutline(context, predicted.reading.rays, from, toEnd, PREDICTED)
  else if (predicted) drawPredicted(context, predicted.reading.rays.map(toEnd), from)
  context.beginPath()
  for (const { dx, dy, to } of arrows) {
    context.moveTo(from.x, from.y)
    context.lineTo(to.x, to.y)
    context.moveTo(to.x - HEAD_PX * (dx + dy), to.y - HEAD_PX * (dy + dx))
    context.lineTo(to.x, to.y)
    context.lineTo(to.x - HEAD_PX * (dx - dy), to.y - HEAD_PX * (dy - dx))
  }
  context.lineJoin = 'round'
  strokeWithHalo(context)
  context.beginPath()
  context.arc(from.x, from.y, 3.5, 0, 2 * Math.PI)
  strokeWithHalo(context)
  if (learned) {
    context.fillStyle = INK
    context.fill()
  }
  context.font = FONT
  context.textBaseline = 'middle'
  if (name) {
    drawPlate(context, name, from.x + 7, from.y + 7, context.measureText(name).width + 2 * PADDING)
    return
  }
  const rightEdge = toScreen(view, { x: part[2], y: 0 }).x
  for (const { dx, dy, to, text } of arrows) {
    const width = Math.ceil(context.measureText(text).width) + 2 * PADDING
    const x = dx === 0 ? to.x - width / 2 : dx > 0 ? to.x + 4 : to.x - 4 - width
    const y = dy === 0 ? to.y - PLATE_HEIGHT / 2 : dy > 0 ? to.y + 4 : to.y - 4 - PLATE_HEIGHT
    drawPlate(context, text, Math.max(2, Math.min(x, rightEdge - width - 2)), y, width)
  }
}

/** Positives solid, ignored ones hatched, those of low quality dotted; background thin. */
function drawAnchors(
  context: CanvasRenderingContext2D,
  anchors: readonly AnchorReading[],
  view: View,
  hatching: Hatching,
): void {
  for (const { box, state } of anchors) {
    const [start, end] = [toScreen(view, { x: box[0], y: box[1] }), toScreen(view, { x: box[2], y: box[3] })]
    context.save()
    context.beginPath()
    context.rect(start.x, start.y, end.x - start.x, end.y - start.y)
    if (state === 'ignored') {
      context.fillStyle = hatching.of(context, IGNORED_INK)
      context.fill()
    }
    if (state === 'low-quality') context.setLineDash([1.5, 4])
    context.lineCap = 'round'
    if (state === 'background') {
      context.lineWidth = 1
      context.strokeStyle = BACKGROUND_INK
      context.stroke()
    } else strokeWithHalo(context, state === 'ignored' ? IGNORED_INK : ANCHOR_INK)
    context.restore()
  }
}

/** Rays to an outline and the polygon of their ends: those that jump to a farther part dashed, a dot in the middle where one is missing. */
function drawOutline(
  context: CanvasRenderingContext2D,
  rays: readonly Ray[],
  from: Point,
  toEnd: (ray: Ray) => Point,
  ink = INK,
): void {
  context.save()
  for (const mark of [undefined, 'jump'] as const) {
    context.setLineDash(mark === 'jump' ? [4, 3] : [])
    context.beginPath()
    for (const ray of rays) {
      if (ray.mark !== mark) continue
      const to = toEnd(ray)
      context.moveTo(from.x, from.y)
      context.lineTo(to.x, to.y)
    }
    context.lineWidth = 1
    context.strokeStyle = ink
    context.stroke()
  }
  context.setLineDash([])
  context.beginPath()
  for (const [i, ray] of rays.entries()) {
    const { x, y } = toEnd(ray)
    if (i === 0) context.moveTo(x, y)
    else context.lineTo(x, y)
  }
  context.closePath()
  strokeWithHalo(context, ink)
  if (rays.some(({ mark }) => mark === 'missing')) {
    context.beginPath()
    context.arc(from.x, from.y, 6, 0, 2 * Math.PI)
    context.fillStyle = MISSING
    context.fill()
  }
  context.restore()
}

/** The box around the ends of the predicted rays, and the rays, dashed. */
function drawPredicted(context: CanvasRenderingContext2D, ends: readonly Point[], from: Point): void {
  if (ends.length === 0) return
  const [xs, ys] = [ends.map(({ x }) => x), ends.map(({ y }) => y)]
  const [left, top] = [Math.min(...xs), Math.min(...ys)]
  context.save()
  context.setLineDash([5, 4])
  context.beginPath()
  context.rect(left, top, Math.max(...xs) - left, Math.max(...ys) - top)
  for (const { x, y } of ends) {
    context.moveTo(from.x, from.y)
    context.lineTo(x, y)
  }
  strokeWithHalo(context, PREDICTED)
  context.restore()
}

function strokeWithHalo(context: CanvasRenderingContext2D, ink = INK): void {
  context.lineWidth = 3.5
  context.strokeStyle = PLATE
  context.stroke()
  context.lineWidth = 1.5
  context.strokeStyle = ink
  context.stroke()
}

function drawPlate(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  width: number,
): void {
  context.fillStyle = PLATE
  context.beginPath()
  context.roundRect(Math.round(x), Math.round(y), width, PLATE_HEIGHT, 3)
  context.fill()
  context.fillStyle = INK
  context.fillText(text, Math.round(x) + PADDING, Math.round(y) + PLATE_HEIGHT / 2 + 0.5)
}
