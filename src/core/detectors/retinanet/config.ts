/** Every choice that tells one RetinaNet from another, kept as data in each checkpoint's metadata. */
import { z } from 'zod'
import { COMMON_CONFIG, type ModelConfig } from '../model-config.ts'
import { MatcherRules, TORCHVISION_RULES } from './assign.ts'

const HeadConfig = z.strictObject({
  /** Width of FPN and towers. */
  channels: z.int().positive(),
  /** 3×3 convolutions per tower. */
  depth: z.int().positive(),
  norm: z.enum(['group', 'none']),
  groups: z.int().positive(),
  /** The feature map that P6 is made of. */
  p6: z.enum(['P5', 'C5']),
})

const LossConfig = z.strictObject({
  /** l1: |difference| of the four codes of a box. giou: of the decoded boxes. */
  box: z.enum(['l1', 'giou']),
  /**
   * What losses are divided by. image: each image's by its own positives, then their mean (torchvision). batch: by those of the batch,
   * or their moving average, as the run's option `normaliser` has it (detectron2); with `image` that option has no effect.
   */
  per: z.enum(['image', 'batch']),
  focalAlpha: z.number(),
  focalGamma: z.number(),
})

/** The rules' fields alone, without the check that is made over them together. */
const RulesFields = MatcherRules.shape

export const RetinaNetConfig = z.strictObject({
  detector: z.literal('retinanet'),
  ...COMMON_CONFIG,
  assignment: MatcherRules,
  head: HeadConfig,
  loss: LossConfig,
})
export interface RetinaNetConfig
  extends ModelConfig<MatcherRules, z.infer<typeof HeadConfig>, z.infer<typeof LossConfig>> {
  detector: 'retinanet'
}

/** What a training run may choose of it. */
export const RetinaNetChoices = z.strictObject({
  detector: z.literal('retinanet'),
  head: HeadConfig.partial().optional(),
  loss: LossConfig.partial().optional(),
  assignment: z.strictObject(RulesFields).partial().optional(),
})

const IMAGENET = {
  mean: [0.485, 0.456, 0.406] as [number, number, number],
  std: [0.229, 0.224, 0.225] as [number, number, number],
}

/** torchvision's retinanet_resnet50_fpn (v1) and retinanet_resnet50_fpn_v2. */
export function torchvisionConfig(classes: ModelConfig['classes'], version: 'v1' | 'v2'): RetinaNetConfig {
  return {
    detector: 'retinanet',
    architecture: 'r50',
    classes,
    input: { shortSide: 800, longSide: 1333, ...IMAGENET },
    assignment: { ...TORCHVISION_RULES },
    head: {
      ...{ channels: 256, depth: 4, groups: 32 },
      ...(version === 'v1' ? { norm: 'none', p6: 'P5' } : { norm: 'group', p6: 'C5' }),
    },
    loss: { box: version === 'v1' ? 'l1' : 'giou', per: 'image', focalAlpha: 0.25, focalGamma: 2 },
  }
}

/** The light model for CPUs: as torchvision's v2, with the narrower pyramid and the two layers per tower of FCOS's. */
export function lite0Config(classes: ModelConfig['classes']): RetinaNetConfig {
  return {
    detector: 'retinanet',
    architecture: 'lite0',
    classes,
    input: { shortSide: 416, longSide: 416, ...IMAGENET },
    assignment: { ...TORCHVISION_RULES },
    head: { channels: 96, depth: 2, norm: 'group', groups: 16, p6: 'P5' },
    loss: { box: 'giou', per: 'image', focalAlpha: 0.25, focalGamma: 2 },
  }
}
