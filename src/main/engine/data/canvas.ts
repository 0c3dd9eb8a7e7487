/** The one input shape of a training run. */
import type { EngineData } from '../../../core/contract/engine.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { paddedSize, resizedSize, type SizeRule } from '../../../core/pyramid/input-size.ts'
import type { SampleRules } from '../../../core/training/tiles.ts'
import { seenSize, trainingSamples } from './samples.ts'

/** Share of the images that the canvas must hold, per direction, at detection's scale. */
const HELD = 0.9

/** Of what a run sees of its images. */
export const canvasFor = (
  data: EngineData,
  { classes, input }: Pick<ModelConfig, 'classes' | 'input'>,
  rules: SampleRules,
): Size => trainingCanvas(trainingSamples(data, classes, rules).map(seenSize), input)

/**
 * One shape for all batches, so that memory and cached features are laid out once. Images are trained at the
 * scale at which detection shows them; the canvas is the smallest padded size whose width and height each hold
 * nine images in ten. So a folder of 4:3 photographs at 416 trains on 416×320, a mix of portrait and landscape on a square,
 * and the odd panorama is shrunk to fit instead of padding every other image.
 * @param sizes source sizes after EXIF orientation; at least one
 */
export function trainingCanvas(sizes: readonly Size[], rule: SizeRule): Size {
  const resized = sizes.map((size) => resizedSize(size, rule))
  const holding = (lengths: number[]) => lengths.sort((a, b) => a - b)[Math.ceil(HELD * lengths.length) - 1]
  return paddedSize({
    width: holding(resized.map(({ width }) => width)),
    height: holding(resized.map(({ height }) => height)),
  })
}
