/**
 * The three losses of FCOS (section 3.1, equation 2, and 3.2) with their gradients by the head's raw outputs.
 *
 * N images, L locations over all levels, K classes, P positives.
 */

import type { Pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND, IGNORED } from '../assigner.ts'
import { boxLoss } from '../shared/box-iou.ts'
import { focalLoss } from '../shared/focal.ts'
import type { LossConfig } from './config.ts'
import { type DistanceRule, distance, distanceSlope } from './distances.ts'
import type { Positives } from './targets.ts'

/** The head's raw outputs, or gradients by them. Locations lie along L as in Pyramid. */
export type HeadOutputs = {
  /** [N,L,K] */
  readonly logits: Float32Array
  /** [N,L,4] l, t, r, b before exp or relu. */
  readonly regression: Float32Array
  /** [N,L] logits */
  readonly centerness: Float32Array
}

export interface LossInput {
  readonly outputs: HeadOutputs
  /** One per image. */
  readonly targets: readonly ImageTargets[]
  readonly pyramid: Pyramid
  readonly distance: DistanceRule
  /** [levels] learned scale of each level's regression; 1 each if undefined. */
  readonly scales?: Float32Array | undefined
  readonly config: LossConfig
  /** The number of positives, or a moving average of it: at least 1, so that a batch without positives is ordinary. */
  readonly normaliser: number
  /** Overwritten with the gradients of the sum of the three losses. */
  readonly gradients: HeadOutputs
}

export interface FcosLoss {
  readonly classification: number
  readonly box: number
  readonly centerness: number
  /** What `centerness` cannot fall below: the entropy of its targets. */
  readonly centernessFloor: number
  readonly positives: number
  /** [levels] gradient by the learned scales. */
  readonly scaleGradient: Float64Array
}

/**
 * The losses of a batch, each weighing 1 in the total. Classification and centerness are divided by the normaliser. So is the
 * box loss, unless it is weighted by the centerness targets: then by their sum, which makes it a weighted mean.
 */
export function fcosLoss(input: LossInput): FcosLoss {
  const { outputs, targets, pyramid, config, normaliser, gradients } = input
  const classes = outputs.logits.length / outputs.centerness.length
  const positives = gatherPositives(targets, pyramid, classes)
  const classification = focalLoss(
    outputs.logits,
    positives.classOfRow,
    { alpha: config.focalAlpha, gamma: config.focalGamma, normaliser },
    gradients.logits,
  )
  const predicted = predictedSides(positives, input)
  const quality = config.quality === 'iou' ? iousOf(predicted, positives.ltrb) : positives.centerness
  const { loss: centerness, floor: centernessFloor } =
    config.quality === 'none' ? { loss: 0, floor: 0 } : qualityOf(positives, quality, input)
  const { loss: box, scaleGradient } = boxOf(positives, predicted, input)
  return { classification, box, centerness, centernessFloor, positives: positives.rows.length, scaleGradient }
}

/** @param target [P] what the centerness branch learns */
function qualityOf(
  { rows }: BatchPositives,
  target: Float32Array,
  { outputs, normaliser, gradients }: LossInput,
) {
  const gradient = new Float32Array(rows.length)
  const logits = Float32Array.from(rows, (row) => outputs.centerness[row])
  const result = centernessLoss(logits, target, normaliser, gradient)
  gradients.centerness.fill(0)
  for (const [i, row] of rows.entries()) gradients.centerness[row] = gradient[i]
  return result
}

/** [P,4] distances l, t, r, b that the positives predict, in pixels. */
function predictedSides(
  { rows, levels }: BatchPositives,
  { outputs, distance: rule, scales, pyramid }: LossInput,
): Float64Array {
  const predicted = new Float64Array(rows.length * 4)
  for (const [i, row] of rows.entries()) {
    const level = levels[i]
    for (let side = 0; side < 4; side++) {
      const u = (scales?.[level] ?? 1) * outputs.regression[row * 4 + side]
      predicted[i * 4 + side] = distance(rule, u, pyramid.levels[level].stride)
    }
  }
  return predicted
}

/** [P] IoUs of pairs of boxes [P,4] that are given as distances ≥ 0 from a common location. */
function iousOf(predicted: Float64Array, target: Float32Array): Float32Array {
  const area = (of: (k: number) => number): number => (of(0) + of(2)) * (of(1) + of(3))
  return Float32Array.from({ length: target.length / 4 }, (_, i) => {
    const shared = area((k) => Math.min(predicted[i * 4 + k], target[i * 4 + k]))
    return shared / (area((k) => predicted[i * 4 + k]) + area((k) => target[i * 4 + k]) - shared)
  })
}

function boxOf(positives: BatchPositives, predicted: Float64Array, input: LossInput) {
  const { outputs, distance: rule, scales, config, normaliser, gradients } = input
  const { levels } = input.pyramid
  const { rows } = positives
  const scaleOf = (level: number): number => scales?.[level] ?? 1

  const weighted = config.boxWeight === 'centerness'
  const weights = weighted ? positives.centerness : undefined
  const divisor = weighted ? positives.centerness.reduce((sum, c) => sum + c, 0) : normaliser
  const gradient = new Float64Array(rows.length * 4)
  const loss = boxLoss(config.box, predicted, positives.ltrb, weights, divisor, gradient)

  gradients.regression.fill(0)
  const scaleGradient = new Float64Array(levels.length)
  for (const [i, row] of rows.entries()) {
    const level = positives.levels[i]
    for (let side = 0; side < 4; side++) {
      const x = outputs.regression[row * 4 + side]
      const byU = gradient[i * 4 + side] * distanceSlope(rule, scaleOf(level) * x, levels[level].stride)
      gradients.regression[row * 4 + side] = byU * scaleOf(level)
      scaleGradient[level] += byU * x
    }
  }
  return { loss, scaleGradient }
}

/** What the locations of one image must learn; those in neither list are background. */
export interface ImageTargets {
  readonly positives: Positives
  /** Class index in 0…K−1 of each box that positives.gt points to. */
  readonly classes: Int32Array
  /** Locations left out of the classification loss. */
  readonly ignored?: Int32Array
}

/** P positives of N images. A row is image·L + location. */
export interface BatchPositives {
  /** [N·L] class of each row, BACKGROUND or IGNORED. */
  readonly classOfRow: Int32Array
  /** [P] */
  readonly rows: Int32Array
  /** [P] index into Pyramid.levels of each. */
  readonly levels: Int32Array
  /** [P,4] distances l, t, r, b in pixels. */
  readonly ltrb: Float32Array
  /** [P] */
  readonly centerness: Float32Array
}

/** @throws RangeError if a location or class lies outside L or K: these targets are for another input size or model. */
export function gatherPositives(
  images: readonly ImageTargets[],
  { levels, locations }: Pyramid,
  classCount: number,
): BatchPositives {
  const count = images.reduce((sum, { positives }) => sum + positives.location.length, 0)
  const batch = {
    classOfRow: new Int32Array(images.length * locations).fill(BACKGROUND),
    rows: new Int32Array(count),
    levels: new Int32Array(count),
    ltrb: new Float32Array(count * 4),
    centerness: new Float32Array(count),
  }
  let at = 0
  for (const [image, { positives, classes, ignored = [] }] of images.entries()) {
    const firstRow = image * locations
    for (const location of ignored) batch.classOfRow[firstRow + location] = IGNORED
    batch.ltrb.set(positives.ltrb, at * 4)
    batch.centerness.set(positives.centerness, at)
    for (const [i, location] of positives.location.entries()) {
      const label = classes[positives.gt[i]]
      if (!(location >= 0 && location < locations))
        throw new RangeError(`location ${location} of ${locations}`)
      if (!(label >= 0 && label < classCount)) throw new RangeError(`class ${label} of ${classCount}`)
      batch.classOfRow[firstRow + location] = label
      batch.rows[at] = firstRow + location
      batch.levels[at] = levels.findLastIndex(({ first }) => first <= location)
      at++
    }
  }
  return batch
}

/**
 * Binary cross-entropy with logits against the centerness target c* of positive locations (FCOS section 3.2).
 *
 * c* is not 0 or 1, so the loss cannot fall below the entropy of its targets, H(c*) = −c* ln c* − (1−c*) ln(1−c*): it seems
 * stuck near 0.6. Only the excess above that floor, KL(c* ‖ σ(z)), says how far the branch is from its targets.
 */

export interface CenternessLoss {
  readonly loss: number
  /** The least value that `loss` can take for these targets. */
  readonly floor: number
}

/**
 * The loss and its floor, summed over P positives and divided by the normaliser.
 *
 * @param logits [P]
 * @param target [P] in [0, 1]
 * @param gradient [P], overwritten with d loss / d logits
 */
export function centernessLoss(
  logits: Float32Array,
  target: Float32Array,
  normaliser: number,
  gradient: Float32Array,
): CenternessLoss {
  let loss = 0
  let floor = 0
  for (let i = 0; i < logits.length; i++) {
    const z = logits[i]
    const t = target[i]
    const e = Math.exp(-Math.abs(z))
    loss += Math.log1p(e) + Math.max(z, 0) - t * z
    floor += entropy(t)
    gradient[i] = ((z < 0 ? e : 1) / (1 + e) - t) / normaliser
  }
  return { loss: loss / normaliser, floor: floor / normaliser }
}

/** Entropy in nats of a coin that shows heads with probability t. */
export function entropy(t: number): number {
  return t > 0 && t < 1 ? -t * Math.log(t) - (1 - t) * Math.log1p(-t) : 0
}
