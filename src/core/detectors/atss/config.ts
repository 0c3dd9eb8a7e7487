/** Every choice that tells one ATSS from another, kept as data in each checkpoint's metadata. */
import { z } from 'zod'
import { HeadConfig as FcosHeadConfig, LossConfig as FcosLossConfig } from '../fcos/config.ts'
import * as fcos from '../fcos/presets.ts'
import { COMMON_CONFIG, type ModelConfig } from '../model-config.ts'
import { AtssRules, PAPER_RULES } from './assign.ts'

/** FCOS's head. */
const HeadConfig = FcosHeadConfig.omit({ distance: true }).extend({
  /**
   * box: four codes relative to the location's square anchor (ATSS). point: distances to the sides, as FCOS: what the paper's table 1
   * calls FCOS + ATSS.
   */
  coding: z.enum(['box', 'point']),
})

const LossConfig = FcosLossConfig.omit({ quality: true }).extend({
  /** What the box loss is multiplied by. */
  boxFactor: z.number().positive(),
})

export const AtssConfig = z.strictObject({
  detector: z.literal('atss'),
  ...COMMON_CONFIG,
  assignment: AtssRules,
  head: HeadConfig,
  loss: LossConfig,
})
export interface AtssConfig
  extends ModelConfig<AtssRules, z.infer<typeof HeadConfig>, z.infer<typeof LossConfig>> {
  detector: 'atss'
}

/** What a training run may choose of it. */
export const AtssChoices = z.strictObject({
  detector: z.literal('atss'),
  head: HeadConfig.partial().optional(),
  loss: LossConfig.partial().optional(),
  assignment: AtssRules.partial().optional(),
})

/** FCOS's preset with the authors' assignment, codes and weight of the box loss. */
export function atssConfig(
  architecture: ModelConfig['architecture'],
  classes: ModelConfig['classes'],
): AtssConfig {
  const preset = architecture === 'lite0' ? fcos.lite0Config(classes) : fcos.torchvisionConfig(classes)
  const { distance: _, ...head } = preset.head
  const { quality: __, ...loss } = preset.loss
  return {
    ...preset,
    detector: 'atss',
    assignment: { ...PAPER_RULES },
    head: { ...head, levelScale: true, coding: 'box' },
    loss: { ...loss, boxWeight: 'centerness', boxFactor: 2 },
  }
}
