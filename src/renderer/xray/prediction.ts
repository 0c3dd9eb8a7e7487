/** What the model in use predicts at every location of an image. */
import { decodeMaps, gridOf, type ImageMaps } from '../../core/contract/model-assets.ts'
import type { Detector, PredictionMaps, Reading } from '../../core/detectors/detector.ts'
import { detectorOf } from '../../core/detectors/detectors.ts'
import { fromWire } from '../../core/errors.ts'
import type { Size } from '../../core/geometry/box.ts'
import type { Pyramid } from '../../core/pyramid/levels.ts'
import { type ModelRules, rulesOf } from './model-rules.ts'

export interface Prediction {
  readonly detector: Detector
  readonly image: Size
  /** The image in the network's input, before padding. */
  readonly resized: Size
  readonly pyramid: Pyramid
  readonly maps: PredictionMaps
  readonly outputs: ImageMaps['outputs']
  /** The rules that the model was trained with; targets for comparison use the same rules. */
  readonly rules: ModelRules
  /** [K] */
  readonly classes: readonly string[]
}

/** Locations with a lower score √(p̂·ô) are not drawn: nearly all of an image. torchvision discards them as detections too. */
export const LEAST_SCORE = 0.2

export function predictionOf(found: ImageMaps): Prediction {
  const { image, resized, model, outputs, parameters } = found
  const { config } = model
  const detector = detectorOf(config)
  const grid = gridOf(found)
  return {
    ...{ detector, image, resized, outputs, pyramid: grid },
    maps: detector.predictionMaps({ config, grid, outputs, parameters }),
    rules: rulesOf(config),
    classes: config.classes.map(({ name }) => name),
  }
}

/**
 * @param key key of the model in use
 * @throws CodedError the studio's error; the signal's reason when aborted.
 */
export const fetchPrediction = (image: number, key: string, signal: AbortSignal): Promise<Prediction> =>
  fetchMaps(image, `model=${encodeURIComponent(key)}`, signal)

/** Of a checkpoint that is listed, in use or not. Throws as fetchPrediction. */
export const fetchPredictionOf = (image: number, path: string, signal: AbortSignal): Promise<Prediction> =>
  fetchMaps(image, `path=${encodeURIComponent(path)}`, signal)

async function fetchMaps(image: number, model: string, signal: AbortSignal): Promise<Prediction> {
  const response = await fetch(`/asset/maps/${image}?${model}`, { signal })
  if (!response.ok) throw fromWire(await response.json())
  return predictionOf(decodeMaps(await response.bytes()))
}

export interface PredictedBox {
  readonly reading: Reading
  /** The ranking score of the best class. */
  readonly score: number
  /** p̂ of every class, the highest first. */
  readonly classScores: readonly { readonly name: string; readonly score: number }[]
}

export function predictedAt(
  { detector, maps, outputs, classes }: Prediction,
  location: number,
): PredictedBox {
  const scores = detector.classScoresAt(outputs, location)
  return {
    reading: detector.readPrediction(maps, location),
    score: maps.scores[location]!,
    classScores: classes
      .map((name, k) => ({ name, score: scores[k]! }))
      .sort((a, other) => other.score - a.score),
  }
}
