import type { EngineData } from '../../../core/contract/engine.ts'
import type { TrainingOptions } from '../../../core/contract/training.ts'
import type { Size } from '../../../core/geometry/box.ts'
import type { BatchPlan } from '../data/batch.ts'
import { trainingSamples } from '../data/samples.ts'
import type { Fcos } from '../model/fcos.ts'
import { type Batches, ImageBatches } from './batches.ts'
import { CachedFeatures } from './cached-features.ts'

export interface BatchSettings {
  readonly options: TrainingOptions
  readonly canvas: Size
  readonly data: EngineData
  /** Folder for cached features, where the options ask for them; removed when the batches are closed. */
  readonly features: string
}

/**
 * The batches of a run from a step on.
 *
 * @param note is told of images that cannot be used.
 */
export function openBatches(
  model: Fcos,
  { options, canvas, data, features }: BatchSettings,
  step: number,
  note: (message: string) => void,
): Promise<Batches> | Batches {
  const plan: BatchPlan = {
    samples: trainingSamples(data, model.config.classes),
    canvas,
    input: model.config.input,
    augment: options.augment,
    seed: options.seed,
    batchSize: options.batch,
    totalSteps: options.steps * options.accumulate,
  }
  const first = step * options.accumulate
  const report = ({ file, reason }: { file: string; reason: string }) => note(`${file} is skipped: ${reason}`)
  return options.cacheFeatures
    ? CachedFeatures.build(model, plan, features, options.learn, first, report)
    : new ImageBatches(model, plan, first, report)
}
