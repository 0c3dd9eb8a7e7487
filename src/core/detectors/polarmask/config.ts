/** The configuration of PolarMask, and its presets. */
import { z } from 'zod'
import { COMMON_CONFIG, type ModelConfig } from '../model-config.ts'

export const FEWEST_RAYS = 8
export const MOST_RAYS = 72

const PolarMaskRules = z
  .strictObject({
    /** exact: where a ray leaves the outline. code: the authors' search among the outline's pixels. */
    rays: z.enum(['exact', 'code']),
    count: z.int().min(FEWEST_RAYS).max(MOST_RAYS),
  })
  .refine(({ rays, count }) => rays === 'exact' || 360 % count === 0, {
    path: ['count'],
    message: "The authors' rays lie at whole degrees: take a divisor of 360",
  })
export type PolarMaskRules = z.infer<typeof PolarMaskRules>

const HeadConfig = z.strictObject({
  /** Width of pyramid and towers. */
  channels: z.int().positive(),
  /** 3×3 convolutions per tower. */
  depth: z.int().positive(),
  norm: z.enum(['group', 'batch', 'none']),
  groups: z.int().positive(),
  /** What lengths are multiples of: d = e^(s·x) pixels (the authors), or strides of the level. s is learned per level. */
  unit: z.enum(['pixels', 'strides']),
  /** What makes two candidates of a class one detection: the IoU of their boxes, or that of their outlines. */
  suppression: z.enum(['boxes', 'outlines']),
})
export type PolarMaskHead = z.infer<typeof HeadConfig>

const LossConfig = z.strictObject({ focalAlpha: z.number(), focalGamma: z.number() })

export const PolarMaskConfig = z.strictObject({
  detector: z.literal('polarmask'),
  ...COMMON_CONFIG,
  assignment: PolarMaskRules,
  head: HeadConfig,
  loss: LossConfig,
})
export interface PolarMaskConfig
  extends ModelConfig<PolarMaskRules, PolarMaskHead, z.infer<typeof LossConfig>> {
  detector: 'polarmask'
}

export const PolarMaskChoices = z.strictObject({
  detector: z.literal('polarmask'),
  head: HeadConfig.partial().optional(),
  loss: LossConfig.partial().optional(),
  assignment: z.strictObject(PolarMaskRules.shape).partial().optional(),
})

const COLOURS: Pick<ModelConfig['input'], 'mean' | 'std'> = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}
const RULES: PolarMaskRules = { rays: 'exact', count: 36 }
const LOSS = { focalAlpha: 0.25, focalGamma: 2 }

/** As FCOS on the same backbone. */
export const lite0Preset = (classes: ModelConfig['classes']): PolarMaskConfig => ({
  ...{ detector: 'polarmask', architecture: 'lite0', classes, assignment: { ...RULES }, loss: { ...LOSS } },
  input: { shortSide: 416, longSide: 416, ...COLOURS },
  head: { channels: 96, depth: 2, norm: 'group', groups: 16, unit: 'strides', suppression: 'boxes' },
})

/** As in the paper, but with exact rays. */
export const r50Preset = (classes: ModelConfig['classes']): PolarMaskConfig => ({
  ...{ detector: 'polarmask', architecture: 'r50', classes, assignment: { ...RULES }, loss: { ...LOSS } },
  input: { shortSide: 768, longSide: 1280, ...COLOURS },
  head: { channels: 256, depth: 4, norm: 'group', groups: 32, unit: 'pixels', suppression: 'boxes' },
})
