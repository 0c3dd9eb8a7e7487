/** Tags of boxes: class, score and marks on a plate of the class's colour, drawn where they can be read. */

import { inkOn } from '../colours.ts'
import type { CanvasShape } from '../editing.ts'
import type { ScreenRect } from './placement.ts'

const FONT = '500 11px Inter, system-ui, sans-serif'
const HEIGHT = 16
const PADDING = 5
/** A box must be at least this wide and high on the screen to carry a tag, in CSS pixels. */
const LEGIBLE = 20
/** More visible tags than this are unreadable, so none is drawn. */
const MOST = 300
/** Longer class names are cut, with an ellipsis. */
const MOST_LETTERS = 28

/** The methods needed to draw a tag, which a canvas context and Konva's context both have. */
export type Brush = Pick<
  CanvasRenderingContext2D,
  | 'font'
  | 'textBaseline'
  | 'globalAlpha'
  | 'fillStyle'
  | 'beginPath'
  | 'roundRect'
  | 'fillText'
  | 'measureText'
> & { fill(): void }

export interface Tagged {
  readonly shape: CanvasShape
  readonly at: ScreenRect
}

export const isLegible = ({ width, height }: ScreenRect): boolean => width >= LEGIBLE && height >= LEGIBLE

function textOf(box: CanvasShape): string {
  // A label that was accepted keeps its score in the record, but is a label like any other here.
  const score = box.proposed && box.score !== null ? ` ${box.score.toFixed(2)}` : ''
  const marks = `${box.crowd ? ' · crowd' : ''}${box.difficult ? ' · difficult' : ''}`
  const name = box.label.length > MOST_LETTERS ? `${box.label.slice(0, MOST_LETTERS - 1)}…` : box.label
  return `${name}${score}${marks}`
}

const overlaps = (a: ScreenRect, b: ScreenRect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

export class TagPainter {
  /** Measuring text costs more than drawing it. */
  readonly #widths = new Map<string, number>()

  /** Draws the tags of boxes that are large enough. A tag that would overlap an earlier one is left out. */
  draw(context: Brush, tagged: readonly Tagged[]): void {
    if (tagged.length > MOST) return
    const taken: ScreenRect[] = []
    context.font = FONT
    context.textBaseline = 'middle'
    for (const { shape, at } of tagged) {
      const text = textOf(shape)
      const plate = this.#plate(context, text, at)
      if (taken.some((other) => overlaps(plate, other))) continue
      taken.push(plate)
      context.globalAlpha = shape.locked ? 0.75 : 1
      context.fillStyle = shape.colour
      context.beginPath()
      context.roundRect(plate.x, plate.y, plate.width, plate.height, 3)
      context.fill()
      context.globalAlpha = 1
      context.fillStyle = inkOn(shape.colour)
      context.fillText(text, plate.x + PADDING, plate.y + HEIGHT / 2 + 0.5)
    }
  }

  /** Places the tag above the box's left edge, or inside the box where the former is off the canvas. */
  #plate(context: Brush, text: string, at: ScreenRect): ScreenRect {
    let width = this.#widths.get(text)
    if (width === undefined) {
      width = Math.ceil(context.measureText(text).width) + 2 * PADDING
      this.#widths.set(text, width)
    }
    const above = at.y - HEIGHT - 2
    return {
      x: Math.round(Math.max(2, at.x - 1)),
      y: Math.round(above >= 2 ? above : Math.max(2, at.y + 2)),
      width,
      height: HEIGHT,
    }
  }
}
