/** All boxes nobody is working on, in one shape: thousands of Konva nodes would be slow, one path per colour is not. */
import type { CanvasColours } from '../colours.ts'
import type { CanvasBox } from '../editing.ts'
import { placeBox, type Sight } from './placement.ts'
import { type Tagged, TagPainter } from './tags.ts'

/** Above this many boxes in sight, lines get thin and lose their halo. */
const DENSE = 600
/** A box smaller than this on the screen is a dot of its colour, in CSS pixels. */
const DOT = 3

interface Pen {
  readonly colour: string
  readonly dash: readonly number[]
  readonly alpha: number
}

/** A model's guesses are dashed, crowds dotted, locked boxes faint. */
function penOf(box: CanvasBox): Pen {
  const dash = box.proposed ? [8, 4] : box.crowd ? [3, 2] : []
  return { colour: box.colour, dash, alpha: box.locked ? 0.5 : 1 }
}

interface Stroke {
  readonly pen: Pen
  readonly outlines: Path2D
  readonly dots: Path2D
}

export class IdleBoxes {
  readonly #tags = new TagPainter()

  /** Draws boxes in their order. `boxes` are those in sight. */
  draw(
    context: CanvasRenderingContext2D,
    boxes: readonly CanvasBox[],
    sight: Sight,
    colours: CanvasColours,
  ): void {
    const dense = boxes.length > DENSE
    const lineWidth = dense ? 1 : 2
    const strokes = new Map<string, Stroke>()
    const tagged: Tagged[] = []
    for (const box of boxes) {
      const pen = penOf(box)
      const key = `${pen.colour} ${pen.dash[0]} ${pen.alpha}`
      let stroke = strokes.get(key)
      if (!stroke) strokes.set(key, (stroke = { pen, outlines: new Path2D(), dots: new Path2D() }))
      const at = placeBox(box.box, sight, lineWidth)
      const small = at.width < DOT && at.height < DOT
      if (small) stroke.dots.rect(at.x - 1, at.y - 1, DOT, DOT)
      else stroke.outlines.rect(at.x, at.y, at.width, at.height)
      tagged.push({ box, at })
    }
    for (const stroke of strokes.values())
      this.#stroke(context, stroke, lineWidth, dense ? null : colours.halo)
    this.#tags.draw(context, tagged)
  }

  #stroke(
    context: CanvasRenderingContext2D,
    { pen, outlines, dots }: Stroke,
    width: number,
    halo: string | null,
  ): void {
    context.globalAlpha = pen.alpha
    if (halo) {
      context.setLineDash([])
      context.strokeStyle = halo
      context.lineWidth = width + 2
      context.stroke(outlines)
    }
    context.setLineDash([...pen.dash])
    context.strokeStyle = context.fillStyle = pen.colour
    context.lineWidth = width
    context.stroke(outlines)
    context.fill(dots)
    context.setLineDash([])
    context.globalAlpha = 1
  }
}
