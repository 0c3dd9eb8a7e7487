/** Names and shapes of every tensor that a model of a given configuration has, in the order of its state dict. */
import type { HeadConfig } from '../../../core/detectors/fcos/config.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import type { TensorSpec } from '../weights/state-dict.ts'
import { affine, batchNorm, kernelAndBias } from '../weights/tensor-specs.ts'
import { LITE0_BLOCKS, LITE0_PYRAMID_BLOCKS, lite0BodyTensors } from './efficientnet-lite0-spec.ts'
import { BOTTLENECK_EXPANSION, RESNET50_STAGES, resnet50BodyTensors } from './resnet50-spec.ts'

const LEVELS = 5

export function modelTensors({ architecture, head, classes }: ModelConfig): TensorSpec[] {
  const body = architecture === 'r50' ? resnet50BodyTensors() : lite0BodyTensors()
  return [...body, ...pyramidTensors(architecture, head.channels), ...headTensors(head, classes.length)]
}

/** Laterals of C3 to C5, their 3×3 outputs, P6 from P5 and P7 from P6. */
function pyramidTensors(architecture: ModelConfig['architecture'], channels: number): TensorSpec[] {
  const inputs =
    architecture === 'r50'
      ? RESNET50_STAGES.slice(1).map(({ width }) => width * BOTTLENECK_EXPANSION)
      : LITE0_PYRAMID_BLOCKS.map((block) => LITE0_BLOCKS[block].outputs)
  const root = 'backbone.fpn'
  return [
    ...inputs.flatMap((width, i) => kernelAndBias(`${root}.inner_blocks.${i}.0`, channels, width, 1)),
    ...inputs.flatMap((_, i) => kernelAndBias(`${root}.layer_blocks.${i}.0`, channels, channels, 3)),
    ...kernelAndBias(`${root}.extra_blocks.p6`, channels, channels, 3),
    ...kernelAndBias(`${root}.extra_blocks.p7`, channels, channels, 3),
  ]
}

function headTensors(head: HeadConfig, classes: number): TensorSpec[] {
  const [classification, regression] = ['head.classification_head', 'head.regression_head']
  const predictor = (name: string, out: number) => kernelAndBias(name, out, head.channels, 3)
  const centerness = (branch: HeadConfig['centernessOn'], root: string) =>
    head.centernessOn === branch ? predictor(`${root}.bbox_ctrness`, 1) : []
  return [
    ...tower(classification, head),
    ...predictor(`${classification}.cls_logits`, classes),
    ...centerness('classification', classification),
    ...tower(regression, head),
    ...predictor(`${regression}.bbox_reg`, 4),
    ...centerness('regression', regression),
    ...(head.levelScale ? [{ name: `${regression}.scales`, shape: [LEVELS] }] : []),
  ]
}

/** Convolution, norm, ReLU: three entries of torch's Sequential per layer, of which the ReLU has no tensors. */
function tower(root: string, { channels, depth, norm }: HeadConfig): TensorSpec[] {
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
