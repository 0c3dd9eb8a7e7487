/** Names and shapes of every tensor that a model of a given configuration has, in the order of its state dict. */
import type { HeadDescription, Tower, UpsamplingNeck } from '../../../core/detectors/detector.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { affine, batchNorm, kernel, kernelAndBias, type TensorSpec } from '../weights/state-dict.ts'
import { BACKBONES } from './backbones.ts'

/** Of the pyramid, P3 to P7. */
export const LEVELS = 5

export function modelTensors(config: ModelConfig): TensorSpec[] {
  const head = detectorOf(config).head(config)
  const { tensors, channels } = BACKBONES[config.architecture]
  const neck = head.neck ? upsamplingTensors(channels, head.neck) : pyramidTensors(channels.slice(1), head)
  return [...tensors(), ...neck, ...headTensors(head, config.classes.length)]
}

/** Laterals of C3 to C5, their 3×3 outputs, P6 and P7. */
function pyramidTensors(
  inputs: readonly number[],
  { channels, p6 }: Pick<HeadDescription, 'channels' | 'p6'>,
): TensorSpec[] {
  const root = 'backbone.fpn'
  return [
    ...inputs.flatMap((width, i) => kernelAndBias(`${root}.inner_blocks.${i}.0`, channels, width, 1)),
    ...inputs.flatMap((_, i) => kernelAndBias(`${root}.layer_blocks.${i}.0`, channels, channels, 3)),
    ...kernelAndBias(`${root}.extra_blocks.p6`, channels, p6 === 'C5' ? inputs.at(-1)! : channels, 3),
    ...kernelAndBias(`${root}.extra_blocks.p7`, channels, channels, 3),
  ]
}

export const UPSAMPLING_ROOT = 'backbone.upsampling'

/** What the name of the 1×1 convolution begins with that leads into an up-sampling stage. */
export const lateralName = (stage: number): string => `${UPSAMPLING_ROOT}.lateral.${stage}`

/**
 * A convolution and a transposed one, whose kernel torch has as [in, out, 4, 4], per stage; then the laterals.
 *
 * @param inputs channels of C2 to C5
 */
function upsamplingTensors(inputs: readonly number[], neck: UpsamplingNeck): TensorSpec[] {
  const stages = neck.widths.flatMap((width, stage) => [
    kernel(
      `${UPSAMPLING_ROOT}.conv.${6 * stage}`,
      width,
      stage === 0 ? inputs.at(-1)! : neck.widths[stage - 1]!,
      3,
    ),
    { name: `${UPSAMPLING_ROOT}.conv.${6 * stage}.bias`, shape: [width] },
    ...normTensors(`${UPSAMPLING_ROOT}.conv.${6 * stage + 1}`, width, neck, 1),
    kernel(`${UPSAMPLING_ROOT}.conv.${6 * stage + 3}`, width, width, 4),
    { name: `${UPSAMPLING_ROOT}.conv.${6 * stage + 3}.bias`, shape: [width] },
    ...normTensors(`${UPSAMPLING_ROOT}.conv.${6 * stage + 4}`, width, neck, 1),
  ])
  const laterals = neck.widths.map((width, stage) =>
    kernel(lateralName(stage), width, inputs[inputs.length - 2 - stage]!, 1),
  )
  return neck.laterals ? [...stages, ...laterals] : stages
}

const headTensors = (head: HeadDescription, classes: number): TensorSpec[] => [
  ...head.towers.flatMap((tower) => [
    ...towerTensors(tower, head),
    ...tower.outputs.flatMap(({ tensor, channels, perClass }) =>
      kernelAndBias(tensor, channels, head.channels, head.outputKernel ?? 3).map((spec) =>
        perClass ? { ...spec, classes } : spec,
      ),
    ),
  ]),
  ...head.parameters.map(({ tensor, shape }) => ({ name: tensor, shape })),
]

/**
 * Prefixes of the names of a tower's convolution and of its norm. ReLU has no tensors, but it counts in the
 * numbering.
 */
export function layerNames(
  root: string,
  index: number,
  { layout = 'flat' }: Pick<HeadDescription, 'layout'>,
): { readonly convolution: string; readonly norm: string } {
  const at = `${root}.conv`
  return layout === 'flat'
    ? { convolution: `${at}.${3 * index}`, norm: `${at}.${3 * index + 1}` }
    : { convolution: `${at}.${index}.0`, norm: `${at}.${index}.1` }
}

/** Whether the norm's offset replaces the convolution's bias. */
export const isBiasFree = ({ layout, norm }: Pick<HeadDescription, 'layout' | 'norm'>): boolean =>
  layout === 'blocks' && norm !== 'none'

function towerTensors({ root }: Tower, head: HeadDescription): TensorSpec[] {
  const { channels, depth, neck } = head
  return Array.from({ length: depth }, (_, index) => {
    const names = layerNames(root, index, head)
    return [
      ...(isBiasFree(head)
        ? [kernel(names.convolution, channels, channels, 3)]
        : kernelAndBias(names.convolution, channels, channels, 3)),
      ...normTensors(names.norm, channels, head, neck ? 1 : LEVELS),
    ]
  }).flat()
}

function normTensors(
  at: string,
  channels: number,
  { norm }: Pick<HeadDescription, 'norm'>,
  levels: number,
): TensorSpec[] {
  if (norm === 'none') return []
  if (norm === 'group') return affine(at, channels)
  return Array.from({ length: levels }, (_, level) => batchNorm(`${at}.${level}`, channels)).flat()
}
