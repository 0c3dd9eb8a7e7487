/** How each view colours a cell. */

import type { ColourMap } from '../../../core/colour/colour-maps.ts'
import { LEVEL_COLOURS } from '../../../core/colour/level-colours.ts'
import { BACKGROUND } from '../../../core/fcos/assign.ts'
import type { ImageTargets } from '../targets.ts'
import { isSide, LONGEST_SIDE, SIDE, type XrayView } from '../views.ts'
import type { CellPainter } from './cells.ts'
import { heat, ownerColour } from './colours.ts'
import type { Hatching } from './hatching.ts'

/** Positive locations beside the ambiguous ones. */
const UNCONTESTED = 'rgb(128 132 140 / 60%)'

export function painterOf(
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
    case 'centerness':
      return (location, _, ...cell) => fill(colourOf(centerness[location]!), ...cell)
    case 'weight':
      return (location, _, ...cell) => fill(colourOf(boxWeight[location]!), ...cell)
    case 'owner':
      return (location, _, ...cell) => fill(ownerColour(matched[location]!), ...cell)
    case 'sides':
      return (location, { stride }, x, y, width, height) => {
        const third = Math.max(1, Math.round(width / 3))
        const half = Math.max(1, Math.round(height / 2))
        const middle = Math.max(1, width - 2 * third)
        fill(sideColour(location, SIDE.left, stride), x, y, third, height)
        fill(sideColour(location, SIDE.right, stride), x + third + middle, y, third, height)
        fill(sideColour(location, SIDE.top, stride), x + third, y, middle, half)
        fill(sideColour(location, SIDE.bottom, stride), x + third, y + half, middle, height - half)
      }
    case 'ambiguity':
      return (location, _, ...cell) => {
        const next = targets.runnersUp?.[location] ?? BACKGROUND
        if (next === BACKGROUND) return fill(UNCONTESTED, ...cell)
        fill(ownerColour(matched[location]!), ...cell)
        fill(hatching.of(context, ownerColour(next)), ...cell)
      }
  }
}
