/** How each view colours a cell. */

import type { ColourMap } from '../../../core/colour/colour-maps.ts'
import { LEVEL_COLOURS } from '../../../core/colour/level-colours.ts'
import { BACKGROUND } from '../../../core/detectors/assigner.ts'
import type { Paint } from '../../../core/detectors/views.ts'
import type { GridLevelName } from '../../../core/pyramid/levels.ts'
import { type ComputedTargets, imageScale } from '../targets.ts'
import type { AnyView } from '../views.ts'
import { type CellPainter, paintCells } from './cells.ts'
import { heatColours, heatPixels, heatStep, ownerColour } from './colours.ts'
import type { Hatching } from './hatching.ts'
import { type Canvas, paintMarks } from './marks.ts'

/** Positive locations beside the ambiguous ones. */
const UNCONTESTED = 'rgb(128 132 140 / 60%)'

export interface Shown {
  readonly view: AnyView
  /** Null for all levels. */
  readonly level: GridLevelName | null
  readonly colourMap: ColourMap
}

/** Paints the visible targets. */
export function paintTargets(
  canvas: Canvas,
  targets: ComputedTargets,
  { view, level, colourMap }: Shown,
  hatching: Hatching,
): void {
  const { owners: matched, own, pyramid } = targets.maps
  const paint = view.targets({ ...own, matched, runnersUp: targets.runnersUp })
  const isPositive = (location: number): boolean => matched[location]! >= 0
  const painter = cellPainter(canvas.context, paint, colourMap, hatching)
  paintCells({ ...targets, pyramid }, paint.drawn ?? isPositive, level, canvas.view, canvas.part, painter)
  const marks = view.marks?.({ ...own, matched, runnersUp: targets.runnersUp }) ?? []
  paintMarks(canvas, marks, imageScale(targets))
}

/** Fills cells according to a view. */
export function cellPainter(
  context: CanvasRenderingContext2D,
  paint: Paint,
  colourMap: ColourMap,
  hatching: Hatching,
): CellPainter {
  const solid = new Fills(context)
  const finish = () => solid.finish()
  switch (paint.by) {
    case 'value': {
      const colours = heatColours(colourMap)
      return {
        finish,
        paint: (location, { stride }, x, y, width, height) =>
          solid.add(colours[heatStep(paint.of(location, stride))]!, x, y, width, height),
      }
    }
    case 'level':
      return {
        finish,
        paint: (_, { name }, x, y, width, height) => solid.add(LEVEL_COLOURS[name], x, y, width, height),
      }
    case 'box':
      return {
        finish,
        paint: (location, _, x, y, width, height) =>
          solid.add(ownerColour(paint.of(location)), x, y, width, height),
      }
    case 'state':
      return {
        paint(location, { name }, x, y, width, height) {
          const state = paint.of(location)
          const colour = LEVEL_COLOURS[name]
          if (state === 'hollow') {
            context.strokeStyle = colour
            context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1)
            return
          }
          context.fillStyle = colour
          context.fillRect(x, y, width, height)
          if (state === 'solid') return
          context.strokeStyle = '#ffffff'
          context.beginPath()
          context.arc(x + width / 2, y + height / 2, Math.max(2, Math.min(width, height) / 3), 0, 2 * Math.PI)
          context.stroke()
        },
      }
    case 'contest': {
      const hatched = new Fills(context)
      return {
        paint(location, _, x, y, width, height) {
          const next = paint.next(location)
          if (next === BACKGROUND) return solid.add(UNCONTESTED, x, y, width, height)
          solid.add(ownerColour(paint.of(location)), x, y, width, height)
          hatched.add(hatching.of(context, ownerColour(next)), x, y, width, height)
        },
        finish() {
          solid.finish()
          hatched.finish()
        },
      }
    }
  }
}

/**
 * Rectangles by what fills them: to change the fill of a canvas takes longer than to fill a cell. Neighbours in a row that share an edge
 * become one.
 */
class Fills {
  readonly #context: CanvasRenderingContext2D
  /** x, y, width and height of each. */
  readonly #rectangles = new Map<string | CanvasPattern, number[]>()

  constructor(context: CanvasRenderingContext2D) {
    this.#context = context
  }

  add(fill: string | CanvasPattern, x: number, y: number, width: number, height: number): void {
    let all = this.#rectangles.get(fill)
    if (!all) this.#rectangles.set(fill, (all = []))
    const last = all.length - 4
    const touches =
      last >= 0 && all[last]! + all[last + 2]! === x && all[last + 1] === y && all[last + 3] === height
    if (touches) all[last + 2]! += width
    else all.push(x, y, width, height)
  }

  finish(): void {
    for (const [fill, all] of this.#rectangles) {
      this.#context.fillStyle = fill
      for (let i = 0; i < all.length; i += 4)
        this.#context.fillRect(all[i]!, all[i + 1]!, all[i + 2]!, all[i + 3]!)
    }
    this.#rectangles.clear()
  }
}

/** Draws a view of values over the whole image, pixel by pixel, since most cells of a small map are not larger. */
export function paintMap(
  picture: ImageData,
  targets: ComputedTargets,
  { view, level, colourMap }: Shown,
): void {
  const { width, height, data } = picture
  const { owners: matched, own, pyramid } = targets.maps
  const paint = view.targets({ ...own, matched, runnersUp: targets.runnersUp })
  if (paint.by !== 'value') throw new Error(`${view.name} has no values`)
  const colours = heatPixels(colourMap)
  const pixels = new Uint32Array(data.buffer).fill(0)
  const isPositive = (location: number): boolean => matched[location]! >= 0
  const { image } = targets
  const sight = { scale: width / image.width, x: 0, y: 0 }
  paintCells(
    { ...targets, pyramid },
    paint.drawn ?? isPositive,
    level,
    sight,
    [0, 0, image.width, image.height],
    {
      paint(location, { stride }, x, y, cellWidth, cellHeight) {
        const colour = colours[heatStep(paint.of(location, stride))]!
        const [right, bottom] = [Math.min(width, x + cellWidth), Math.min(height, y + cellHeight)]
        for (let row = Math.max(0, y); row < bottom; row++)
          for (let column = Math.max(0, x); column < right; column++) pixels[row * width + column] = colour
      },
    },
  )
}
