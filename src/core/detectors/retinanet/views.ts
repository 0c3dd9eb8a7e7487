/** What can be drawn of RetinaNet: of each location, what its nine anchors learn and predict. L locations, A = 9·L anchors. */
import type { Pyramid } from '../../pyramid/levels.ts'
import { IGNORED } from '../assigner.ts'
import type { HeadReading, PredictionMaps, Reading } from '../detector.ts'
import { sigmoid } from '../shared/sigmoid.ts'
import { AMBIGUITY_VIEW, LEVELS_VIEW, OWNER_VIEW, SCORE_VIEW, type View } from '../views.ts'
import { ANCHORS_PER_LOCATION } from './anchors.ts'
import { anchorAt } from './assign.ts'
import type { RetinaNetConfig } from './config.ts'
import { predictedSides } from './decode.ts'
import type { HeadOutputs } from './loss.ts'

export interface RetinaNetTargetMaps {
  /** [L] anchors of the location that learn a box. */
  readonly positives: Uint8Array
  /** [L] anchors that are ignored. */
  readonly ignored: Uint8Array
  /** [L] the first anchor that learns a box, or −1. */
  readonly anchor: Int32Array
  readonly grid: Pyramid
  readonly boxes: Float32Array
  /** [A] as assigned. */
  readonly owners: Int32Array
}

/** @param matched [A] */
export function targetMaps(
  grid: Pyramid,
  boxes: Float32Array,
  matched: Int32Array,
  into?: RetinaNetTargetMaps,
): RetinaNetTargetMaps {
  const same = into?.positives.length === grid.locations
  const positives = same ? into.positives.fill(0) : new Uint8Array(grid.locations)
  const ignored = same ? into.ignored.fill(0) : new Uint8Array(grid.locations)
  const anchor = same ? into.anchor.fill(-1) : new Int32Array(grid.locations).fill(-1)
  for (let at = 0; at < matched.length; at++) {
    const gt = matched[at]
    if (gt >= 0) {
      const location = Math.floor(at / ANCHORS_PER_LOCATION)
      if (positives[location]++ === 0) anchor[location] = at
    } else if (gt === IGNORED) ignored[Math.floor(at / ANCHORS_PER_LOCATION)]++
  }
  return { positives, ignored, anchor, grid, boxes, owners: matched }
}

export interface RetinaNetPredictions extends PredictionMaps {
  /** [L] the anchor that scores highest. */
  readonly anchor: Int32Array
  readonly grid: Pyramid
  /** [A,4] codes. */
  readonly regression: Float32Array
}

export function predictionMaps({
  config,
  grid,
  outputs,
}: HeadReading<RetinaNetConfig>): RetinaNetPredictions {
  const { logits, regression } = outputs as HeadOutputs
  const width = ANCHORS_PER_LOCATION * config.classes.length
  const anchor = new Int32Array(grid.locations)
  const labels = new Int32Array(grid.locations)
  const classScores = new Float32Array(grid.locations)
  for (let location = 0; location < grid.locations; location++) {
    let best = location * width
    for (let at = best + 1; at < (location + 1) * width; at++) if (logits[at] > logits[best]) best = at
    anchor[location] = Math.floor(best / config.classes.length)
    labels[location] = best % config.classes.length
    classScores[location] = sigmoid(logits[best])
  }
  return { anchor, labels, classScores, scores: classScores, grid, regression }
}

/** [K] p̂ of every class, each of the anchor that gives it most. */
export function classScoresAt(outputs: HeadOutputs, classes: number, location: number): Float32Array {
  const first = location * ANCHORS_PER_LOCATION * classes
  return Float32Array.from({ length: classes }, (_, k) => {
    let best = Number.NEGATIVE_INFINITY
    for (let a = 0; a < ANCHORS_PER_LOCATION; a++)
      best = Math.max(best, outputs.logits[first + a * classes + k])
    return sigmoid(best)
  })
}

/** As distances from the location to the sides, so that it compares with detectors without anchors. */
const reading = (ltrb: ArrayLike<number>): Reading => ({
  rays: [
    { name: 'l', dx: -1, dy: 0, length: ltrb[0] },
    { name: 't', dx: 0, dy: -1, length: ltrb[1] },
    { name: 'r', dx: 1, dy: 0, length: ltrb[2] },
    { name: 'b', dx: 0, dy: 1, length: ltrb[3] },
  ],
  figures: [],
})

export function readTarget({ anchor, owners, grid, boxes }: RetinaNetTargetMaps, location: number): Reading {
  const { x, y } = anchorAt(grid, anchor[location])
  const [x1, y1, x2, y2] = boxes.subarray(owners[anchor[location]] * 4)
  return reading([x - x1, y - y1, x2 - x, y2 - y])
}

export const readPrediction = (
  { anchor, grid, regression }: RetinaNetPredictions,
  location: number,
): Reading => reading(predictedSides(grid, regression, anchor[location]).ltrb)

type Counts = Pick<RetinaNetTargetMaps, 'positives' | 'ignored'>

const counted = (
  info: Pick<View<unknown, unknown>, 'name' | 'title' | 'meaning'>,
  of: keyof Counts,
): View<Counts, unknown> => ({
  ...info,
  ends: ['0', String(ANCHORS_PER_LOCATION)],
  targets: (maps) => ({
    by: 'value',
    of: (location) => maps[of][location] / ANCHORS_PER_LOCATION,
    drawn: (location) => maps[of][location] > 0,
  }),
  predicted: null,
  difference: null,
})

export const RETINANET_VIEWS: readonly View<RetinaNetTargetMaps, RetinaNetPredictions>[] = [
  LEVELS_VIEW,
  counted(
    { name: 'anchors', title: 'Anchors', meaning: 'How many of a location’s nine anchors learn a box' },
    'positives',
  ),
  counted(
    {
      name: 'ignored',
      title: 'Ignored',
      meaning:
        'How many of a location’s nine anchors fit a box too well for background, and not well enough to learn it',
    },
    'ignored',
  ),
  OWNER_VIEW,
  AMBIGUITY_VIEW,
  SCORE_VIEW,
]
