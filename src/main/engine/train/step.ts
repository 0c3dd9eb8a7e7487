/** One optimiser step: one or more passes forward and back, then the weights and their average move. */
import type { TrainStep } from '../../../core/contract/engine.ts'
import type { Losses } from '../../../core/detectors/detector.ts'
import type { Batches } from './batches.ts'
import type { Learning } from './learning.ts'
import type { Normaliser } from './normaliser.ts'

export type StepFigures = Pick<TrainStep, 'loss' | 'figures' | 'gradientNorm' | 'positives'>

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
  const passed: Losses[] = []
  for (let pass = 0; pass < passes; pass++) {
    passed.push(await batches.next({ normaliser: (positives) => normaliser.next(positives) }))
  }
  const mean = (of: (losses: Losses) => number) =>
    passed.reduce((sum, losses) => sum + of(losses), 0) / passes
  const loss = mean(({ losses }) => Object.values(losses).reduce((sum, each) => sum + each, 0))
  const learned = model.parameters.trainable()
  const gradientNorm = Number.isFinite(loss) ? optimiser.step(learned, rate, 1 / passes, step) : Number.NaN
  if (!Number.isFinite(gradientNorm)) {
    for (const parameter of learned) parameter.clearGradient()
    return null
  }
  average?.update(step, steps)
  return {
    loss,
    figures: {
      ...means(passed.map(({ losses }) => losses)),
      ...means(passed.map(({ figures }) => figures)),
    },
    gradientNorm,
    positives: passed.reduce((sum, { positives }) => sum + positives, 0),
  }
}

/** The mean of each figure over records that have the same names. */
const means = (records: readonly Readonly<Record<string, number>>[]): Record<string, number> =>
  Object.fromEntries(
    Object.keys(records[0] ?? {}).map((name) => [
      name,
      records.reduce((sum, record) => sum + record[name], 0) / records.length,
    ]),
  )
