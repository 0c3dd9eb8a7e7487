/** Describes the backbone of each architecture, so that nothing has to be built to know its tensors. */
import type { Architecture } from '../../../core/detectors/architectures.ts'
import type { TensorSpec } from '../weights/state-dict.ts'
import { LITE0_BLOCKS, LITE0_STAGE_ENDS, lite0BodyTensors } from './efficientnet-lite0-spec.ts'
import { BOTTLENECK_EXPANSION, RESNET50_STAGES, resnet50BodyTensors } from './resnet50-spec.ts'

interface BackboneSpec {
  /** Names and shapes of its tensors, in the order of its state dict. */
  readonly tensors: () => TensorSpec[]
  /** Channels of C2 to C5. */
  readonly channels: readonly number[]
  /** The shallowest stage that is trained by default; torchvision freezes the first two of a ResNet. */
  readonly learns: 'c2' | 'c3'
}

export const BACKBONES: Readonly<Record<Architecture, BackboneSpec>> = {
  lite0: {
    tensors: lite0BodyTensors,
    channels: LITE0_STAGE_ENDS.map((block) => LITE0_BLOCKS[block].outputs),
    learns: 'c2',
  },
  r50: {
    tensors: resnet50BodyTensors,
    channels: RESNET50_STAGES.map(({ width }) => width * BOTTLENECK_EXPANSION),
    learns: 'c3',
  },
}
