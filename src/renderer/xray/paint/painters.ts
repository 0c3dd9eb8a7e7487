/** How each view colours a cell. */

import type { ColourMap } from '../../../core/colour/colour-maps.ts'
import { LEVEL_COLOURS } from '../../../core/colour/level-colours.ts'
import { BACKGROUND } from '../../../core/detectors/assigner.ts'
import type { Paint } from '../../../core/detectors/views.ts'
import type { GridLevelName } from '../../../core/pyramid/levels.ts'
import { type ComputedTargets, imageScale } from '../targets.ts'
import type { AnyView } from '../views.ts'
import { type CellPainter, paintCells } from './cells.ts'
import { heat, ownerColour } from './colours.ts'
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
  const fill = (colour: string | CanvasPattern, x: number, y: number, width: number, height: number) => {
    context.fillStyle = colour
    context.fillRect(x, y, width, height)
  }
  const colourOf = heat(colourMap)
  switch (paint.by) {
    case 'value':
      return (location, { stride }, ...cell) => fill(colourOf(paint.of(location, stride)), ...cell)
    case 'level':
      return (_, { name }, ...cell) => fill(LEVEL_COLOURS[name], ...cell)
    case 'box':
      return (location, _, ...cell) => fill(ownerColour(paint.of(location)), ...cell)
    case 'state':
      return (location, { name }, x, y, width, height) => {
        const state = paint.of(location)
        const colour = LEVEL_COLOURS[name]
        if (state === 'hollow') {
          context.strokeStyle = colour
          context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1)
          return
        }
        fill(colour, x, y, width, height)
        if (state === 'solid') return
        context.strokeStyle = '#ffffff'
        context.beginPath()
        context.arc(x + width / 2, y + height / 2, Math.max(2, Math.min(width, height) / 3), 0, 2 * Math.PI)
        context.stroke()
      }
    case 'contest':
      return (location, _, ...cell) => {
        const next = paint.next(location)
        if (next === BACKGROUND) return fill(UNCONTESTED, ...cell)
        fill(ownerColour(paint.of(location)), ...cell)
        fill(hatching.of(context, ownerColour(next)), ...cell)
      }
  }
}
