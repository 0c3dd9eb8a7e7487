/** Temporary guides: crosshair, the box being drawn, selection regions, the hovered shape and its size. */
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import type { Ring } from '../../../core/geometry/polygon.ts'
import type { CanvasColours } from '../colours.ts'
import { inkOn } from '../colours.ts'
import type { CanvasShape } from '../editing.ts'
import { type CornerHandle, nearestEdge } from '../geometry/handles.ts'
import type { ImagePoint, ScreenPoint } from '../geometry/space.ts'
import { toImage, toScreen } from '../geometry/view.ts'
import { kindOf } from '../shapes/kind-of.ts'
import type { PathSketch, Sketch } from '../tools/tool.ts'
import { placeBox, type Sight } from './placement.ts'
import { ShapePath } from './shape-path.ts'

/** Of a longer line on its way the vertices are not marked. */
const MOST_DOTS = 400
const FONT = '500 11px Inter, system-ui, sans-serif'

export interface Guides {
  readonly sketch: Sketch
  readonly pointer: ScreenPoint | null
  /** null where the hovered shape is selected and shows itself. */
  readonly hovered: CanvasShape | null
  /** Of the selected polygon, which the sketch's corner counts. */
  readonly vertices: readonly Ring[]
  readonly penColour: string
}

export function drawGuides(
  context: CanvasRenderingContext2D,
  { sketch, pointer, hovered, vertices, penColour }: Guides,
  sight: Sight,
  colours: CanvasColours,
): void {
  if (hovered) drawHovered(context, hovered, sight)
  if (sketch.region) drawRegion(context, sketch.region, sight, colours)
  const drawn = sketch.draft?.find(({ id }) => id === null)
  if (drawn && !drawn.segmentation) drawNewBox(context, drawn.box, penColour, sight, colours)
  if (sketch.path) drawPath(context, sketch.path, penColour, sight, colours)
  if (sketch.corner && pointer) drawCorner(context, sketch.corner, vertices, pointer, sight, colours)
  if (sketch.crosshair && pointer) drawCrosshair(context, pointer, sight, colours)
  if (sketch.draft?.length === 1) drawSize(context, sketch.draft[0]!.box, sight)
}

function drawHovered(context: CanvasRenderingContext2D, shape: CanvasShape, sight: Sight): void {
  const traced = new ShapePath()
  kindOf(shape).trace(traced, shape, shape.box, sight, 2)
  const { path } = traced
  context.fillStyle = shape.colour
  context.globalAlpha = 0.12
  context.fill(path)
  context.globalAlpha = 1
  context.strokeStyle = shape.colour
  context.lineWidth = 4
  context.stroke(path)
}

function drawNewBox(
  context: CanvasRenderingContext2D,
  box: BoxXyxy,
  colour: string,
  sight: Sight,
  { halo }: CanvasColours,
): void {
  const { x, y, width, height } = placeBox(box, sight, 2)
  context.fillStyle = colour
  context.globalAlpha = 0.08
  context.fillRect(x, y, width, height)
  context.globalAlpha = 1
  context.lineWidth = 4
  context.strokeStyle = halo
  context.strokeRect(x, y, width, height)
  context.lineWidth = 2
  context.strokeStyle = colour
  context.strokeRect(x, y, width, height)
}

/** An outline on its way, its first vertex marked where a press would close it. */
function drawPath(
  context: CanvasRenderingContext2D,
  { points, next, closes, change }: PathSketch,
  penColour: string,
  { view }: Sight,
  { halo, handle, accent, loss }: CanvasColours,
): void {
  const colour = change === null ? penColour : change === 'add' ? accent : loss
  const line = new Path2D()
  const dots = new Path2D()
  const places = points.map((point) => toScreen(view, point))
  for (const { x, y } of places) {
    line.lineTo(x, y)
    if (places.length > MOST_DOTS) continue
    dots.moveTo(x + 3, y)
    dots.arc(x, y, 3, 0, 2 * Math.PI)
  }
  const towards = new Path2D(line)
  if (next) towards.lineTo(toScreen(view, next).x, toScreen(view, next).y)
  towards.closePath()
  context.fillStyle = colour
  context.globalAlpha = 0.12
  context.fill(towards)
  context.globalAlpha = 1
  context.lineWidth = 4
  context.strokeStyle = halo
  context.stroke(line)
  context.lineWidth = 2
  context.strokeStyle = colour
  context.stroke(line)
  context.lineWidth = 1
  context.setLineDash([4, 3])
  context.stroke(towards)
  context.setLineDash([])
  context.fillStyle = handle
  context.strokeStyle = colour
  context.fill(dots)
  context.stroke(dots)
  const [first] = places
  if (first && points.length >= 3) {
    context.beginPath()
    context.arc(first.x, first.y, closes ? 7 : 5, 0, 2 * Math.PI)
    context.fillStyle = closes ? colour : handle
    context.lineWidth = 2
    context.fill()
    context.stroke()
  }
}

/** The vertex that a press would take, or the place on an edge where it would add one. */
function drawCorner(
  context: CanvasRenderingContext2D,
  { on, ring, index }: CornerHandle,
  vertices: readonly Ring[],
  pointer: ScreenPoint,
  { view }: Sight,
  { accent, handle }: CanvasColours,
): void {
  const points = vertices[ring]
  if (!points || 2 * index >= points.length) return
  const at =
    on === 'edge'
      ? nearestEdge([points], toImage(view, pointer), Infinity)!.at
      : { x: points[2 * index]!, y: points[2 * index + 1]! }
  const { x, y } = toScreen(view, at)
  context.beginPath()
  context.arc(x, y, 5, 0, 2 * Math.PI)
  context.fillStyle = on === 'edge' ? handle : accent
  context.strokeStyle = on === 'edge' ? accent : handle
  context.lineWidth = 2
  context.fill()
  context.stroke()
  if (on === 'vertex') return
  context.beginPath()
  context.moveTo(x - 2.5, y)
  context.lineTo(x + 2.5, y)
  context.moveTo(x, y - 2.5)
  context.lineTo(x, y + 2.5)
  context.lineWidth = 1
  context.stroke()
}

function drawRegion(
  context: CanvasRenderingContext2D,
  region: readonly ImagePoint[],
  { view }: Sight,
  { accent }: CanvasColours,
): void {
  context.beginPath()
  for (const point of region) {
    const { x, y } = toScreen(view, point)
    context.lineTo(x, y)
  }
  context.closePath()
  context.fillStyle = context.strokeStyle = accent
  context.globalAlpha = 0.12
  context.fill()
  context.globalAlpha = 1
  context.lineWidth = 1
  context.stroke()
}

/** A light line on a dark one, visible on any picture. */
function drawCrosshair(
  context: CanvasRenderingContext2D,
  pointer: ScreenPoint,
  { viewport, pixelRatio }: Sight,
  { crosshair, halo }: CanvasColours,
): void {
  const align = (value: number) => (Math.floor(value * pixelRatio) + 0.5) / pixelRatio
  const x = align(pointer.x)
  const y = align(pointer.y)
  context.beginPath()
  context.moveTo(x, 0)
  context.lineTo(x, viewport.height)
  context.moveTo(0, y)
  context.lineTo(viewport.width, y)
  context.lineWidth = 3
  context.strokeStyle = halo
  context.stroke()
  context.lineWidth = 1
  context.strokeStyle = crosshair
  context.stroke()
}

/** Whole pixels, or tenths where they can be seen. */
const sizeText = (box: BoxXyxy, scale: number): string => {
  const digits = scale >= 4 ? 1 : 0
  return `${(box[2] - box[0]).toFixed(digits)} × ${(box[3] - box[1]).toFixed(digits)}`
}

/** The size below the box's right corner, kept on the canvas. */
function drawSize(context: CanvasRenderingContext2D, box: BoxXyxy, sight: Sight): void {
  const { x, y, width, height } = placeBox(box, sight, 2)
  const text = sizeText(box, sight.view.scale)
  const plate = '#16181c'
  context.font = FONT
  context.textBaseline = 'middle'
  const wide = Math.ceil(context.measureText(text).width) + 12
  const left = Math.round(Math.max(4, Math.min(sight.viewport.width - wide - 4, x + width - wide)))
  const top = Math.round(Math.max(4, Math.min(sight.viewport.height - 22, y + height + 6)))
  context.fillStyle = plate
  context.globalAlpha = 0.86
  context.beginPath()
  context.roundRect(left, top, wide, 18, 4)
  context.fill()
  context.globalAlpha = 1
  context.fillStyle = inkOn(plate)
  context.fillText(text, left + 6, top + 9.5)
}
