/** Maps of what every location predicts, over one input, and how far that is from its target. L locations, K classes. */

import type { Pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND } from '../assigner.ts'
import { candidateScores, type ImageOutputs, sigmoid } from './decode.ts'
import { type DistanceRule, predictedDistances } from './distances.ts'

export interface PredictionMaps {
  /** [L] p̂ of the best class: σ of its logit. */
  readonly classScores: Float32Array
  /** [L] that class, an index in 0…K−1; of equals the first. */
  readonly labels: Int32Array
  /** [L] ô = σ(centerness logit) */
  readonly centerness: Float32Array
  /** [L] √(p̂·ô), by which detections are ranked. */
  readonly scores: Float32Array
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
): PredictionMaps {
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
  const quality = { classScores, centerness: centerness.map(sigmoid) }
  return {
    ...quality,
    labels,
    scores: candidateScores(quality),
    ltrb: predictedDistances(regression, pyramid, distance, scales),
  }
}

/** [K] p̂ of every class at one location. */
export function classScoresAt({ logits, centerness }: ImageOutputs, location: number): Float32Array {
  const classes = logits.length / centerness.length
  return logits.slice(location * classes, (location + 1) * classes).map(sigmoid)
}

/** Predicted less target; NaN at background, which has no target. */
export interface PredictionErrors {
  /** [L,4] pixels of the network's input. */
  readonly ltrb: Float32Array
  /** [L] */
  readonly centerness: Float32Array
}

/** @param targets the maps [L] and [L,4] of Targets or TargetMaps for the same input */
export function predictionErrors(
  predicted: Pick<PredictionMaps, 'ltrb' | 'centerness'>,
  targets: {
    readonly matched: Int32Array
    readonly ltrb: Float32Array
    readonly centerness: Float32Array
  },
): PredictionErrors {
  const isPositive = (location: number) => targets.matched[location] !== BACKGROUND
  return {
    ltrb: predicted.ltrb.map((side, k) => (isPositive(k >> 2) ? side - targets.ltrb[k] : Number.NaN)),
    centerness: predicted.centerness.map((value, location) =>
      isPositive(location) ? value - targets.centerness[location] : Number.NaN,
    ),
  }
}
