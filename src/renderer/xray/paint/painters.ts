/** How each view colours a cell. */

import type { ColourMap } from '../../../core/colour/colour-maps.ts'
import { LEVEL_COLOURS } from '../../../core/colour/level-colours.ts'
import { BACKGROUND } from '../../../core/detectors/assigner.ts'
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import type { LevelName } from '../../../core/pyramid/levels.ts'
import type { View } from '../../canvas/geometry/view.ts'
import type { ImageTargets } from '../targets.ts'
import { isSide, LONGEST_SIDE, SIDE, type XrayView } from '../views.ts'
import { type CellPainter, paintCells } from './cells.ts'
import { heat, ownerColour } from './colours.ts'
import type { Hatching } from './hatching.ts'

/** Positive locations beside the ambiguous ones. */
const UNCONTESTED = 'rgb(128 132 140 / 60%)'

export interface Canvas {
  readonly context: CanvasRenderingContext2D
  readonly view: View
  /** Of the image in sight, in its pixels. */
  readonly part: BoxXyxy
}

export interface Shown {
  readonly view: XrayView
  /** Null: all. */
  readonly level: LevelName | null
  readonly colourMap: ColourMap
}

/** The index of the longest of a location's four distances. */
export function farthest(ltrb: Float32Array, location: number): number {
  let longest = 0
  for (let side = 1; side < 4; side++) {
    if (ltrb[location * 4 + side]! > ltrb[location * 4 + longest]!) longest = side
  }
  return longest
}

/** Paints the targets in sight. */
export function paintTargets(
  canvas: Canvas,
  targets: ImageTargets,
  { view, level, colourMap }: Shown,
  hatching: Hatching,
): void {
  const { matched, pyramid } = targets.maps
  const paint = targetPainter(canvas.context, view, targets, colourMap, hatching)
  const isPositive = (location: number): boolean => matched[location] !== BACKGROUND
  paintCells({ ...targets, pyramid }, isPositive, level, canvas.view, canvas.part, paint)
}

function targetPainter(
  context: CanvasRenderingContext2D,
  view: XrayView,
  targets: ImageTargets,
  colourMap: ColourMap,
  hatching: Hatching,
): CellPainter {
  const fill = (colour: string | CanvasPattern, x: number, y: number, width: number, height: number) => {
    context.fillStyle = colour
    context.fillRect(x, y, width, height)
  }
  const { matched, ltrb, centerness, boxWeight } = targets.maps
  const colourOf = heat(colourMap)
  const sideColour = (location: number, side: number, stride: number): string =>
    colourOf(ltrb[location * 4 + side]! / (stride * LONGEST_SIDE))

  if (isSide(view)) {
    const side = SIDE[view]
    return (location, { stride }, ...cell) => fill(sideColour(location, side, stride), ...cell)
  }
  switch (view) {
    case 'levels':
      return (_, { name }, ...cell) => fill(LEVEL_COLOURS[name], ...cell)
    case 'score':
      return (_location, _level, ...cell) => fill(colourOf(1), ...cell)
    case 'centerness':
      return (location, _, ...cell) => fill(colourOf(centerness[location]!), ...cell)
    case 'weight':
      return (location, _, ...cell) => fill(colourOf(boxWeight[location]!), ...cell)
    case 'owner':
      return (location, _, ...cell) => fill(ownerColour(matched[location]!), ...cell)
    case 'sides':
      return (location, { stride }, ...cell) =>
        fill(sideColour(location, farthest(ltrb, location), stride), ...cell)
    case 'ambiguity':
      return (location, _, ...cell) => {
        const next = targets.runnersUp?.[location] ?? BACKGROUND
        if (next === BACKGROUND) return fill(UNCONTESTED, ...cell)
        fill(ownerColour(matched[location]!), ...cell)
        fill(hatching.of(context, ownerColour(next)), ...cell)
      }
  }
}
