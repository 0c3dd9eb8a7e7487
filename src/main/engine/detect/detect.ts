/** From decoded images to candidates and detections in source pixels. */
import type { Frame, ScoredBox } from '../../../core/contract/engine.ts'
import type { DecodeInput } from '../../../core/detectors/detector.ts'
import type { InputConfig, ModelConfig } from '../../../core/detectors/model-config.ts'
import { boxAt, type Candidates, outlineAt } from '../../../core/detectors/shared/candidates.ts'
import { CANDIDATES_PER_LEVEL, selectDetections } from '../../../core/detectors/shared/select.ts'
import type { RgbImage } from '../../images/decode.ts'
import { type NetworkInput, preprocess } from '../data/preprocess.ts'
import type { DetectionOptions } from './options.ts'
import type { RawOutputs, Runner } from './runner.ts'

/**
 * Images of one batch should have one size: padding takes part in GroupNorm's statistics.
 *
 * @returns boxes in source pixels, best first.
 */
export function detect(
  runner: Runner,
  images: readonly RgbImage[],
  input: InputConfig,
  options: DetectionOptions,
): Promise<ScoredBox[][]> {
  return detectInput(runner, preprocess(images, input), options)
}

export async function detectInput(
  runner: Runner,
  input: NetworkInput,
  options: DetectionOptions,
): Promise<ScoredBox[][]> {
  return detectionsIn(runner, await runner.raw(input), input, options)
}

/** Decodes the raw outputs of a batch, per image. */
export function detectionsIn(
  model: Pick<Runner, 'detector' | 'config'>,
  raw: RawOutputs,
  input: NetworkInput,
  options: DetectionOptions,
): ScoredBox[][] {
  return candidatesOf(model, raw, input, { scoreThreshold: options.score }).map(({ candidates }) =>
    detectionsOf(candidates, model.config, options),
  )
}

export interface ImageCandidates extends Frame {
  readonly candidates: Candidates
  readonly embedding: Float32Array
}

/** Everything that can become a detection with a score above `floor`, with or without the detector's quality. */
export async function findCandidates(
  runner: Runner,
  images: readonly RgbImage[],
  config: InputConfig,
  floor: number,
): Promise<ImageCandidates[]> {
  const input = preprocess(images, config)
  const options = { scoreThreshold: floor, alsoByClass: true }
  return candidatesOf(runner, await runner.raw(input), input, options).map((of, n) => ({
    ...frameOf(images[n], input, n),
    ...of,
  }))
}

/** How image n of a batch lies in the network's input. */
export function frameOf({ width, height }: RgbImage, input: NetworkInput, n: number): Frame {
  const { sizes, width: padded, height: high } = input
  return { image: { width, height }, resized: sizes[n], input: { width: padded, height: high } }
}

/** Per image of a batch, in its source pixels. */
export function candidatesOf(
  { detector, config }: Pick<Runner, 'detector' | 'config'>,
  { grid, parameters, images }: RawOutputs,
  input: NetworkInput,
  options: Pick<DecodeInput<ModelConfig>, 'scoreThreshold' | 'alsoByClass'>,
): { readonly candidates: Candidates; readonly embedding: Float32Array }[] {
  return images.map(({ outputs, embedding }, n) => ({
    candidates: detector.decode({
      ...options,
      ...{ config, grid, outputs, parameters },
      image: input.sizes[n],
      toSource: input.scales[n],
      candidatesPerLevel: CANDIDATES_PER_LEVEL,
    }),
    // A copy of this image's part, so that the rest of the batch is not sent with it.
    embedding: embedding.slice(),
  }))
}

export function detectionsOf(
  candidates: Candidates,
  { classes }: ModelConfig,
  { score, nms, limit }: DetectionOptions,
): ScoredBox[] {
  const { boxes, labels, scores } = candidates
  const options = {
    scoreThreshold: score,
    candidatesPerLevel: CANDIDATES_PER_LEVEL,
    nmsThreshold: nms,
    maxDetections: limit,
  }
  return Array.from(selectDetections(candidates, options), (i): ScoredBox => {
    const outline = outlineAt(candidates, i)
    return {
      ...{ box: boxAt(boxes, i), categoryId: classes[labels[i]].id, score: scores[i] },
      ...(outline && { segmentation: [outline] }),
    }
  })
}
