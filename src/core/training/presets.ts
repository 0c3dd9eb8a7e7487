/** Training options for a number of images, from published fine-tuning recipes; the user's own choices go over them. */
import type { TrainingFile, TrainingOptions } from '../contract/training.ts'
import type { ModelConfig } from '../detectors/model-config.ts'
import { augmentFor } from './augmentation.ts'

type Architecture = ModelConfig['architecture']

/**
 * Which part of a network is already trained: everything up to the levels that the head reads, only the backbone, or
 * nothing.
 */
export type Trained = 'pyramid' | 'backbone' | 'nothing'

/**
 * From COCO weights, the fewer images, the less of r50 learns (torchvision's and detectron2's fine-tuning examples; few-shot
 * TFA); but whatever is new has to. SGD with momentum and a batch of 8 by accumulation.
 */
function r50Preset(images: number, trained: Trained): TrainingOptions {
  const few = images < 50
  const some = images < 200
  const depths = {
    pyramid: few ? 'head' : some ? 'fpn' : 'c4',
    backbone: few ? 'fpn' : 'c4',
    nothing: 'c2',
  } as const
  return {
    steps: few ? 400 : some ? 900 : 2000,
    size: 640,
    batch: 2,
    accumulate: 4,
    learn: depths[trained],
    optimiser: {
      kind: 'sgd',
      rate: few ? 2e-3 : some ? 2.5e-3 : 5e-3,
      pyramidShare: trained === 'pyramid' ? 0.3 : 1,
      backboneShare: trained === 'nothing' ? 1 : 0.1,
      momentum: 0.9,
      weightDecay: 1e-4,
      clipNorm: 35,
    },
    schedule: { warmup: 100, decay: 'cosine' },
    augment: augmentFor(images),
    average: true,
    normaliser: 'moving',
    tile: 'auto',
    cacheFeatures: false,
    evaluateEvery: 200,
    saveEvery: 100,
    seed: 0,
  }
}

/**
 * lite0 starts from ImageNet weights with a new pyramid and head, so all of it learns, and AdamW gets there sooner.
 * Few images are shown in small batches: what counts is the number of steps.
 */
function lite0Preset(images: number): TrainingOptions {
  const few = images < 100
  return {
    steps: few ? 480 : images < 500 ? 1500 : 4000,
    size: 416,
    batch: few ? 2 : 4,
    accumulate: 1,
    learn: 'c2',
    optimiser: {
      kind: 'adamw',
      rate: 3e-3,
      pyramidShare: 1,
      backboneShare: 0.3,
      momentum: 0.9,
      weightDecay: 0.02,
      clipNorm: 10,
    },
    schedule: { warmup: 30, decay: 'cosine' },
    augment: augmentFor(images),
    average: true,
    normaliser: 'moving',
    tile: 'auto',
    cacheFeatures: false,
    evaluateEvery: 250,
    saveEvery: 100,
    seed: 0,
  }
}

export function trainingOptions(
  architecture: Architecture,
  images: number,
  chosen: NonNullable<TrainingFile['training']> = {},
  trained: Trained = 'pyramid',
): TrainingOptions {
  const preset = architecture === 'r50' ? r50Preset(images, trained) : lite0Preset(images)
  const given = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined))
  const options: TrainingOptions = {
    ...preset,
    ...given,
    optimiser: { ...preset.optimiser, ...chosen.optimiser } as TrainingOptions['optimiser'],
    schedule: { ...preset.schedule, ...chosen.schedule } as TrainingOptions['schedule'],
    augment: { ...preset.augment, ...chosen.augment } as TrainingOptions['augment'],
  }
  // Even a short run must reach its full learning rate.
  const warmup = Math.min(options.schedule.warmup, Math.floor(options.steps / 5))
  return { ...options, schedule: { ...options.schedule, warmup } }
}
