/** Paints what a model predicts, and how far that is from the targets. */

import type { ColourMap } from '../../../core/colour/colour-maps.ts'
import { LEVEL_COLOURS } from '../../../core/colour/level-colours.ts'
import { BACKGROUND } from '../../../core/detectors/assigner.ts'
import { LEAST_SCORE, type Prediction } from '../prediction.ts'
import type { ImageTargets } from '../targets.ts'
import { isSide, LARGEST_DIFFERENCE, LONGEST_SIDE, SIDE, type XrayView } from '../views.ts'
import { type CellPainter, paintCells } from './cells.ts'
import { heat } from './colours.ts'
import { type Canvas, farthest, type Shown } from './painters.ts'

export function paintPrediction(
  canvas: Canvas,
  prediction: Prediction,
  { view, level, colourMap }: Shown,
): void {
  const { maps } = prediction
  const isDrawn = (location: number): boolean => maps.scores[location]! >= LEAST_SCORE
  const byLevel = (_: number, { name }: { readonly name: keyof typeof LEVEL_COLOURS }): string =>
    LEVEL_COLOURS[name]
  const colour = view === 'levels' ? byLevel : coloured(colourMap, predictedValue(prediction, view))
  paintCells(prediction, isDrawn, level, canvas.view, canvas.part, filled(canvas.context, colour))
}

/** At the positive locations: nothing else has a target. */
export function paintDifference(
  canvas: Canvas,
  targets: ImageTargets,
  prediction: Prediction,
  { view, level, colourMap }: Shown,
): void {
  const { matched } = targets.maps
  const isDrawn = (location: number): boolean => matched[location] !== BACKGROUND
  const colour = coloured(colourMap, difference(targets, prediction, view))
  paintCells(prediction, isDrawn, level, canvas.view, canvas.part, filled(canvas.context, colour))
}

/** A location's value on the legend's scale, from 0 to 1. */
type Value = (location: number, stride: number) => number

function predictedValue({ maps }: Prediction, view: XrayView): Value {
  const { ltrb, centerness, classScores, scores } = maps
  if (isSide(view)) return (at, stride) => ltrb[at * 4 + SIDE[view]]! / (stride * LONGEST_SIDE)
  if (view === 'sides') return (at, stride) => ltrb[at * 4 + farthest(ltrb, at)]! / (stride * LONGEST_SIDE)
  if (view === 'centerness') return (at) => centerness[at]!
  return view === 'score' ? (at) => classScores[at]! : (at) => scores[at]!
}

export function difference(targets: ImageTargets, { maps }: Prediction, view: XrayView): Value {
  const { ltrb, centerness } = targets.maps
  const sideOff = (at: number, side: number, stride: number): number =>
    Math.abs(maps.ltrb[at * 4 + side]! - ltrb[at * 4 + side]!) / (stride * LARGEST_DIFFERENCE)
  if (isSide(view)) return (at, stride) => sideOff(at, SIDE[view], stride)
  if (view === 'sides')
    return (at, stride) => Math.max(...[0, 1, 2, 3].map((side) => sideOff(at, side, stride)))
  if (view === 'centerness') return (at) => Math.abs(maps.centerness[at]! - centerness[at]!)
  return (at) => 1 - maps.classScores[at]!
}

const coloured = (map: ColourMap, value: Value) => {
  const colourOf = heat(map)
  return (location: number, { stride }: { readonly stride: number }): string =>
    colourOf(value(location, stride))
}

const filled =
  (context: CanvasRenderingContext2D, colour: Colour): CellPainter =>
  (location, level, ...cell) => {
    context.fillStyle = colour(location, level)
    context.fillRect(...cell)
  }

type Colour = (location: number, level: Parameters<CellPainter>[1]) => string
