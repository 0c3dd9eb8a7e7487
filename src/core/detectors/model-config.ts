/** All that is needed to build a model and to use it: kept in each checkpoint's metadata, since tensor names do not reveal it. */
import { z } from 'zod'
import { ARCHITECTURES, type Architecture } from './architectures.ts'

export const InputConfig = z.strictObject({
  /** The image is scaled so that its short side is shortSide, unless its long side would pass longSide. */
  shortSide: z.int().positive(),
  longSide: z.int().positive(),
  /** RGB in [0, 1]; subtracted and divided before resizing, so that padding with 0 is padding with the mean. */
  mean: z.tuple([z.number(), z.number(), z.number()]),
  std: z.tuple([z.number(), z.number(), z.number()]),
})
export type InputConfig = z.infer<typeof InputConfig>

/** `assignment`, `head` and `loss` are the detector's own; their schemas are too. */
export interface ModelConfig<Assignment = unknown, Head = unknown, Loss = unknown> {
  /** The detector's name; left out for FCOS, which was the only one once. */
  detector?: string | undefined
  architecture: Architecture
  /** Index in this list = class index of the head. id is the data set's category id. */
  classes: { id: number; name: string }[]
  input: InputConfig
  /** ε of the frozen BatchNorm in r50's backbone; 1e-5 where undefined. */
  batchNormEpsilon?: number | undefined
  assignment: Assignment
  head: Head
  loss: Loss
}

/** What configurations of all detectors have in common. */
export const COMMON_CONFIG = {
  architecture: z.enum(ARCHITECTURES),
  classes: z.array(z.strictObject({ id: z.int(), name: z.string() })).min(1),
  input: InputConfig,
  batchNormEpsilon: z.number().min(0).optional(),
}
