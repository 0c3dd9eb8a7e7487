/**
 * The three losses of FCOS (section 3.1, equation 2, and 3.2) with their gradients by the head's raw outputs.
 *
 * N images, L locations over all levels, K classes, P positives.
 */
import type { LossConfig } from '../config.ts'
import { type DistanceRule, distance, distanceSlope } from '../distances.ts'
import type { Pyramid } from '../levels.ts'
import { boxLoss } from './box-iou.ts'
import { centernessLoss } from './centerness.ts'
import { focalLoss } from './focal.ts'
import { type BatchPositives, gatherPositives, type ImageTargets } from './positives.ts'

export type { ImageTargets } from './positives.ts'

/** The head's raw outputs, or gradients by them. Locations lie along L as in Pyramid. */
export interface HeadOutputs {
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
  const { loss: centerness, floor: centernessFloor } = centernessOf(positives, input)
  const { loss: box, scaleGradient } = boxOf(positives, input)
  return { classification, box, centerness, centernessFloor, positives: positives.rows.length, scaleGradient }
}

function centernessOf({ rows, centerness }: BatchPositives, { outputs, normaliser, gradients }: LossInput) {
  const gradient = new Float32Array(rows.length)
  const logits = Float32Array.from(rows, (row) => outputs.centerness[row])
  const result = centernessLoss(logits, centerness, normaliser, gradient)
  gradients.centerness.fill(0)
  for (const [i, row] of rows.entries()) gradients.centerness[row] = gradient[i]
  return result
}

function boxOf(positives: BatchPositives, input: LossInput) {
  const { outputs, distance: rule, scales, config, normaliser, gradients } = input
  const { levels } = input.pyramid
  const { rows } = positives
  const predicted = new Float64Array(rows.length * 4)
  const scaleOf = (level: number): number => scales?.[level] ?? 1
  for (const [i, row] of rows.entries()) {
    const level = positives.levels[i]
    for (let side = 0; side < 4; side++) {
      const u = scaleOf(level) * outputs.regression[row * 4 + side]
      predicted[i * 4 + side] = distance(rule, u, levels[level].stride)
    }
  }

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
