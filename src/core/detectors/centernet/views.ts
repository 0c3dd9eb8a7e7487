/** What can be drawn of CenterNet. L cells, K classes. */
import type { Pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND, type ObjectDetails } from '../assigner.ts'
import type { HeadReading, Outputs, PredictionMaps, Reading } from '../detector.ts'
import { sigmoid } from '../shared/sigmoid.ts'
import { type Mark, OWNER_VIEW, type View } from '../views.ts'
import { placesOf } from './assigner.ts'
import type { CenterNetConfig } from './config.ts'
import { type CenterNetRules, type Place, peakAt, STRIDE } from './targets.ts'

export interface CenterNetTargetMaps {
  /** [L] the greatest peak of all classes. */
  readonly heat: Float32Array
  /** [N] */
  places: readonly (Place | null)[]
  /** [L,2] width and height, and [L,2] the offset, in cells, where the cell learns a box. */
  readonly size: Float32Array
  readonly offset: Float32Array
  collisions: readonly Collision[]
}

/** A cell that holds the centres of several boxes. */
export interface Collision {
  readonly cell: number
  /** Indices of at least two boxes, in ascending order. */
  readonly boxes: readonly number[]
  /** Whether some of them have the same class. They share one peak, so at most one of them can be found. */
  readonly sameClass: boolean
}

export function targetMaps(
  grid: Pyramid,
  rules: CenterNetRules,
  boxes: Float32Array,
  matched: Int32Array,
  into: CenterNetTargetMaps = emptyMaps(grid),
  { classes }: ObjectDetails = {},
): CenterNetTargetMaps {
  const { heat, size, offset } = into
  heat.fill(0)
  const [{ columns, rows }] = grid.levels
  const perCell = new Map<number, number[]>()
  into.places = placesOf(grid, rules, boxes)
  for (const [gt, place] of into.places.entries()) {
    if (!place) continue
    const cell = place.row * columns + place.column
    perCell.set(cell, [...(perCell.get(cell) ?? []), gt])
    forSquare(place, columns, rows, (at, dx, dy) => {
      heat[at] = Math.max(heat[at], peakAt(dx, dy, place.radius))
    })
    if (matched[cell] !== gt) continue
    size.set([place.width, place.height], cell * 2)
    offset.set([place.x - place.column, place.y - place.row], cell * 2)
  }
  into.collisions = [...perCell]
    .filter(([, gts]) => gts.length > 1)
    .map(([cell, gts]) => ({
      ...{ cell, boxes: gts },
      sameClass: classes !== undefined && new Set(gts.map((gt) => classes[gt])).size < gts.length,
    }))
  return into
}

function forSquare(
  { column, row, radius }: Place,
  columns: number,
  rows: number,
  visit: (cell: number, dx: number, dy: number) => void,
): void {
  for (let y = Math.max(0, row - radius); y <= Math.min(rows - 1, row + radius); y++) {
    for (let x = Math.max(0, column - radius); x <= Math.min(columns - 1, column + radius); x++) {
      visit(y * columns + x, x - column, y - row)
    }
  }
}

const emptyMaps = ({ locations }: Pyramid): CenterNetTargetMaps => ({
  heat: new Float32Array(locations),
  places: [],
  size: new Float32Array(locations * 2),
  offset: new Float32Array(locations * 2),
  collisions: [],
})

export interface CenterNetPredictions extends PredictionMaps {
  /** [L,2] in cells, as the offset [L,2]. */
  readonly size: Float32Array
  readonly offset: Float32Array
}

export function predictionMaps({ config, outputs }: HeadReading<CenterNetConfig>): CenterNetPredictions {
  const { heat, size, offset } = outputs
  const classes = config.classes.length
  const labels = new Int32Array(size.length / 2)
  const scores = new Float32Array(labels.length)
  for (let cell = 0; cell < labels.length; cell++) {
    let best = cell * classes
    for (let at = best + 1; at < (cell + 1) * classes; at++) if (heat[at] > heat[best]) best = at
    labels[cell] = best - cell * classes
    scores[cell] = sigmoid(heat[best])
  }
  return { classScores: scores, scores, labels, size, offset }
}

export function classScoresAt({ heat, size }: Outputs, cell: number): Float32Array {
  const classes = heat.length / (size.length / 2)
  return heat.slice(cell * classes, (cell + 1) * classes).map(sigmoid)
}

type Extent = Pick<CenterNetTargetMaps, 'size' | 'offset'>

/** The location is the middle of its cell, while the offset counts from the cell's corner. */
export function readingOf({ size, offset }: Extent, cell: number): Reading {
  const [width, height] = size.subarray(cell * 2, cell * 2 + 2)
  const [x, y] = offset.subarray(cell * 2, cell * 2 + 2)
  const [dx, dy] = [(x - 0.5) * STRIDE, (y - 0.5) * STRIDE]
  const [halfWidth, halfHeight] = [(width / 2) * STRIDE, (height / 2) * STRIDE]
  return {
    rays: [
      { name: 'l', dx: -1, dy: 0, length: halfWidth - dx },
      { name: 't', dx: 0, dy: -1, length: halfHeight - dy },
      { name: 'r', dx: 1, dy: 0, length: halfWidth + dx },
      { name: 'b', dx: 0, dy: 1, length: halfHeight + dy },
    ],
    centre: { dx, dy },
    figures: [
      { title: 'width, cells', value: width },
      { title: 'height, cells', value: height },
      { title: 'offset x, cells', value: x },
      { title: 'offset y, cells', value: y },
    ],
  }
}

/** Sides of this length, in cells, and longer ones are drawn in the last colour. */
const LONGEST_SIDE = 64

const HEAT_VIEW: View<CenterNetTargetMaps, CenterNetPredictions> = {
  name: 'heat',
  title: 'Heat map',
  meaning:
    'Peaks around the centres of boxes of all classes: 1 at a centre, elsewhere background that costs less the higher the peak',
  ends: ['0', '1'],
  targets: ({ heat }) => ({ by: 'value', of: (cell) => heat[cell], drawn: (cell) => heat[cell] > 0.001 }),
  predicted: ({ classScores }) => ({ by: 'value', of: (cell) => classScores[cell] }),
  difference: {
    ends: ['0', '1'],
    of: (targets, predicted) => (cell) => Math.abs(targets.heat[cell] - predicted.classScores[cell]),
  },
}

const PEAKS_VIEW: View<CenterNetTargetMaps, CenterNetPredictions> = {
  name: 'peaks',
  title: 'Rings and squares',
  meaning:
    'Of each box the cell of its centre, the ring of one standard deviation of its peak, the square where the peak ends, and the offset from the corner of the cell to the centre',
  ends: null,
  targets: ({ matched }) => ({ by: 'box', of: (cell) => matched[cell] }),
  marks: ({ places }) =>
    places.flatMap((place, gt): Mark[] => {
      if (!place) return []
      const { radius } = place
      const [left, top] = [place.column * STRIDE, place.row * STRIDE]
      const middle = { gt, x: left + STRIDE / 2, y: top + STRIDE / 2 }
      return [
        { ...middle, kind: 'square', half: (radius + 0.5) * STRIDE },
        { ...middle, kind: 'ring', radius: ((2 * radius + 1) / 6) * STRIDE },
        { gt, kind: 'arrow', x: left, y: top, toX: place.x * STRIDE, toY: place.y * STRIDE },
      ]
    }),
  predicted: null,
  difference: null,
}

const COLLISIONS_VIEW: View<CenterNetTargetMaps, CenterNetPredictions> = {
  name: 'collisions',
  title: 'Collisions',
  meaning:
    'Cells that hold several centres, hatched with the second box: boxes of one class share a peak, those of several a size; other centres are grey',
  ends: null,
  targets({ collisions, matched }) {
    const second = new Map(collisions.map(({ cell, boxes }) => [cell, boxes[1]]))
    return { by: 'contest', of: (cell) => matched[cell], next: (cell) => second.get(cell) ?? BACKGROUND }
  },
  predicted: null,
  difference: null,
}

const longerSide = (size: Float32Array) => (cell: number) =>
  Math.max(size[cell * 2], size[cell * 2 + 1]) / LONGEST_SIDE

const SIZE_VIEW: View<CenterNetTargetMaps, CenterNetPredictions> = {
  name: 'size',
  title: 'Size',
  meaning: 'The longer side of the box whose centre lies in the cell, in cells',
  ends: ['0', `≥ ${LONGEST_SIDE} cells`],
  targets: ({ size }) => ({ by: 'value', of: longerSide(size) }),
  predicted: ({ size }) => ({ by: 'value', of: longerSide(size) }),
  difference: {
    ends: ['0', `≥ ${LONGEST_SIDE} cells`],
    of: (targets, predicted) => (cell) =>
      Math.abs(longerSide(targets.size)(cell) - longerSide(predicted.size)(cell)),
  },
}

export const CENTERNET_VIEWS: readonly View<CenterNetTargetMaps, CenterNetPredictions>[] = [
  HEAT_VIEW,
  PEAKS_VIEW,
  COLLISIONS_VIEW,
  SIZE_VIEW,
  OWNER_VIEW,
]
