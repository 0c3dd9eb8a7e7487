/** One optimiser step: one or more passes forward and back, then the weights and their average move. */
import type { TrainStep } from '../../../core/contract/engine.ts'
import type { FcosLoss } from '../../../core/detectors/fcos/loss.ts'
import type { Batches } from './batches.ts'
import type { Learning } from './learning.ts'
import type { Normaliser } from './normaliser.ts'

type Figures =
  | 'loss'
  | 'classification'
  | 'box'
  | 'centerness'
  | 'centernessExcess'
  | 'gradientNorm'
  | 'positives'
export type StepFigures = Pick<TrainStep, Figures>

export interface StepOptions {
  /** Counts from 0. */
  readonly step: number
  readonly steps: number
  /** Passes whose gradients are averaged. */
  readonly passes: number
  readonly rate: number
}

/** null where a loss or gradient was not finite: then nothing has moved. */
export async function takeStep(
  { model, optimiser, average }: Learning,
  batches: Batches,
  normaliser: Normaliser,
  { step, steps, passes, rate }: StepOptions,
): Promise<StepFigures | null> {
  const losses: FcosLoss[] = []
  for (let pass = 0; pass < passes; pass++) {
    losses.push(await batches.next({ normaliser: (positives) => normaliser.next(positives) }))
  }
  const mean = (of: (loss: FcosLoss) => number) => losses.reduce((sum, loss) => sum + of(loss), 0) / passes
  const loss = mean(({ classification, box, centerness }) => classification + box + centerness)
  const learned = model.parameters.trainable()
  const gradientNorm = Number.isFinite(loss) ? optimiser.step(learned, rate, 1 / passes, step) : Number.NaN
  if (!Number.isFinite(gradientNorm)) {
    for (const parameter of learned) parameter.clearGradient()
    return null
  }
  average?.update(step, steps)
  return {
    loss,
    classification: mean(({ classification }) => classification),
    box: mean(({ box }) => box),
    centerness: mean(({ centerness }) => centerness),
    centernessExcess: mean(({ centerness, centernessFloor }) => centerness - centernessFloor),
    gradientNorm,
    positives: losses.reduce((sum, { positives }) => sum + positives, 0),
  }
}
