import type { TrainingOptions } from '../../../core/contract/training.ts'
import type { Network } from '../model/network.ts'
import { WeightAverage } from './average.ts'
import { Optimiser } from './optimiser.ts'
import { chooseTrainable } from './trainable.ts'

/** The state that changes while training. */
export interface Learning {
  readonly model: Network
  readonly optimiser: Optimiser
  readonly average: WeightAverage | null
}

/** Takes ownership of the model. */
export function beginLearning(model: Network, options: TrainingOptions): Learning {
  chooseTrainable(model, options.learn)
  return {
    model,
    optimiser: new Optimiser(options.optimiser),
    average: options.average ? new WeightAverage(model.parameters.trainable()) : null,
  }
}

export function endLearning({ model, optimiser, average }: Learning): void {
  optimiser.dispose()
  average?.dispose()
  model.dispose()
}
