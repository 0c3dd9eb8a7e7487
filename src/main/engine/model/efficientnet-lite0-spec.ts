/**
 * EfficientNet-Lite0 (Tan and Le 2019, table 1, without squeeze-excite and with ReLU6; stem and last stage unscaled):
 * a 3×3 stem of stride 2 and 16 inverted-residual blocks. Padding is TensorFlow's 'same'. The classifier's 1280-channel
 * convolution is left out: the pyramid takes the blocks' outputs.
 */
import { batchNorm, kernel, type TensorSpec } from '../weights/state-dict.ts'

export const LITE0_STEM_CHANNELS = 32
export const LITE0_BATCH_NORM_EPSILON = 1e-3

export interface InvertedResidual {
  /** Of the depthwise convolution. */
  readonly kernel: number
  readonly stride: number
  /** Width of the depthwise convolution as a multiple of `inputs`; without an expanding convolution where it is 1. */
  readonly expand: number
  readonly inputs: number
  readonly outputs: number
}

const STAGES = [
  { kernel: 3, stride: 1, expand: 1, inputs: 32, outputs: 16, repeat: 1 },
  { kernel: 3, stride: 2, expand: 6, inputs: 16, outputs: 24, repeat: 2 },
  { kernel: 5, stride: 2, expand: 6, inputs: 24, outputs: 40, repeat: 2 },
  { kernel: 3, stride: 2, expand: 6, inputs: 40, outputs: 80, repeat: 3 },
  { kernel: 5, stride: 1, expand: 6, inputs: 80, outputs: 112, repeat: 3 },
  { kernel: 5, stride: 2, expand: 6, inputs: 112, outputs: 192, repeat: 4 },
  { kernel: 3, stride: 1, expand: 6, inputs: 192, outputs: 320, repeat: 1 },
] as const

/** Block by block: only the first of a stage strides and changes the width; the others add their input to their output. */
export const LITE0_BLOCKS: readonly InvertedResidual[] = STAGES.flatMap(({ repeat, ...first }) => [
  first,
  ...Array.from({ length: repeat - 1 }, () => ({ ...first, stride: 1, inputs: first.outputs })),
])

/** The last blocks at strides 4, 8, 16 and 32: C2 to C5 with 24, 40, 112 and 320 channels. */
export const LITE0_STAGE_ENDS = [2, 4, 10, 15] as const

/** The feature map that each block puts out or leads to: cN has stride 2^N, and c2 also takes what comes before it. */
export const LITE0_STAGE_OF_BLOCK: readonly ('c2' | 'c3' | 'c4' | 'c5')[] = LITE0_BLOCKS.map((_, block) =>
  block <= LITE0_STAGE_ENDS[0]
    ? 'c2'
    : block <= LITE0_STAGE_ENDS[1]
      ? 'c3'
      : block <= LITE0_STAGE_ENDS[2]
        ? 'c4'
        : 'c5',
)

/** The backbone's tensors under our names, in order. */
export function lite0BodyTensors(): TensorSpec[] {
  const root = 'backbone.body'
  return [
    ...convolution(`${root}.stem`, LITE0_STEM_CHANNELS, 3, 3),
    ...LITE0_BLOCKS.flatMap((block, i) => blockTensors(`${root}.blocks.${i}`, block)),
  ]
}

function blockTensors(
  root: string,
  { kernel: size, expand, inputs, outputs }: InvertedResidual,
): TensorSpec[] {
  const width = inputs * expand
  return [
    ...(expand === 1 ? [] : convolution(`${root}.expand`, width, inputs, 1)),
    ...convolution(`${root}.depthwise`, width, 1, size),
    ...convolution(`${root}.project`, outputs, width, 1),
  ]
}

function convolution(root: string, out: number, inPerGroup: number, size: number): TensorSpec[] {
  return [kernel(`${root}.conv`, out, inPerGroup, size), ...batchNorm(`${root}.bn`, out)]
}
