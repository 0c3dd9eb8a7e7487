/** Names and shapes of every tensor that a model of a given configuration has, in the order of its state dict. */
import type { HeadDescription, Tower } from '../../../core/detectors/detector.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import type { TensorSpec } from '../weights/state-dict.ts'
import { affine, batchNorm, kernelAndBias } from '../weights/tensor-specs.ts'
import { BACKBONES } from './backbones.ts'

/** Of the pyramid, P3 to P7. */
export const LEVELS = 5

export function modelTensors(config: ModelConfig): TensorSpec[] {
  const head = detectorOf(config).head(config)
  const { tensors, channels } = BACKBONES[config.architecture]
  return [...tensors(), ...pyramidTensors(channels, head.channels), ...headTensors(head)]
}

/** Laterals of C3 to C5, their 3×3 outputs, P6 from P5 and P7 from P6. */
function pyramidTensors(inputs: readonly number[], channels: number): TensorSpec[] {
  const root = 'backbone.fpn'
  return [
    ...inputs.flatMap((width, i) => kernelAndBias(`${root}.inner_blocks.${i}.0`, channels, width, 1)),
    ...inputs.flatMap((_, i) => kernelAndBias(`${root}.layer_blocks.${i}.0`, channels, channels, 3)),
    ...kernelAndBias(`${root}.extra_blocks.p6`, channels, channels, 3),
    ...kernelAndBias(`${root}.extra_blocks.p7`, channels, channels, 3),
  ]
}

const headTensors = (head: HeadDescription): TensorSpec[] => [
  ...head.towers.flatMap((tower) => [
    ...towerTensors(tower, head),
    ...tower.outputs.flatMap(({ tensor, channels }) => kernelAndBias(tensor, channels, head.channels, 3)),
  ]),
  ...head.parameters.map(({ tensor, shape }) => ({ name: tensor, shape })),
]

/** Convolution, norm, ReLU: three entries of torch's Sequential per layer, of which the ReLU has no tensors. */
function towerTensors({ root }: Tower, { channels, depth, norm }: HeadDescription): TensorSpec[] {
  return Array.from({ length: depth }, (_, layer) => {
    const at = `${root}.conv.${3 * layer + 1}`
    return [
      ...kernelAndBias(`${root}.conv.${3 * layer}`, channels, channels, 3),
      ...(norm === 'group' ? affine(at, channels) : []),
      ...(norm === 'batch'
        ? Array.from({ length: LEVELS }, (_, level) => batchNorm(`${at}.${level}`, channels)).flat()
        : []),
    ]
  }).flat()
}
