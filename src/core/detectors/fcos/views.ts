/** What can be drawn of FCOS: maps of what every location learns and predicts, and the views of them. L locations, K classes. */
import type { Pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND, type ObjectDetails } from '../assigner.ts'
import type { PredictionMaps, Reading } from '../detector.ts'
import { sigmoid } from '../shared/sigmoid.ts'
import { AMBIGUITY_VIEW, LEVELS_VIEW, OWNER_VIEW, SCORE_VIEW, type View } from '../views.ts'
import type { AssignmentRules, LossConfig } from './config.ts'
import { type ImageOutputs, score } from './decode.ts'
import { type DistanceRule, predictedDistances } from './distances.ts'
import { assignWithMasks, maskedObjects } from './masks.ts'
import { fillTargets, type Targets } from './targets.ts'

export interface FcosPredictions extends PredictionMaps {
  /** [L] ô = σ(centerness logit) */
  readonly centerness: Float32Array
  /** [L,4] distances to the left, top, right and bottom side in pixels of the network's input. */
  readonly ltrb: Float32Array
}

export interface PredictionModel {
  readonly pyramid: Pyramid
  readonly distance: DistanceRule
  /** [levels] learned scale of each level's regression; null where the model has none. */
  readonly scales: Float32Array | null
}

export function predictionMaps(
  { logits, regression, centerness }: ImageOutputs,
  { pyramid, distance, scales }: PredictionModel,
): FcosPredictions {
  const classes = logits.length / centerness.length
  const labels = new Int32Array(centerness.length)
  const classScores = new Float32Array(centerness.length)
  for (let location = 0; location < labels.length; location++) {
    const start = location * classes
    let best = start
    for (let at = start + 1; at < start + classes; at++) if (logits[at] > logits[best]) best = at
    labels[location] = best - start
    classScores[location] = sigmoid(logits[best])
  }
  const quality = centerness.map(sigmoid)
  return {
    classScores,
    centerness: quality,
    labels,
    scores: classScores.map((p, location) => score(p, quality[location])),
    ltrb: predictedDistances(regression, pyramid, distance, scales),
  }
}

/** [K] p̂ of every class at one location. */
export function classScoresAt({ logits, centerness }: ImageOutputs, location: number): Float32Array {
  const classes = logits.length / centerness.length
  return logits.slice(location * classes, (location + 1) * classes).map(sigmoid)
}

/** What every location learns. The arrays are overwritten by the next computation that is given them. */
export interface FcosTargetMaps extends Pick<Targets, 'ltrb' | 'centerness'> {
  /** [L] the weight of each location in the box loss, before it is divided by their sum; 0 at background. */
  readonly boxWeight: Float32Array
  /** (Σw)² / Σw² over the box weights: as many positives of equal weight would average as well (Kish 1965). 0 without positives. */
  effectivePositives: number
  /** What masks change; null where they are not used, or no object has one. */
  masks: MaskMaps | null
}

export interface MaskMaps {
  /** [L] see MaskAssignment. */
  readonly removed: Uint8Array
  readonly fallback: Uint8Array
  readonly centres: readonly {
    readonly gt: number
    readonly ofBox: readonly [x: number, y: number]
    readonly ofMask: readonly [x: number, y: number]
  }[]
}

export function maskMaps(
  grid: Pyramid,
  rules: AssignmentRules,
  boxes: Float32Array,
  details: ObjectDetails = {},
): MaskMaps | null {
  const outlines = rules.masks && details.outlines
  if (!rules.masks || !outlines) return null
  const objects = maskedObjects(outlines, grid.input)
  const { removed, fallback } = assignWithMasks(grid, rules, rules.masks, boxes, objects)
  const centres = objects.flatMap((object, gt) => {
    const [x1, y1, x2, y2] = boxes.subarray(gt * 4, gt * 4 + 4)
    return object ? [{ gt, ofBox: [(x1 + x2) / 2, (y1 + y2) / 2] as const, ofMask: object.centre }] : []
  })
  return { removed, fallback, centres }
}

/** @param matched [L] what assign returned for `boxes` [N·4] */
export function targetMaps(
  grid: Pyramid,
  rule: LossConfig['boxWeight'],
  boxes: Float32Array,
  matched: Int32Array,
  into: FcosTargetMaps = emptyTargetMaps(grid),
): FcosTargetMaps {
  const { centerness, boxWeight } = into
  fillTargets(grid, boxes, matched, into)
  let sum = 0
  let squares = 0
  for (let location = 0; location < matched.length; location++) {
    const weight = matched[location] === BACKGROUND ? 0 : rule === 'centerness' ? centerness[location] : 1
    boxWeight[location] = weight
    sum += weight
    squares += weight * weight
  }
  into.effectivePositives = squares > 0 ? sum ** 2 / squares : 0
  return into
}

const emptyTargetMaps = ({ locations }: Pyramid): FcosTargetMaps => ({
  ltrb: new Float32Array(locations * 4),
  centerness: new Float32Array(locations),
  boxWeight: new Float32Array(locations),
  effectivePositives: 0,
  masks: null,
})

/** In strides. A location on P4 to P6 regresses at most 8, since their ranges end at 8 strides of theirs. */
const LONGEST_SIDE = 8
/** A difference this large has the last colour, in strides. */
const LARGEST_DIFFERENCE = 2

type Ltrb = Pick<FcosPredictions, 'ltrb'>
type Centerness = Pick<FcosPredictions, 'centerness'>

/** The sides, in the order of ltrb. */
const SIDES = [
  { name: 'left', letter: 'l', dx: -1, dy: 0, key: 'Shift+Alt+ArrowLeft' },
  { name: 'top', letter: 't', dx: 0, dy: -1, key: 'Shift+Alt+ArrowUp' },
  { name: 'right', letter: 'r', dx: 1, dy: 0, key: 'Shift+Alt+ArrowRight' },
  { name: 'bottom', letter: 'b', dx: 0, dy: 1, key: 'Shift+Alt+ArrowDown' },
] as const

/** Distances as multiples of the level's stride; `pick` selects one of a location's four, or of their differences. */
function sidesView(
  info: Pick<View<unknown, unknown>, 'name' | 'title' | 'meaning' | 'key' | 'parts'>,
  pick: (side: (k: number) => number) => number,
): View<Ltrb, Ltrb> {
  const paint = ({ ltrb }: Ltrb) => ({
    by: 'value' as const,
    of: (at: number, stride: number) => pick((k) => ltrb[at * 4 + k]) / (stride * LONGEST_SIDE),
  })
  return {
    ...info,
    ends: ['0', `≥ ${LONGEST_SIDE} × stride`],
    targets: paint,
    predicted: paint,
    difference: {
      ends: ['0', `≥ ${LARGEST_DIFFERENCE} × stride`],
      of: (targets, predicted) => (at, stride) =>
        pick((k) => Math.abs(predicted.ltrb[at * 4 + k] - targets.ltrb[at * 4 + k])) /
        (stride * LARGEST_DIFFERENCE),
    },
  }
}

const CENTERNESS_VIEW: View<Centerness, Centerness> = {
  name: 'centerness',
  title: 'Centerness',
  meaning: 'Centerness target: 1 in the middle of the box that the location learns',
  ends: ['0', '1'],
  targets: ({ centerness }) => ({ by: 'value', of: (at) => centerness[at] }),
  predicted: ({ centerness }) => ({ by: 'value', of: (at) => centerness[at] }),
  difference: {
    ends: ['0', '1'],
    of: (targets, predicted) => (at) => Math.abs(predicted.centerness[at] - targets.centerness[at]),
  },
}

const WEIGHT_VIEW: View<Pick<FcosTargetMaps, 'boxWeight'>, unknown> = {
  name: 'weight',
  title: 'Box weight',
  meaning: 'Weight of the location in the box loss',
  ends: ['0', '1'],
  targets: ({ boxWeight }) => ({ by: 'value', of: (at) => boxWeight[at] }),
  predicted: null,
  difference: null,
}

const MASKS_VIEW: View<FcosTargetMaps, unknown> = {
  name: 'masks',
  title: 'Masks',
  meaning:
    'Locations that keep their object solid, those that its mask removes hollow, those by the fallback ringed; centre of the box ×, of the mask +',
  ends: null,
  targets: ({ masks, matched }) => ({
    by: 'state',
    of: (at) => (matched[at] === BACKGROUND ? 'hollow' : masks?.fallback[at] ? 'ringed' : 'solid'),
    drawn: (at) => matched[at] !== BACKGROUND || masks?.removed[at] === 1,
  }),
  marks: ({ masks }) =>
    (masks?.centres ?? []).flatMap(({ gt, ofBox, ofMask }) => [
      { gt, kind: 'cross', x: ofBox[0], y: ofBox[1] },
      { gt, kind: 'plus', x: ofMask[0], y: ofMask[1] },
    ]),
  predicted: null,
  difference: null,
}

export const FCOS_VIEWS: readonly View<FcosTargetMaps, FcosPredictions>[] = [
  LEVELS_VIEW,
  CENTERNESS_VIEW,
  sidesView(
    {
      name: 'sides',
      title: 'l, t, r, b',
      meaning:
        'Distance to the farthest side, which decides the level, as a multiple of the stride. The panel shows each side',
      parts: SIDES.map(({ name }) => name),
    },
    (side) => Math.max(side(0), side(1), side(2), side(3)),
  ),
  ...SIDES.map(({ name, letter, key }, k) =>
    sidesView(
      {
        name,
        title: `${letter}: to the ${name} side`,
        meaning: `Distance to the ${name} side, as a multiple of the level’s stride`,
        key,
      },
      (side) => side(k),
    ),
  ),
  OWNER_VIEW,
  AMBIGUITY_VIEW,
  WEIGHT_VIEW,
  MASKS_VIEW,
  SCORE_VIEW,
]

/** The distances and the centerness of one location, learned or predicted. */
export const readingOf = ({ ltrb, centerness }: Ltrb & Centerness, location: number): Reading => ({
  rays: SIDES.map(({ letter, dx, dy }, k) => ({ name: letter, dx, dy, length: ltrb[location * 4 + k] })),
  figures: [{ title: 'centerness', value: centerness[location] }],
})
