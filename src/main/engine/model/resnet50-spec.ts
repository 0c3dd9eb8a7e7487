/**
 * ResNet-50 v1.5 (the stride lies on the 3×3 convolution) with frozen BatchNorm, under torchvision's names and in the
 * order of its state_dict.
 */
import { batchNorm, kernel, type TensorSpec } from '../weights/state-dict.ts'

/** Residual blocks per stage (layer1 to layer4) and the width of their 3×3 convolutions. */
export const RESNET50_STAGES = [
  { blocks: 3, width: 64 },
  { blocks: 4, width: 128 },
  { blocks: 6, width: 256 },
  { blocks: 3, width: 512 },
] as const
/** A bottleneck puts out four times its width. */
export const BOTTLENECK_EXPANSION = 4
export const RESNET50_BATCH_NORM_EPSILON = 1e-5

/** The backbone's tensors. */
export function resnet50BodyTensors(): TensorSpec[] {
  const root = 'backbone.body'
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
