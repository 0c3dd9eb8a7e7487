/** Draws the shapes that are not selected: one path for each style. */
import type { CanvasColours } from '../colours.ts'
import type { CanvasShape } from '../editing.ts'
import { kindOf } from '../shapes/kind-of.ts'
import { placeBox, type Sight } from './placement.ts'
import { ShapePath } from './shape-path.ts'
import { isLegible, type Tagged, TagPainter } from './tags.ts'

/** Above this many shapes in sight, lines get thin and lose their halo. */
const DENSE = 600
/** A shape smaller than this on the screen is a dot of its colour, in CSS pixels. */
const DOT = 3

interface Stroke {
  readonly colour: string
  readonly dash: readonly number[]
  readonly alpha: number
  readonly outlines: ShapePath
  readonly dots: Path2D
}

/** A model's guesses are dashed, crowds dotted. */
const DASHES = [[], [8, 4], [3, 2]] as const
/** Of locked shapes. */
const FAINT = 0.5

/** One path for all shapes that look the same. */
class Strokes {
  readonly #byColour = new Map<string, Stroke[]>()

  of({ colour, proposed, crowd, locked }: CanvasShape): Stroke {
    let looks = this.#byColour.get(colour)
    if (!looks) this.#byColour.set(colour, (looks = []))
    const dash = proposed ? 1 : crowd ? 2 : 0
    return (looks[locked ? dash + DASHES.length : dash] ??= {
      colour,
      dash: DASHES[dash],
      alpha: locked ? FAINT : 1,
      outlines: new ShapePath(),
      dots: new Path2D(),
    })
  }

  /** Colours and looks in the order of their first shape. */
  *[Symbol.iterator](): Iterator<Stroke> {
    for (const looks of this.#byColour.values()) yield* Object.values(looks)
  }
}

export class IdleShapes {
  readonly #tags = new TagPainter()

  /** Draws shapes in their order. `shapes` are those in sight, the selected ones among them are left out. */
  draw(
    context: CanvasRenderingContext2D,
    shapes: readonly CanvasShape[],
    selection: ReadonlySet<number>,
    sight: Sight,
    colours: CanvasColours,
  ): void {
    const dense = shapes.length > DENSE
    const lineWidth = dense ? 1 : 2
    const strokes = new Strokes()
    const tagged: Tagged[] = []
    for (const shape of shapes) {
      if (selection.has(shape.id)) continue
      const { outlines, dots } = strokes.of(shape)
      const at = placeBox(shape.box, sight, lineWidth)
      if (at.width < DOT && at.height < DOT) dots.rect(at.x - 1, at.y - 1, DOT, DOT)
      else kindOf(shape).trace(outlines, shape, shape.box, sight, lineWidth)
      if (isLegible(at)) tagged.push({ shape, at })
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
    context.stroke(outlines.path)
  }
  context.setLineDash([...dash])
  context.strokeStyle = context.fillStyle = colour
  context.lineWidth = width
  context.stroke(outlines.path)
  context.fill(dots)
  context.setLineDash([])
  context.globalAlpha = 1
}
