import type { CandidateStrip } from '../../../core/detectors/assigner.ts'
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import { toScreen, type View } from '../../canvas/geometry/view.ts'
import type { Overlay } from '../../canvas/renderer.ts'
import type { Prediction } from '../prediction.ts'
import type { LocationReading } from '../reading.ts'
import type { ComputedTargets } from '../targets.ts'
import type { XraySource } from '../views.ts'
import { drawReading } from './arrows.ts'
import { paintCandidates } from './candidates.ts'
import { Hatching } from './hatching.ts'
import type { Canvas } from './marks.ts'
import { paintTargets, type Shown } from './painters.ts'
import { paintDifference, paintPrediction } from './predictions.ts'

/** What the overlay shows at the moment of drawing. */
export interface OverlaySource extends Shown {
  readonly targets: ComputedTargets | null
  /** By the same rules as the targets; null where none is shown. */
  readonly prediction: Prediction | null
  readonly source: XraySource
  /** Where predictions begin, from the left side of the image (0) to the right (1). */
  readonly wipe: number
  readonly opacity: number
  readonly reading: LocationReading | null
  readonly pinned: readonly LocationReading[]
  /** Of the box that is explained. */
  readonly candidates: CandidateStrip | null
}

/** Draws the X-ray: maps between the canvas's picture and boxes, readings with their figures above both. */
export class XrayOverlay implements Overlay {
  readonly #source: OverlaySource
  readonly #hatching = new Hatching()

  constructor(source: OverlaySource) {
    this.#source = source
  }

  draw(context: CanvasRenderingContext2D, view: View, part: BoxXyxy): void {
    const { targets, opacity } = this.#source
    if (!targets) return
    toCssPixels(context, view)
    context.globalAlpha = opacity
    // Some locations lie in the padding.
    clipTo({ context, view, part }, [0, 0, targets.image.width, targets.image.height])
    this.#paint({ context, view, part }, targets)
  }

  drawAbove(context: CanvasRenderingContext2D, view: View, part: BoxXyxy): void {
    const { targets, reading, pinned, candidates } = this.#source
    if (!targets) return
    toCssPixels(context, view)
    if (candidates) paintCandidates({ context, view }, targets, candidates)
    for (const [i, one] of pinned.entries())
      drawReading(context, one, { view, part }, this.#hatching, pinName(i))
    if (reading) drawReading(context, reading, { view, part }, this.#hatching)
  }

  #paint(canvas: Canvas, targets: ComputedTargets): void {
    const { prediction, source } = this.#source
    if (!prediction || source === 'targets') paintTargets(canvas, targets, this.#source, this.#hatching)
    else if (source === 'predictions') paintPrediction(canvas, prediction, this.#source, this.#hatching)
    else if (source === 'difference')
      paintDifference(canvas, targets, prediction, this.#source, this.#hatching)
    else this.#paintDivided(canvas, targets, prediction)
  }

  #paintDivided(canvas: Canvas, targets: ComputedTargets, prediction: Prediction): void {
    const at = this.#source.wipe * targets.image.width
    clipped(canvas, [canvas.part[0], at], (left) => paintTargets(left, targets, this.#source, this.#hatching))
    clipped(canvas, [at, canvas.part[2]], (right) =>
      paintPrediction(right, prediction, this.#source, this.#hatching),
    )
    drawDivider(canvas, at)
  }
}

/** A, B, C … */
export const pinName = (index: number): string => String.fromCharCode(65 + (index % 26))

/** Cells and arrows drawn in them are sharp at every zoom. */
function toCssPixels(context: CanvasRenderingContext2D, view: View): void {
  context.scale(1 / view.scale, 1 / view.scale)
  context.translate(-view.x, -view.y)
}

/** Paints what lies between two places on the image's width, in its pixels. */
function clipped(
  { context, view, part }: Canvas,
  [from, to]: readonly [number, number],
  paint: (canvas: Canvas) => void,
): void {
  const visible = [Math.max(part[0], from), part[1], Math.min(part[2], to), part[3]] as const
  if (visible[0] >= visible[2]) return
  context.save()
  clipTo({ context, view, part }, visible)
  paint({ context, view, part: visible })
  context.restore()
}

function clipTo({ context, view }: Canvas, [x1, y1, x2, y2]: BoxXyxy): void {
  const [start, end] = [toScreen(view, { x: x1, y: y1 }), toScreen(view, { x: x2, y: y2 })]
  context.beginPath()
  context.rect(start.x, start.y, end.x - start.x, end.y - start.y)
  context.clip()
}

function drawDivider({ context, view, part }: Canvas, at: number): void {
  const x = Math.round(toScreen(view, { x: at, y: 0 }).x)
  const [top, bottom] = [toScreen(view, { x: 0, y: part[1] }).y, toScreen(view, { x: 0, y: part[3] }).y]
  context.globalAlpha = 1
  context.fillStyle = 'rgb(13 14 16 / 60%)'
  context.fillRect(x - 2, top, 4, bottom - top)
  context.fillStyle = '#ffffff'
  context.fillRect(x - 1, top, 2, bottom - top)
}
