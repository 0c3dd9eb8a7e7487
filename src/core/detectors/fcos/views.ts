/** What can be drawn of FCOS: maps of what every location learns and predicts, and the views of them. L locations, K classes. */
import type { Pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND, type ObjectDetails } from '../assigner.ts'
import type { PredictionMaps, Reading } from '../detector.ts'
import { sigmoid } from '../shared/sigmoid.ts'
import { AMBIGUITY_VIEW, type Exception, LEVELS_VIEW, OWNER_VIEW, SCORE_VIEW, type View } from '../views.ts'
import type { AssignmentRules, LossConfig } from './config.ts'
import { type ImageOutputs, score } from './decode.ts'
import { type DistanceRule, predictedDistances } from './distances.ts'
import { assignWithMasks, maskedObjects } from './masks.ts'
import { fillTargets, type Targets } from './targets.ts'

export interface FcosPredictions extends PredictionMaps {
  /** [L] ô = σ of the quality branch's logit; null where the model has none, whose quality counts as 1. */
  readonly quality: Float32Array | null
  /** What the branch learnt: with 'iou', the IoU of the box is predicted and not centerness. */
  readonly learnt: Exclude<LossConfig['quality'], undefined>
  /** [L,4] distances to the left, top, right and bottom side in pixels of the network's input. */
  readonly ltrb: Float32Array
}

export interface PredictionModel {
  readonly pyramid: Pyramid
  readonly distance: DistanceRule
  /** What the quality branch learnt; left out: centerness. */
  readonly quality?: LossConfig['quality']
  /** [levels] learned scale of each level's regression; null where the model has none. */
  readonly scales: Float32Array | null
}

export function predictionMaps(
  { logits, regression, centerness }: Pick<ImageOutputs, 'logits' | 'regression'> & Partial<ImageOutputs>,
  { pyramid, distance, scales, quality: learnt = 'centerness' }: PredictionModel,
): FcosPredictions {
  const locations = regression.length / 4
  const classes = logits.length / locations
  const labels = new Int32Array(locations)
  const classScores = new Float32Array(locations)
  for (let location = 0; location < labels.length; location++) {
    const start = location * classes
    let best = start
    for (let at = start + 1; at < start + classes; at++) if (logits[at] > logits[best]) best = at
    labels[location] = best - start
    classScores[location] = sigmoid(logits[best])
  }
  const quality = centerness?.map(sigmoid) ?? null
  return {
    ...{ classScores, quality, learnt, labels },
    scores: classScores.map((p, location) => score(p, quality ? quality[location] : 1)),
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
type Centerness = Pick<FcosTargetMaps, 'centerness'>
type Quality = Pick<FcosPredictions, 'quality' | 'learnt'>

const qualityAt = ({ quality }: Quality, location: number): number => quality?.[location] ?? 1

function exceptionOf({ quality, learnt }: Quality): Exception | null {
  if (!quality) return { note: 'This model has no quality branch', isPredicted: false }
  return learnt === 'iou'
    ? { note: 'The quality branch of this model predicts the IoU of its box', isPredicted: true }
    : null
}

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

const CENTERNESS_VIEW: View<Centerness, Quality> = {
  name: 'centerness',
  title: 'Centerness',
  meaning: 'Centerness target: 1 in the middle of the box that the location learns',
  ends: ['0', '1'],
  targets: ({ centerness }) => ({ by: 'value', of: (at) => centerness[at] }),
  predicted: (maps) => ({ by: 'value', of: (at) => qualityAt(maps, at) }),
  exception: exceptionOf,
  difference: {
    ends: ['0', '1'],
    of: (targets, predicted) => (at) => Math.abs(qualityAt(predicted, at) - targets.centerness[at]),
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

const raysOf = ({ ltrb }: Ltrb, location: number): Reading['rays'] =>
  SIDES.map(({ letter, dx, dy }, k) => ({ name: letter, dx, dy, length: ltrb[location * 4 + k] }))

/** The distances and the centerness that one location learns. */
export const readTarget = (maps: Ltrb & Centerness, location: number): Reading => ({
  rays: raysOf(maps, location),
  figures: [{ title: 'centerness', value: maps.centerness[location] }],
})

/** The distances and the quality that one location predicts. */
export function readPrediction(maps: Ltrb & Quality, location: number): Reading {
  const { quality, learnt } = maps
  const rays = raysOf(maps, location)
  if (!quality) return { rays, figures: [], lacks: 'no quality branch' }
  return { rays, figures: [{ title: learnt === 'iou' ? 'IoU' : 'centerness', value: quality[location] }] }
}
