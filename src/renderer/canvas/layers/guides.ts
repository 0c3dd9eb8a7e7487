/** Temporary guides: crosshair, the box being drawn, selection regions, the hovered shape and its size. */
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import type { CanvasColours } from '../colours.ts'
import { inkOn } from '../colours.ts'
import type { CanvasShape } from '../editing.ts'
import type { ImagePoint, ScreenPoint } from '../geometry/space.ts'
import { toScreen } from '../geometry/view.ts'
import { kindOf } from '../shapes/kind-of.ts'
import type { Sketch } from '../tools/tool.ts'
import { placeBox, type Sight } from './placement.ts'
import { ShapePath } from './shape-path.ts'

const FONT = '500 11px Inter, system-ui, sans-serif'

export interface Guides {
  readonly sketch: Sketch
  readonly pointer: ScreenPoint | null
  /** null where the hovered shape is selected and shows itself. */
  readonly hovered: CanvasShape | null
  readonly penColour: string
}

export function drawGuides(
  context: CanvasRenderingContext2D,
  { sketch, pointer, hovered, penColour }: Guides,
  sight: Sight,
  colours: CanvasColours,
): void {
  if (hovered) drawHovered(context, hovered, sight)
  if (sketch.region) drawRegion(context, sketch.region, sight, colours)
  const drawn = sketch.draft?.find(({ id }) => id === null)
  if (drawn) drawNewBox(context, drawn.box, penColour, sight, colours)
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
