/**
 * Names and shapes of torchvision's fcos_resnet50_fpn with frozen BatchNorm, in the order of its state_dict: 319
 * tensors, 32,375,840 floats for 91 classes. ResNet-50 v1.5: the stride lies on the 3×3 convolution.
 */
import type { TensorSpec } from '../weights/state-dict.ts'
import { affine, batchNorm, kernel, kernelAndBias } from '../weights/tensor-specs.ts'

/** Residual blocks per stage (layer1 to layer4) and the width of their 3×3 convolutions. */
export const RESNET50_STAGES = [
  { blocks: 3, width: 64 },
  { blocks: 4, width: 128 },
  { blocks: 6, width: 256 },
  { blocks: 3, width: 512 },
] as const
/** A bottleneck puts out four times its width. */
export const BOTTLENECK_EXPANSION = 4
const FPN_CHANNELS = 256
const TOWER_DEPTH = 4

export function r50Tensors(classCount: number): TensorSpec[] {
  return [...resnet50('backbone.body'), ...fpn('backbone.fpn'), ...head('head', classCount)]
}

function resnet50(root: string): TensorSpec[] {
  const tensors = [kernel(`${root}.conv1`, 64, 3, 7), ...batchNorm(`${root}.bn1`, 64)]
  let channels = 64
  for (const [stage, { blocks, width }] of RESNET50_STAGES.entries()) {
    for (let block = 0; block < blocks; block++) {
      tensors.push(...bottleneck(`${root}.layer${stage + 1}.${block}`, channels, width))
      channels = width * BOTTLENECK_EXPANSION
    }
  }
  return tensors
}

/** 1×1, 3×3, 1×1; the first block of each stage also projects its input to the new width. */
function bottleneck(root: string, channels: number, width: number): TensorSpec[] {
  const out = width * BOTTLENECK_EXPANSION
  const tensors = [
    kernel(`${root}.conv1`, width, channels, 1),
    ...batchNorm(`${root}.bn1`, width),
    kernel(`${root}.conv2`, width, width, 3),
    ...batchNorm(`${root}.bn2`, width),
    kernel(`${root}.conv3`, out, width, 1),
    ...batchNorm(`${root}.bn3`, out),
  ]
  if (channels !== out) {
    tensors.push(kernel(`${root}.downsample.0`, out, channels, 1), ...batchNorm(`${root}.downsample.1`, out))
  }
  return tensors
}

/** Laterals of C3 to C5, their 3×3 outputs, P6 from P5 and P7 from P6. */
function fpn(root: string): TensorSpec[] {
  const inputs = RESNET50_STAGES.slice(1).map(({ width }) => width * BOTTLENECK_EXPANSION)
  return [
    ...inputs.flatMap((channels, i) =>
      kernelAndBias(`${root}.inner_blocks.${i}.0`, FPN_CHANNELS, channels, 1),
    ),
    ...inputs.flatMap((_, i) => kernelAndBias(`${root}.layer_blocks.${i}.0`, FPN_CHANNELS, FPN_CHANNELS, 3)),
    ...kernelAndBias(`${root}.extra_blocks.p6`, FPN_CHANNELS, FPN_CHANNELS, 3),
    ...kernelAndBias(`${root}.extra_blocks.p7`, FPN_CHANNELS, FPN_CHANNELS, 3),
  ]
}

function head(root: string, classCount: number): TensorSpec[] {
  return [
    ...tower(`${root}.classification_head`),
    ...kernelAndBias(`${root}.classification_head.cls_logits`, classCount, FPN_CHANNELS, 3),
    ...tower(`${root}.regression_head`),
    ...kernelAndBias(`${root}.regression_head.bbox_reg`, 4, FPN_CHANNELS, 3),
    ...kernelAndBias(`${root}.regression_head.bbox_ctrness`, 1, FPN_CHANNELS, 3),
  ]
}

/** Convolution, GroupNorm, ReLU: three entries of torch's Sequential per layer, of which the ReLU has no tensors. */
function tower(root: string): TensorSpec[] {
  return Array.from({ length: TOWER_DEPTH }, (_, layer) => [
    ...kernelAndBias(`${root}.conv.${3 * layer}`, FPN_CHANNELS, FPN_CHANNELS, 3),
    ...affine(`${root}.conv.${3 * layer + 1}`, FPN_CHANNELS),
  ]).flat()
}
