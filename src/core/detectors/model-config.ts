/** All that is needed to build a model and to use it: kept in each checkpoint's metadata, since tensor names do not reveal it. */
import { z } from 'zod'
import { AssignmentRules, HeadConfig, LossConfig } from './fcos/config.ts'

export const InputConfig = z.strictObject({
  /** The image is scaled so that its short side is shortSide, unless its long side would pass longSide. */
  shortSide: z.int().positive(),
  longSide: z.int().positive(),
  /** RGB in [0, 1]; subtracted and divided before resizing, so that padding with 0 is padding with the mean. */
  mean: z.tuple([z.number(), z.number(), z.number()]),
  std: z.tuple([z.number(), z.number(), z.number()]),
})
export type InputConfig = z.infer<typeof InputConfig>

export const ModelConfig = z.strictObject({
  architecture: z.enum(['r50', 'lite0']),
  /** Index in this list = output channel of cls_logits. id is the data set's category id. */
  classes: z.array(z.strictObject({ id: z.int(), name: z.string() })).min(1),
  input: InputConfig,
  assignment: AssignmentRules,
  head: HeadConfig,
  loss: LossConfig,
})
export type ModelConfig = z.infer<typeof ModelConfig>
