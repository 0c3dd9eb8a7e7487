/** Paints a model's predictions, and their difference from the targets. */
import { SCORE_VIEW } from '../../../core/detectors/views.ts'
import { LEAST_SCORE, type Prediction } from '../prediction.ts'
import type { ComputedTargets } from '../targets.ts'
import { type AnyView, viewOf } from '../views.ts'
import { paintCells } from './cells.ts'
import type { Hatching } from './hatching.ts'
import type { Canvas } from './marks.ts'
import { cellPainter, type Shown } from './painters.ts'

export function paintPrediction(
  canvas: Canvas,
  prediction: Prediction,
  { view, level, colourMap }: Shown,
  hatching: Hatching,
): void {
  const { scores } = prediction.maps
  const paint = viewOf(view, prediction.maps).predicted?.(prediction.maps) ?? {
    by: 'value',
    of: (location: number) => scores[location]!,
  }
  const isDrawn = (location: number): boolean => scores[location]! >= LEAST_SCORE
  const painter = cellPainter(canvas.context, paint, colourMap, hatching)
  paintCells(prediction, paint.drawn ?? isDrawn, level, canvas.view, canvas.part, painter)
}

/** Only at positive locations, since others have no target. */
export function paintDifference(
  canvas: Canvas,
  targets: ComputedTargets,
  prediction: Prediction,
  { view, level, colourMap }: Shown,
  hatching: Hatching,
): void {
  const { owners: matched } = targets.maps
  const isDrawn = (location: number): boolean => matched[location]! >= 0
  const paint = { by: 'value', of: difference(targets, prediction, view) } as const
  const painter = cellPainter(canvas.context, paint, colourMap, hatching)
  paintCells(prediction, isDrawn, level, canvas.view, canvas.part, painter)
}

/** On the scale of the legend, from 0 to 1. */
export function difference(
  { maps: { own, owners: matched }, runnersUp }: ComputedTargets,
  { maps }: Prediction,
  view: AnyView,
): (location: number, stride: number) => number {
  const { of } = viewOf(view, maps).difference ?? SCORE_VIEW.difference!
  return of({ ...own, matched, runnersUp }, maps)
}
