/** The options of a training run. Whatever is omitted follows the preset for the size of the data. */
import { z } from 'zod'
import { ModelChoices } from '../detectors/detectors.ts'
import { Tiling } from '../detectors/shared/tiles.ts'
import { AugmentConfig } from './augmentation.ts'

/**
 * How much of the network is trained, from little to all: only the quality branch (centerness), of a detector that stays as it is; only
 * the last convolutions; also the towers; also the FPN; then
 * also the backbone's stages, by the feature map that they output. c2 is everything before c3.
 */
export const LEARNING_DEPTHS = ['quality', 'predictors', 'head', 'fpn', 'c5', 'c4', 'c3', 'c2'] as const

export type LearningDepth = (typeof LEARNING_DEPTHS)[number]

export const OptimiserConfig = z.strictObject({
  kind: z.enum(['sgd', 'adamw']),
  /** Learning rate of the head; the pyramid and the backbone take their shares of it. */
  rate: z.number().positive(),
  pyramidShare: z.number().min(0),
  backboneShare: z.number().min(0),
  /** SGD's momentum. */
  momentum: z.number().min(0).max(1),
  /** Not applied to biases, norms and scales. */
  weightDecay: z.number().min(0),
  /** Largest L2 norm of all gradients together; 0 for no limit. */
  clipNorm: z.number().min(0),
})
export type OptimiserConfig = z.infer<typeof OptimiserConfig>

export const ScheduleConfig = z.strictObject({
  /** Steps over which the rate rises linearly from a thousandth. */
  warmup: z.int().min(0),
  /** cosine: down to 0 at the last step. steps: a tenth after 70 %, a hundredth after 90 % of the run. */
  decay: z.enum(['cosine', 'steps', 'constant']),
})
export type ScheduleConfig = z.infer<typeof ScheduleConfig>

export const TrainingOptions = z.strictObject({
  /** Optimiser steps. */
  steps: z.int().positive(),
  /** Long side of the network's input in pixels. */
  size: z.int().min(64).max(4096),
  /** Images per forward and backward pass. */
  batch: z.int().positive(),
  /** Passes whose gradients are added up for one optimiser step. */
  accumulate: z.int().positive(),
  learn: z.enum(LEARNING_DEPTHS),
  optimiser: OptimiserConfig,
  schedule: ScheduleConfig,
  augment: AugmentConfig,
  /** Evaluate and keep a moving average of the weights, over about a tenth of the run. */
  average: z.boolean(),
  /** moving: losses are divided by a moving average of positives per pass. batch: by this pass's own. */
  normaliser: z.enum(['moving', 'batch']),
  /**
   * Long side of the tiles that large images are learnt from, in their pixels. auto: where images are much larger than most, or their
   * objects would be too small at the input's size. off: images are always shrunk whole. Runs of before there were tiles do not say.
   */
  tile: Tiling.optional(),
  /** With the pyramid frozen: compute P3 to P7 of each image once and keep them. Turns augmentation off. */
  cacheFeatures: z.boolean(),
  /** Evaluate on the validation images every so many steps, and after the last. 0: only after the last. */
  evaluateEvery: z.int().min(0),
  /** Write what resuming needs every so many steps. */
  saveEvery: z.int().positive(),
  seed: z.int().min(0),
})
export type TrainingOptions = z.infer<typeof TrainingOptions>

/** The configuration file of `fcos train --config`. */
export const TrainingFile = z.strictObject({
  training: TrainingOptions.partial()
    .extend({
      optimiser: OptimiserConfig.partial().optional(),
      schedule: ScheduleConfig.partial().optional(),
      augment: AugmentConfig.partial().optional(),
    })
    .optional(),
  model: ModelChoices.optional(),
})
export type TrainingFile = z.infer<typeof TrainingFile>
