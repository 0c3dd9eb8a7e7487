/**
 * CenterNet's cells as an assignment: an object is learnt by the one cell that holds its centre. Cells around it are background
 * that costs less the nearer they are.
 */
import type { Pyramid } from '../../pyramid/levels.ts'
import { type Assigner, type Assignment, BACKGROUND, type CellOutcome } from '../assigner.ts'
import { type CenterNetRules, type Place, peakAt, placeOf, STRIDE } from './targets.ts'

export const CENTERNET_ASSIGNER: Assigner<CenterNetRules> = {
  over(grid, rules, boxes, { classes } = {}): Assignment {
    const places = placesOf(grid, rules, boxes)
    const [{ columns }] = grid.levels
    const cellOf = (gt: number): number => {
      const place = places[gt]
      return place ? place.row * columns + place.column : BACKGROUND
    }
    return {
      ...{ grid, boxes },
      assign(into = new Int32Array(grid.locations)) {
        into.fill(BACKGROUND)
        for (let gt = places.length - 1; gt >= 0; gt--) if (places[gt]) into[cellOf(gt)] = gt
        return into
      },
      eligible(gt, visit, only = 0) {
        const cell = cellOf(gt)
        if (cell !== BACKGROUND && only === 0) visit(cell, cell + 1, 0)
      },
      strength: () => 0,
      stronger: 'boxes that come first',
      rivals: (gt) => Array.from({ length: gt }, (_, other) => other),
      // The map of each class has a peak of its own.
      learnsAllClasses: true,
      quality: () => 1,
      learns: () => true,
      explain: (cell) => explain(places, cell % columns, Math.floor(cell / columns), classes),
      obstacle(gt) {
        if (places[gt]) return null
        if (gt >= rules.maxObjects) {
          return {
            cause: 'max-objects',
            title: 'beyond the objects of an image',
            describe: (box) => `${box} comes after the first ${rules.maxObjects} objects of its image`,
          }
        }
        return {
          cause: 'no-area',
          title: 'no area on the map',
          describe: (box) => `${box} has no area within the map, which ends a cell before the input does`,
        }
      },
    }
  },
}

export function placesOf(
  { levels: [{ columns, rows }] }: Pyramid,
  rules: CenterNetRules,
  boxes: Float32Array,
): (Place | null)[] {
  const cells = boxes.map((value) => value / STRIDE)
  return Array.from({ length: boxes.length / 4 }, (_, gt) => placeOf({ columns, rows }, rules, cells, gt))
}

/** The boxes whose peaks reach the cell, the highest first. */
function explain(
  places: readonly (Place | null)[],
  column: number,
  row: number,
  classes: ArrayLike<number> | undefined,
): CellOutcome[] {
  const around = places
    .flatMap((place, gt) => {
      if (!place) return []
      const [dx, dy] = [column - place.column, row - place.row]
      const value = peakAt(dx, dy, place.radius)
      return value > 0 ? [{ gt, value, cells: Math.hypot(dx, dy) }] : []
    })
    .sort((a, b) => b.value - a.value || a.gt - b.gt)
  const owner = around.find(({ cells }) => cells === 0)?.gt
  return around.map(({ gt, value, cells }): CellOutcome => {
    return {
      gt,
      positive: gt === owner,
      describe(nameOf = (index) => `box ${index}`) {
        if (gt === owner) return `holds the centre of ${nameOf(gt)}`
        if (cells === 0) {
          const shared =
            classes?.[gt] === classes?.[owner!]
              ? 'one peak stands for both, and one of them is not found'
              : 'its size and offset are learnt here too, of which one pair at most can be right'
          return `holds the centre of ${nameOf(gt)} beside that of ${nameOf(owner!)}: ${shared}`
        }
        const share = (100 * (1 - value) ** 4).toPrecision(2)
        return `background ${cells.toFixed(1)} cells from the centre of ${nameOf(gt)}, whose peak is ${value.toFixed(2)} here: a false alarm costs ${share} % of what it costs elsewhere`
      },
    }
  })
}
