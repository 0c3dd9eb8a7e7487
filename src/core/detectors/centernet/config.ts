/** The configuration of CenterNet ("Objects as Points") without deformable convolutions, and its presets. */
import { z } from 'zod'
import { COMMON_CONFIG, type ModelConfig } from '../model-config.ts'
import { AUTHORS_RULES, CenterNetRules } from './targets.ts'

const HeadConfig = z.strictObject({
  /** Channels of each up-sampling stage. The head reads those of the last. */
  widths: z.array(z.int().positive()).length(3).readonly(),
  /** Normalisation in the up-sampling stages. */
  norm: z.enum(['group', 'batch', 'none']),
  /** Normalisation after the head's convolutions. */
  headNorm: z.enum(['group', 'batch', 'none']),
  groups: z.int().positive(),
  /** Whether the up-sampling stages also read C4, C3 and C2, which know small objects and exact places. */
  laterals: z.boolean().default(false),
})

const LossConfig = z.strictObject({
  /** Weight of the size's loss; 0.1 in the paper. */
  sizeWeight: z.number().min(0),
  offsetWeight: z.number().min(0),
})

export const CenterNetConfig = z.strictObject({
  detector: z.literal('centernet'),
  ...COMMON_CONFIG,
  assignment: CenterNetRules,
  head: HeadConfig,
  loss: LossConfig,
})
export interface CenterNetConfig
  extends ModelConfig<CenterNetRules, z.infer<typeof HeadConfig>, z.infer<typeof LossConfig>> {
  detector: 'centernet'
}

export const CenterNetChoices = z.strictObject({
  detector: z.literal('centernet'),
  head: HeadConfig.partial().optional(),
  loss: LossConfig.partial().optional(),
  assignment: CenterNetRules.partial().optional(),
})

const COLOURS: Pick<ModelConfig['input'], 'mean' | 'std'> = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}
const LOSS = { sizeWeight: 0.1, offsetWeight: 1 }

/**
 * Narrower than the authors' model. GroupNorm, because a batch of two or four images is too few for statistics; and laterals, as
 * TensorFlow's Object Detection API has them on MobileNet: C5 of so small a backbone does not say where within its 32 px something is.
 */
export const lite0Preset = (classes: ModelConfig['classes']): CenterNetConfig => ({
  ...{ detector: 'centernet', architecture: 'lite0', classes, assignment: { ...AUTHORS_RULES }, loss: LOSS },
  input: { shortSide: 416, longSide: 416, ...COLOURS },
  head: { widths: [128, 96, 64], norm: 'group', headNorm: 'group', groups: 16, laterals: true },
})

/** The authors' ResNet with plain convolutions in place of deformable ones, as MMDetection has it. */
export const r50Preset = (classes: ModelConfig['classes']): CenterNetConfig => ({
  ...{ detector: 'centernet', architecture: 'r50', classes, assignment: { ...AUTHORS_RULES }, loss: LOSS },
  input: { shortSide: 512, longSide: 512, ...COLOURS },
  head: { widths: [256, 128, 64], norm: 'batch', headNorm: 'none', groups: 16, laterals: false },
})
