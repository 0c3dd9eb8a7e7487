import type { EngineData } from '../../../core/contract/engine.ts'
import type { TrainingOptions } from '../../../core/contract/training.ts'
import type { Size } from '../../../core/geometry/box.ts'
import type { SampleRules } from '../../../core/training/tiles.ts'
import type { BatchPlan } from '../data/batch.ts'
import { trainingSamples } from '../data/samples.ts'
import type { Network } from '../model/network.ts'
import { type Batches, ImageBatches, type LoaderHooks } from './batches.ts'
import { CachedFeatures, type Preparing } from './cached-features.ts'

export interface BatchSettings {
  readonly options: TrainingOptions
  readonly canvas: Size
  readonly data: EngineData
  readonly rules: SampleRules
  /** Folder for cached features, where the options ask for them; removed when the batches are closed. */
  readonly features: string
  /** Folder for copies of large images, of which tiles are read; removed likewise. */
  readonly copies: string
}

/**
 * The batches of a run from a step on.
 *
 * @param note is told of images that cannot be used, and of what is odd about those that can.
 */
export function openBatches(
  model: Network,
  { options, canvas, data, rules, features, copies }: BatchSettings,
  step: number,
  note: (message: string) => void,
  preparing: Preparing,
): Promise<Batches> | Batches {
  const plan: BatchPlan = {
    samples: trainingSamples(data, model.config.classes, rules),
    canvas,
    input: model.config.input,
    augment: options.augment,
    seed: options.seed,
    batchSize: options.batch,
    totalSteps: options.steps * options.accumulate,
    copies,
  }
  const first = step * options.accumulate
  const hooks = problemNotes(note)
  return options.cacheFeatures
    ? CachedFeatures.build(model, plan, features, options.learn, first, hooks, preparing)
    : new ImageBatches(model, plan, first, hooks)
}

/** What is said of images that cannot be used, and of what is odd about those that can. */
export function problemNotes(note: (message: string) => void): LoaderHooks {
  return {
    onProblem: ({ file, reason }) => note(`${file} is skipped: ${reason}`),
    onBlack: (path) =>
      note(
        `${path} is all but black: no value is above 15 of 255. Of 16 bits the upper 8 are read, so that data of 12 bits ` +
          'have to be stretched to all 16 first. Further images of that kind are not named',
      ),
  }
}
