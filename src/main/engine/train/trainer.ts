/** A training run from its first step, or its last saved one, to its end. */
import { join } from 'node:path'
import type {
  EngineEvent,
  Evaluated,
  TrainRequest,
  TrainResult,
  TrainStep,
} from '../../../core/contract/engine.ts'
import { CodedError } from '../../../core/contract/errors.ts'
import type { TrainingOptions } from '../../../core/contract/training.ts'
import type { BatchPlan } from '../data/batch.ts'
import { trainingCanvas } from '../data/canvas.ts'
import { trainingSamples } from '../data/samples.ts'
import { Fcos } from '../model/fcos.ts'
import { writeCheckpoint } from '../weights/checkpoint.ts'
import { WeightAverage } from './average.ts'
import { type Batches, ImageBatches } from './batches.ts'
import { CachedFeatures, cutFor } from './cached-features.ts'
import { initialWeights } from './initial-weights.ts'
import { Normaliser } from './normaliser.ts'
import { Optimiser } from './optimiser.ts'
import { trainingOptions } from './presets.ts'
import { RunFolder, type RunRecord } from './run-folder.ts'
import { RunLogs } from './run-logs.ts'
import { rateFactor } from './schedule.ts'
import { startingPoint } from './starting-point.ts'
import { type Learning, type Progress, restoreState, saveState } from './state.ts'
import { takeStep } from './step.ts'
import { chooseTrainable } from './trainable.ts'
import { validate } from './validate.ts'

type Emit = (event: EngineEvent) => void

/** Halvings of the rate after non-finite losses before a run gives up. */
const MAX_ROLLBACKS = 5

export async function train(request: TrainRequest, emit: Emit, signal: AbortSignal): Promise<TrainResult> {
  const folder = new RunFolder(request.out)
  const { record, model } = request.resume ? resumed(folder) : await started(folder, request)
  const run = new Run(folder, record, model, request, emit)
  try {
    await run.prepare(request.resume)
    return await run.toTheEnd(signal)
  } finally {
    await run.close()
  }
}

interface Start {
  readonly record: RunRecord
  readonly model: Fcos
}

async function started(folder: RunFolder, request: TrainRequest): Promise<Start> {
  const { data, architecture, options: chosen } = request
  const options = trainingOptions(architecture, data.images.length, chosen.training)
  if (options.cacheFeatures) cutFor(options.learn)
  const { config, state, report } = await startingPoint(request, options.size, options.seed)
  const record: RunRecord = {
    format: 'fcos-studio-run',
    version: 1,
    model: config,
    options,
    canvas: trainingCanvas(data.images, config.input),
    images: data.images.length,
    loaded: report,
  }
  await folder.create(record)
  return { record, model: new Fcos(config, state) }
}

function resumed(folder: RunFolder): Start {
  const record = folder.open()
  // The saved state holds every tensor, so these values only give the shapes.
  return { record, model: new Fcos(record.model, initialWeights(record.model, 0)) }
}

class Run {
  readonly #folder: RunFolder
  readonly #options: TrainingOptions
  readonly #record: RunRecord
  readonly #learning: Learning
  readonly #request: TrainRequest
  readonly #emit: Emit
  #normaliser: Normaliser
  #progress: Progress = { step: 0, rateScale: 1, rollbacks: 0, positives: null, bestAp: null }
  #batches: Batches | null = null
  #logs: RunLogs | null = null
  #evaluation: Evaluated | null = null

  constructor(folder: RunFolder, record: RunRecord, model: Fcos, request: TrainRequest, emit: Emit) {
    const { options } = record
    chooseTrainable(model, options.learn)
    this.#folder = folder
    this.#record = record
    this.#options = options
    this.#request = request
    this.#emit = emit
    this.#normaliser = new Normaliser(options.normaliser)
    this.#learning = {
      model,
      optimiser: new Optimiser(options.optimiser),
      average: options.average ? new WeightAverage(model.parameters.trainable()) : null,
    }
  }

  /** Takes up the saved state, or saves the first one, so that there is always one to come back to. */
  async prepare(resume: boolean): Promise<void> {
    if (resume) await this.#restore()
    else await this.#save()
    const { options, canvas, loaded } = this.#record
    this.#emit({ kind: 'plan', options, canvas, loaded, resumedFrom: resume ? this.#progress.step : null })
    await this.#openStreams()
  }

  async toTheEnd(signal: AbortSignal): Promise<TrainResult> {
    const { steps, evaluateEvery, saveEvery } = this.#options
    while (this.#progress.step < steps && !signal.aborted) {
      await this.#step()
      const { step } = this.#progress
      const last = step === steps
      if (last || (evaluateEvery > 0 && step % evaluateEvery === 0)) await this.#evaluate(signal)
      if (last || step % saveEvery === 0) await this.#save()
      // Lets requests in: steps do not yield by themselves.
      await new Promise(setImmediate)
    }
    if (signal.aborted) {
      await this.#save()
      await this.#writeModel(this.#folder.last)
    }
    return {
      steps: this.#progress.step,
      complete: this.#progress.step === steps,
      checkpoint: this.#progress.bestAp === null ? this.#folder.last : this.#folder.best,
      evaluation: this.#evaluation,
    }
  }

  async #step(): Promise<void> {
    const started = performance.now()
    const { batch, accumulate, steps, schedule, optimiser } = this.#options
    const { step, rateScale } = this.#progress
    const rate = optimiser.rate * rateScale * rateFactor(step, steps, schedule)
    const options = { step, steps, passes: accumulate, rate }
    const figures = await takeStep(this.#learning, this.#batches as Batches, this.#normaliser, options)
    if (figures === null) {
      await this.#rollBack(step)
      return
    }
    this.#progress.step++
    this.#progress.positives = this.#normaliser.average
    const seconds = (performance.now() - started) / 1000
    const line: TrainStep = {
      step: step + 1,
      steps,
      ...figures,
      rate,
      imagesPerSecond: (batch * accumulate) / seconds,
      remainingSeconds: this.#pace(seconds) * (steps - step - 1),
    }
    this.#logs?.step(line)
    this.#emit({ kind: 'step', ...line })
  }

  #secondsPerStep: number | null = null
  /** A step's expected seconds, smoothed over about ten. */
  #pace(seconds: number): number {
    this.#secondsPerStep =
      this.#secondsPerStep === null ? seconds : 0.9 * this.#secondsPerStep + 0.1 * seconds
    return this.#secondsPerStep
  }

  /** Back to the last saved state with half the rate: a diverged network cannot be mended by further steps. */
  async #rollBack(step: number): Promise<void> {
    const { rollbacks, rateScale } = this.#progress
    if (rollbacks === MAX_ROLLBACKS) {
      throw new CodedError(
        'TRAIN_DIVERGED',
        `The loss was not finite at step ${step + 1}, for the ${MAX_ROLLBACKS + 1}th time`,
        `The state of step ${this.#progress.step} and earlier checkpoints are kept in ${this.#folder.path}. Look at the boxes near that step, or train with a lower rate`,
      )
    }
    await this.#closeStreams()
    await this.#restore()
    this.#progress.rollbacks = rollbacks + 1
    this.#progress.rateScale = rateScale / 2
    await this.#save()
    this.#emit({
      kind: 'note',
      message: `The loss was not finite at step ${step + 1}. Training goes on from step ${this.#progress.step} with half the learning rate`,
    })
    await this.#openStreams()
  }

  async #evaluate(signal: AbortSignal): Promise<void> {
    const { validation } = this.#request
    const { step } = this.#progress
    const evaluation = validation
      ? await this.#withAverages(() => validate(this.#learning.model, validation, step, signal))
      : null
    if (signal.aborted) return
    if (evaluation) {
      const [ap] = evaluation.stats
      const best = this.#progress.bestAp === null || ap > this.#progress.bestAp
      if (best) {
        this.#progress.bestAp = ap
        await this.#writeModel(this.#folder.best, evaluation)
        this.#evaluation = evaluation
      }
      this.#logs?.evaluated(evaluation)
      this.#emit({ kind: 'evaluated', best, ...evaluation })
    }
    await this.#writeModel(this.#folder.last, evaluation)
  }

  async #writeModel(path: string, evaluation: Evaluated | null = null): Promise<void> {
    const { model } = this.#learning
    const tensors = await this.#withAverages(async () => model.parameters.toStateDict())
    const { step } = this.#progress
    const { size, seed } = this.#options
    const training = { step, size, seed, images: this.#record.images, stats: evaluation?.stats ?? null }
    await writeCheckpoint(path, { config: model.config, tensors, training })
  }

  #withAverages<T>(body: () => Promise<T>): Promise<T> {
    return this.#learning.average ? this.#learning.average.during(body) : body()
  }

  #save(): Promise<void> {
    return saveState(this.#folder.state, this.#learning, this.#progress)
  }

  async #restore(): Promise<void> {
    this.#progress = await restoreState(this.#folder.state, this.#learning)
    this.#normaliser = new Normaliser(this.#options.normaliser, this.#progress.positives)
  }

  /** Batches and logs from the current step on. */
  async #openStreams(): Promise<void> {
    const { options, canvas, model: config } = this.#record
    const { step } = this.#progress
    this.#logs = new RunLogs(this.#folder, step)
    const plan: BatchPlan = {
      samples: trainingSamples(this.#request.data, config.classes),
      canvas,
      input: config.input,
      augment: options.augment,
      seed: options.seed,
      batchSize: options.batch,
      totalSteps: options.steps * options.accumulate,
    }
    const first = step * options.accumulate
    const report = (problem: { file: string; reason: string }) =>
      this.#emit({ kind: 'note', message: `${problem.file} is skipped: ${problem.reason}` })
    const { model } = this.#learning
    this.#batches = options.cacheFeatures
      ? await CachedFeatures.build(
          model,
          plan,
          join(this.#folder.path, 'features'),
          options.learn,
          first,
          report,
        )
      : new ImageBatches(model, plan, first, report)
  }

  async #closeStreams(): Promise<void> {
    await this.#batches?.close()
    this.#logs?.close()
    this.#batches = null
    this.#logs = null
  }

  async close(): Promise<void> {
    await this.#closeStreams()
    this.#learning.optimiser.dispose()
    this.#learning.average?.dispose()
    this.#learning.model.dispose()
  }
}
