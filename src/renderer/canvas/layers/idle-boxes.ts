/** All boxes nobody is working on, in one shape: thousands of Konva nodes would be slow, one path per colour is not. */
import type { CanvasColours } from '../colours.ts'
import type { CanvasBox } from '../editing.ts'
import { placeBox, type Sight } from './placement.ts'
import { isLegible, type Tagged, TagPainter } from './tags.ts'

/** Above this many boxes in sight, lines get thin and lose their halo. */
const DENSE = 600
/** A box smaller than this on the screen is a dot of its colour, in CSS pixels. */
const DOT = 3

interface Stroke {
  readonly colour: string
  readonly dash: readonly number[]
  readonly alpha: number
  readonly outlines: Path2D
  readonly dots: Path2D
}

/** A model's guesses are dashed, crowds dotted. */
const DASHES = [[], [8, 4], [3, 2]] as const
/** Of locked boxes. */
const FAINT = 0.5

/** One path for all boxes that look the same. */
class Strokes {
  readonly #byColour = new Map<string, Stroke[]>()

  of({ colour, proposed, crowd, locked }: CanvasBox): Stroke {
    let looks = this.#byColour.get(colour)
    if (!looks) this.#byColour.set(colour, (looks = []))
    const dash = proposed ? 1 : crowd ? 2 : 0
    return (looks[locked ? dash + DASHES.length : dash] ??= {
      colour,
      dash: DASHES[dash],
      alpha: locked ? FAINT : 1,
      outlines: new Path2D(),
      dots: new Path2D(),
    })
  }

  /** Colours and looks in the order of their first box. */
  *[Symbol.iterator](): Iterator<Stroke> {
    for (const looks of this.#byColour.values()) yield* Object.values(looks)
  }
}

export class IdleBoxes {
  readonly #tags = new TagPainter()

  /** Draws boxes in their order. `boxes` are those in sight, the selected ones among them are left out. */
  draw(
    context: CanvasRenderingContext2D,
    boxes: readonly CanvasBox[],
    selection: ReadonlySet<number>,
    sight: Sight,
    colours: CanvasColours,
  ): void {
    const dense = boxes.length > DENSE
    const lineWidth = dense ? 1 : 2
    const strokes = new Strokes()
    const tagged: Tagged[] = []
    for (const box of boxes) {
      if (selection.has(box.id)) continue
      const { outlines, dots } = strokes.of(box)
      const at = placeBox(box.box, sight, lineWidth)
      if (at.width < DOT && at.height < DOT) dots.rect(at.x - 1, at.y - 1, DOT, DOT)
      else outlines.rect(at.x, at.y, at.width, at.height)
      if (isLegible(at)) tagged.push({ box, at })
    }
    for (const stroke of strokes) drawStroke(context, stroke, lineWidth, dense ? null : colours.halo)
    this.#tags.draw(context, tagged)
  }
}

function drawStroke(
  context: CanvasRenderingContext2D,
  { colour, dash, alpha, outlines, dots }: Stroke,
  width: number,
  halo: string | null,
): void {
  context.globalAlpha = alpha
  if (halo) {
    context.setLineDash([])
    context.strokeStyle = halo
    context.lineWidth = width + 2
    context.stroke(outlines)
  }
  context.setLineDash([...dash])
  context.strokeStyle = context.fillStyle = colour
  context.lineWidth = width
  context.stroke(outlines)
  context.fill(dots)
  context.setLineDash([])
  context.globalAlpha = 1
}
