/** Tags of boxes: class, score and marks on a plate of the class's colour, drawn where they can be read. */

import { inkOn } from '../colours.ts'
import type { CanvasShape } from '../editing.ts'
import type { ScreenRect } from './placement.ts'

const FONT = '500 11px Inter, system-ui, sans-serif'
const HEIGHT = 16
const PADDING = 5
/** A box must be at least this wide and high on the screen to carry a tag, in CSS pixels. */
const LEGIBLE = 20
/** With more tags than this in sight, no one reads them. */
const MOST = 300

/** What writing a tag takes: a canvas's own context has it, and Konva's. */
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
  const score = box.score === null ? '' : ` ${Math.round(box.score * 100)}%`
  const marks = `${box.crowd ? ' · crowd' : ''}${box.difficult ? ' · difficult' : ''}`
  return `${box.label}${score}${marks}`
}

const overlaps = (a: ScreenRect, b: ScreenRect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

export class TagPainter {
  /** Measuring text costs more than drawing it. */
  readonly #widths = new Map<string, number>()

  /** Draws the tags of boxes large enough for one; those of boxes drawn later give way to those before. */
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

  /** Above the box's left edge; inside the box where that is off the canvas. */
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
