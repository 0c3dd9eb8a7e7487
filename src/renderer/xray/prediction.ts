/** What the model in use predicts at every location of an image. */

import { decodeMaps, gridOf, type ImageMaps } from '../../core/contract/model-assets.ts'
import type { FcosConfig } from '../../core/detectors/fcos/config.ts'
import type { ImageOutputs } from '../../core/detectors/fcos/decode.ts'
import { classScoresAt, type FcosPredictions, predictionMaps } from '../../core/detectors/fcos/views.ts'
import { fromWire } from '../../core/errors.ts'
import type { Size } from '../../core/geometry/box.ts'
import type { Pyramid } from '../../core/pyramid/levels.ts'
import { type ModelRules, rulesOfModel } from './model-rules.ts'

export interface Prediction {
  readonly image: Size
  /** The image in the network's input, before padding. */
  readonly resized: Size
  readonly pyramid: Pyramid
  readonly maps: FcosPredictions
  readonly outputs: ImageOutputs
  /** By which the model was trained; targets to compare with are theirs. */
  readonly rules: ModelRules
  /** [K] */
  readonly classes: readonly string[]
}

/** Locations that score less, √(p̂·ô), are not drawn: nearly all of an image. torchvision makes no detections of them either. */
export const LEAST_SCORE = 0.2

export function predictionOf(found: ImageMaps): Prediction {
  const { image, resized, model } = found
  const config = model.config as FcosConfig
  const { head, classes } = config
  const layout = gridOf(found)
  const outputs = found.outputs as ImageOutputs
  return {
    ...{ image, resized, outputs, pyramid: layout },
    maps: predictionMaps(outputs, {
      pyramid: layout,
      distance: head.distance,
      scales: found.parameters.scales ?? null,
    }),
    rules: rulesOfModel(config),
    classes: classes.map(({ name }) => name),
  }
}

/**
 * @param key of the model in use
 * @throws CodedError what the studio says; the signal's reason.
 */
export async function fetchPrediction(image: number, key: string, signal: AbortSignal): Promise<Prediction> {
  const response = await fetch(`/asset/maps/${image}?model=${encodeURIComponent(key)}`, { signal })
  if (!response.ok) throw fromWire(await response.json())
  return predictionOf(decodeMaps(await response.bytes()))
}

export interface PredictedBox {
  /** l, t, r, b in pixels of the image. */
  readonly sides: readonly [number, number, number, number]
  /** The same in strides of the level. */
  readonly strides: readonly [number, number, number, number]
  readonly centerness: number
  /** √(p̂·ô) of the best class, by which detections are ranked. */
  readonly score: number
  /** p̂ of every class, the best first. */
  readonly classScores: readonly { readonly name: string; readonly score: number }[]
}

/** @param scale pixels of the image per pixel of the network's input */
export function predictedAt(
  { maps, outputs, classes }: Prediction,
  location: number,
  stride: number,
  scale: { readonly x: number; readonly y: number },
): PredictedBox {
  const [l, t, r, b] = maps.ltrb.subarray(location * 4, location * 4 + 4) as unknown as [
    number,
    number,
    number,
    number,
  ]
  const scores = classScoresAt(outputs, location)
  return {
    sides: [l * scale.x, t * scale.y, r * scale.x, b * scale.y],
    strides: [l / stride, t / stride, r / stride, b / stride],
    centerness: maps.centerness[location]!,
    score: maps.scores[location]!,
    classScores: classes
      .map((name, k) => ({ name, score: scores[k]! }))
      .sort((a, other) => other.score - a.score),
  }
}
