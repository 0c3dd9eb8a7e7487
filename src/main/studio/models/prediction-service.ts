/**
 * Predictions of a model for single images, for the window: candidates come from the cache, raw maps are computed.
 */

import type { MapsResult } from '../../../core/contract/engine.ts'
import {
  encodeCandidates,
  encodeMaps,
  gridOf,
  type ImageCandidates,
  type ImageMaps,
} from '../../../core/contract/model-assets.ts'
import type { CurrentModel } from '../../../core/contract/studio/models.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import { CANDIDATES_PER_LEVEL } from '../../../core/detectors/shared/select.ts'
import { keyOf } from '../../images/image-file.ts'
import type { ViewingEngine } from '../engine/viewing-engine.ts'
import type { CandidateCache } from './candidate-cache.ts'

/** Minimum score of the candidates that are kept. */
export const FLOOR = 0.01

/** Number of images whose maps are kept: the one on screen and the previous one. */
const KEPT_MAPS = 2

export class PredictionService {
  readonly #engine: ViewingEngine
  readonly #cache: CandidateCache
  readonly #maps = new Map<string, Promise<MapsResult>>()

  constructor(engine: ViewingEngine, cache: CandidateCache) {
    this.#engine = engine
    this.#cache = cache
  }

  /** A file of maps (core/contract/model-assets.ts). Throws ENGINE_*, WEIGHTS_*, DATA_IMAGE_*, and the signal's reason. */
  async maps(model: CurrentModel, file: string, signal?: AbortSignal): Promise<Uint8Array> {
    return encodeMaps(await this.#look(model, file, await keyOf(file), signal))
  }

  /** A file of candidates. Errors as of `maps`. */
  async candidates(model: CurrentModel, file: string, signal?: AbortSignal): Promise<Uint8Array> {
    const image = await keyOf(file)
    const known = await this.#cache.readFile(model.key, image)
    if (known) return known
    const maps = await this.#look(model, file, image, signal)
    const found = candidatesOf(maps)
    // Detection takes a large image in tiles, and must not find what was seen in it as a whole.
    if (!maps.isTiled) {
      // If the cache cannot be written, the candidates are used without it.
      await this.#cache.write(model.key, image, found).catch(() => {})
    }
    return encodeCandidates(found)
  }

  async #look(model: CurrentModel, file: string, image: string, signal?: AbortSignal): Promise<MapsResult> {
    const key = `${model.key} ${image}`
    // Maps and candidates of an image are asked for together.
    const known = this.#maps.get(key)
    if (known && !signal?.aborted) {
      const maps = await known.catch(() => undefined)
      if (maps) return maps
    }
    const request = { method: 'maps', model: model.path, image: file, size: null } as const
    const predicting = this.#engine.call(request, undefined, signal)
    this.#maps.delete(key)
    this.#maps.set(key, predicting)
    for (const old of [...this.#maps.keys()].slice(0, -KEPT_MAPS)) this.#maps.delete(old)
    try {
      return await predicting
    } catch (error) {
      if (this.#maps.get(key) === predicting) this.#maps.delete(key)
      signal?.throwIfAborted()
      throw error
    }
  }
}

/** The candidates as the engine finds them. */
function candidatesOf({ outputs, parameters, embedding, ...about }: ImageMaps): ImageCandidates {
  const { image, resized, input, model } = about
  const { config } = model
  const candidates = detectorOf(config).decode({
    ...{ config, grid: gridOf(about), outputs, parameters },
    image: resized,
    toSource: { x: Math.fround(image.width / resized.width), y: Math.fround(image.height / resized.height) },
    scoreThreshold: FLOOR,
    candidatesPerLevel: CANDIDATES_PER_LEVEL,
    alsoByClass: true,
  })
  return { image, resized, input, model, candidates, embedding }
}
