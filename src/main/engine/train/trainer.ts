/** A training run from its first step, or its last saved one, to its end. */
import {
  decidingAp,
  type EngineEvent,
  type Evaluated,
  type TrainRequest,
  type TrainResult,
  type TrainStep,
} from '../../../core/contract/engine.ts'
import type { RunData } from '../../../core/contract/run-data.ts'
import type { RunRecord } from '../../../core/contract/run-record.ts'
import type { TrainingOptions } from '../../../core/contract/training.ts'
import { CodedError, describe, type WireError } from '../../../core/errors.ts'
import { evaluationRules, type SampleRules, sampleRules } from '../../../core/training/tiles.ts'
import type { JobControl } from '../control.ts'
import { tilesInCheckpoint } from '../detect/learnt-side.ts'
import { faultOf } from '../faults.ts'
import { peakMb, residentMb } from '../resources.ts'
import { device } from '../tensor/tensorflow.ts'
import { writeCheckpoint } from '../weights/checkpoint.ts'
import type { Batches } from './batches.ts'
import { dataNotes } from './data-notes.ts'
import { endLearning, type Learning } from './learning.ts'
import { Normaliser } from './normaliser.ts'
import { openBatches } from './open-batches.ts'
import { PinnedImages } from './pinned.ts'
import { RunFolder } from './run-folder.ts'
import { RunLogs } from './run-logs.ts'
import { rateFactor } from './schedule.ts'
import { resumedRun, type Start, startedRun } from './start.ts'
import { type Progress, restoreState, saveState } from './state.ts'
import { takeStep } from './step.ts'
import { validate } from './validate.ts'

type Emit = (event: EngineEvent) => void

/** Halvings of the rate after non-finite losses before a run gives up. */
const MAX_ROLLBACKS = 5

/** @throws CodedError of what the user can fix, and TRAIN_DIVERGED, RUNTIME_OUT_OF_MEMORY, IO_*, saying what is kept. */
export async function train(request: TrainRequest, emit: Emit, control: JobControl): Promise<TrainResult> {
  const folder = new RunFolder(request.out)
  let run: Run | null = null
  try {
    const start = await (request.resume ? resumedRun(folder, request) : startedRun(folder, request))
    run = new Run(folder, start, request.pinned, emit)
    try {
      await run.prepare(request.resume, control)
      return await run.toTheEnd(control)
    } finally {
      await run.close()
    }
  } catch (error) {
    throw faultOf(error, run?.kept ?? 'Nothing was trained')
  }
}

class Run {
  readonly #folder: RunFolder
  readonly #options: TrainingOptions
  readonly #record: RunRecord
  #learning: Learning
  readonly #data: RunData
  readonly #rules: SampleRules
  readonly #pinned: TrainRequest['pinned']
  readonly #emit: Emit
  #normaliser: Normaliser
  #progress: Progress
  #savedStep: number | null = null
  #batches: Batches | null = null
  #logs: RunLogs | null = null
  #pinnedImages: PinnedImages | null = null

  constructor(
    folder: RunFolder,
    { record, data, learning, progress }: Start,
    pinned: TrainRequest['pinned'],
    emit: Emit,
  ) {
    this.#folder = folder
    this.#record = record
    this.#options = record.options
    this.#data = data
    this.#rules = sampleRules(data.data.images, record.model.input, record.options)
    this.#pinned = pinned
    this.#emit = emit
    this.#learning = learning
    this.#progress = progress
    this.#normaliser = new Normaliser(record.options.normaliser, progress.positives)
  }

  /** What there is to come back to, as a sentence without its full stop. */
  get kept(): string {
    return this.#savedStep === null
      ? 'Nothing was trained'
      : `The state of step ${this.#savedStep} and earlier checkpoints are kept in ${this.#folder.path}`
  }

  /** Saves the first state of a new run, so that there is always one to come back to. */
  async prepare(resume: boolean, control: JobControl): Promise<void> {
    if (resume) this.#savedStep = this.#progress.step
    else await this.#save()
    const { options, canvas, loaded } = this.#record
    this.#emit({ kind: 'plan', options, canvas, loaded, resumedFrom: resume ? this.#progress.step : null })
    if (!resume)
      for (const note of dataNotes(this.#data.data, this.#record.model, this.#rules)) this.#note(note)
    if (this.#pinned) this.#pinnedImages = await PinnedImages.open(this.#pinned.images, this.#note)
    await this.#openStreams(control)
  }

  async toTheEnd(control: JobControl): Promise<TrainResult> {
    const { signal } = control
    const { steps, evaluateEvery, saveEvery } = this.#options
    if (this.#progress.owesEvaluation && !signal.aborted) await this.#evaluate(signal)
    while (this.#progress.step < steps && !signal.aborted) {
      if (!(await this.#step(control))) continue
      const { step } = this.#progress
      const last = step === steps
      this.#progress.owesEvaluation = last || (evaluateEvery > 0 && step % evaluateEvery === 0)
      if (this.#progress.owesEvaluation) await this.#evaluate(signal)
      if (last || step % saveEvery === 0) await this.#save()
      if (this.#pinned && (last || step % this.#pinned.every === 0)) await this.#showPinned()
      await control.turn(() => this.#save())
    }
    if (signal.aborted) {
      await this.#save()
      await this.#writeModel(this.#folder.last)
    }
    return {
      steps: this.#progress.step,
      complete: this.#progress.step === steps && !this.#progress.owesEvaluation,
      checkpoint: this.#progress.best === null ? this.#folder.last : this.#folder.best,
      evaluation: this.#progress.best,
    }
  }

  /** Whether it was taken; false where the run went back to its last saved state instead. */
  async #step(control: JobControl): Promise<boolean> {
    const started = performance.now()
    const { batch, accumulate, steps, schedule, optimiser } = this.#options
    const { step, rateScale } = this.#progress
    const rate = optimiser.rate * rateScale * rateFactor(step, steps, schedule)
    const options = { step, steps, passes: accumulate, rate }
    const figures = await takeStep(this.#learning, this.#batches as Batches, this.#normaliser, options)
    if (figures === null) {
      await this.#rollBack(step, control)
      return false
    }
    this.#progress.step++
    this.#progress.positives = this.#normaliser.average
    const seconds = (performance.now() - started) / 1000
    const line: TrainStep = {
      detector: this.#record.model.detector,
      step: step + 1,
      steps,
      ...figures,
      rate,
      imagesPerSecond: (batch * accumulate) / seconds,
      remainingSeconds: this.#pace(seconds) * (steps - step - 1),
      device,
      memoryMb: residentMb(),
      peakMb: peakMb(),
    }
    this.#logs?.step(line)
    this.#emit({ kind: 'step', ...line })
    return true
  }

  #secondsPerStep: number | null = null
  /** A step's expected seconds, smoothed over about ten. */
  #pace(seconds: number): number {
    this.#secondsPerStep =
      this.#secondsPerStep === null ? seconds : 0.9 * this.#secondsPerStep + 0.1 * seconds
    return this.#secondsPerStep
  }

  /** Back to the last saved state with half the rate: a diverged network is not saved by further steps. */
  async #rollBack(step: number, control: JobControl): Promise<void> {
    const { rollbacks, rateScale } = this.#progress
    if (rollbacks === MAX_ROLLBACKS) {
      throw new CodedError(
        'TRAIN_DIVERGED',
        `The loss was not finite at step ${step + 1}, for the ${MAX_ROLLBACKS + 1}th time`,
        `${this.kept}. Look at the boxes near that step, or train with a lower rate`,
      )
    }
    await this.#closeStreams()
    endLearning(this.#learning)
    const restored = await restoreState(this.#folder.state, this.#record.model, this.#options)
    this.#learning = restored.learning
    this.#progress = restored.progress
    this.#normaliser = new Normaliser(this.#options.normaliser, this.#progress.positives)
    this.#progress.rollbacks = rollbacks + 1
    this.#progress.rateScale = rateScale / 2
    await this.#save()
    this.#note(
      `The loss was not finite at step ${step + 1}. Training goes on from step ${this.#progress.step} with half the learning rate`,
    )
    await this.#openStreams(control)
  }

  /** Where it is stopped, it remains to be made. */
  async #evaluate(signal: AbortSignal): Promise<void> {
    const { validation } = this.#data
    const { step } = this.#progress
    const measured = validation
      ? await this.#withAverages(() =>
          validate(
            this.#learning.model,
            validation,
            evaluationRules(this.#rules, this.#options),
            step,
            signal,
            this.#noteLeftOut,
          ),
        )
      : ({ complete: true, evaluation: null } as const)
    if (!measured.complete) return
    const { evaluation } = measured
    this.#progress.owesEvaluation = false
    if (validation && evaluation === null) {
      this.#note(`Step ${step} was not measured: none of the validation images can be used`)
    }
    if (evaluation) {
      const { best: before } = this.#progress
      const best = before === null || decidingAp(evaluation) > decidingAp(before)
      if (best) {
        await this.#writeModel(this.#folder.best, evaluation)
        this.#progress.best = evaluation
      }
      this.#logs?.evaluated(evaluation)
      this.#emit({ kind: 'evaluated', best, ...evaluation })
    }
    await this.#writeModel(this.#folder.last, evaluation)
  }

  /** With the averages, as they would be saved. */
  #showPinned(): Promise<void> {
    const { model } = this.#learning
    return this.#withAverages(async () => {
      for (const seen of this.#pinnedImages?.predict(model, this.#progress.step) ?? []) {
        this.#emit({ kind: 'pinned', ...seen })
        await new Promise(setImmediate)
      }
    })
  }

  async #writeModel(path: string, evaluation: Evaluated | null = null): Promise<void> {
    const { model } = this.#learning
    const tensors = await this.#withAverages(async () => model.parameters.toStateDict())
    const { step } = this.#progress
    const { size, seed, tile } = this.#options
    const { images } = this.#record
    const tiles = tilesInCheckpoint(this.#rules.rule.learnt, tile)
    const training = { step, size, seed, images, ...tiles, stats: evaluation?.stats ?? null }
    await writeCheckpoint(path, { config: model.config, tensors, training })
  }

  readonly #leftOut = new Set<string>()
  /** Once per run and image, though it is met in every evaluation. */
  readonly #noteLeftOut = (error: WireError): void => {
    if (this.#leftOut.has(error.message)) return
    this.#leftOut.add(error.message)
    this.#note(`Left out of the validation: ${describe(error)}`)
  }

  readonly #note = (message: string): void => this.#emit({ kind: 'note', message })

  #withAverages<T>(body: () => Promise<T>): Promise<T> {
    return this.#learning.average ? this.#learning.average.during(body) : body()
  }

  async #save(): Promise<void> {
    await saveState(this.#folder.state, this.#learning, this.#progress)
    this.#savedStep = this.#progress.step
  }

  /** Batches and logs from the current step on. */
  async #openStreams(control: JobControl): Promise<void> {
    const { options, canvas } = this.#record
    const { step } = this.#progress
    this.#logs = new RunLogs(this.#folder, step)
    const { features, copies } = this.#folder
    const settings = { options, canvas, data: this.#data.data, rules: this.#rules, features, copies }
    this.#batches = await openBatches(this.#learning.model, settings, step, this.#note, {
      control,
      report: (done, total) => this.#emit({ kind: 'preparing', done, total }),
    })
  }

  async #closeStreams(): Promise<void> {
    await this.#batches?.close()
    this.#logs?.close()
    this.#batches = null
    this.#logs = null
  }

  async close(): Promise<void> {
    try {
      await this.#closeStreams()
    } finally {
      endLearning(this.#learning)
    }
  }
}
