/**
 * A run on live data: images join, change and leave between two batches. It learns at a constant rate with a moving average
 * of the weights, publishes that average every few seconds, and rests once more steps teach nothing.
 */
import { existsSync, rmSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type {
  AssistLabelsRequest,
  AssistRequest,
  AssistResult,
  EngineData,
  EngineEvent,
  EngineImage,
  TrainStep,
} from '../../../core/contract/engine.ts'
import { writeRunData } from '../../../core/contract/run-data.ts'
import type { RunRecord } from '../../../core/contract/run-record.ts'
import type { LearningDepth, TrainingFile, TrainingOptions } from '../../../core/contract/training.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { CodedError } from '../../../core/errors.ts'
import { trainingOptions } from '../../../core/training/presets.ts'
import { sampleRules } from '../../../core/training/tiles.ts'
import { replaceFile } from '../../files/replace-file.ts'
import type { JobControl } from '../control.ts'
import type { BatchPlan } from '../data/batch.ts'
import { canvasFor, trainingCanvas } from '../data/canvas.ts'
import { seenSize, trainingSamples } from '../data/samples.ts'
import { tilesInCheckpoint } from '../detect/learnt-side.ts'
import { faultOf } from '../faults.ts'
import { Network } from '../model/network.ts'
import { peakMb, residentMb } from '../resources.ts'
import { device } from '../tensor/tensorflow.ts'
import { readCheckpoint, writeCheckpoint } from '../weights/checkpoint.ts'
import { ImageBatches } from './batches.ts'
import { beginLearning, endLearning, type Learning } from './learning.ts'
import { withClasses } from './live-classes.ts'
import { deeper, live, liveDepth, liveOptions, Settling, samplesInTurn } from './live-schedule.ts'
import { Normaliser } from './normaliser.ts'
import { problemNotes } from './open-batches.ts'
import { Optimiser } from './optimiser.ts'
import { RunFolder } from './run-folder.ts'
import { RunLogs } from './run-logs.ts'
import { rateFactor } from './schedule.ts'
import { startingPoint } from './starting-point.ts'
import { type Progress, restoreState, saveState } from './state.ts'
import { takeStep } from './step.ts'
import { chooseTrainable } from './trainable.ts'

type Emit = (event: EngineEvent) => void

/** Milliseconds between two publications of the weights: few at first, when every step counts. */
const PUBLISH_MS = { least: 2000, most: 8000, shareOfRun: 0.05 }
/** Milliseconds between two savings of all that the optimiser knows; until then the published weights stand for it. */
const SAVE_MS = 60_000
/** Milliseconds without work after each batch: a machine with other work gets it done, whatever priorities mean to it. */
const BREATH_MS = 2
const MAX_ROLLBACKS = 5

/** @throws CodedError of what the user mends, and TRAIN_DIVERGED, RUNTIME_OUT_OF_MEMORY, IO_*, saying what is kept. */
export async function assist(request: AssistRequest, emit: Emit, control: JobControl): Promise<AssistResult> {
  const folder = new RunFolder(request.out)
  let run: LiveRun | null = null
  try {
    run = await (request.resume ? resumed(folder, request, emit) : started(folder, request, emit))
    return await run.untilCancelled(control)
  } catch (error) {
    throw faultOf(error, run ? `What was published last is kept in ${folder.last}` : 'Nothing was learnt')
  } finally {
    await run?.close()
  }
}

const FRESH: Progress = {
  step: 0,
  rateScale: 1,
  rollbacks: 0,
  positives: null,
  best: null,
  owesEvaluation: false,
}

async function started(folder: RunFolder, request: AssistRequest, emit: Emit): Promise<LiveRun> {
  const { data, weights } = request
  const start = await startingPoint({ ...request, options: live(request.options) })
  const options = liveOptions(start.options, request.options, data.images.length, start.trained)
  const record: RunRecord = {
    format: 'fcos-studio-run',
    version: 1,
    model: start.config,
    options,
    canvas: canvasFor(data, start.config, sampleRules(data.images, start.config.input, options)),
    images: data.images.length,
    loaded: start.report,
    weights: weights && resolve(weights),
    started: new Date().toISOString(),
    device,
  }
  // An engine that ended before it had published anything leaves a record without weights.
  if (!hasLearnt(folder)) rmSync(folder.record, { force: true })
  await folder.create(record, { data, validation: null })
  const learning = beginLearning(new Network(start.config, start.state), options)
  return new LiveRun(
    { folder, record, learning, progress: FRESH, chosen: request.options, emit, resumed: false },
    data,
  )
}

const hasLearnt = ({ state, last }: RunFolder): boolean => existsSync(state) || existsSync(last)

/** From the saved state, or from the weights that were published since. */
async function resumed(folder: RunFolder, request: AssistRequest, emit: Emit): Promise<LiveRun> {
  const { record } = folder.open()
  const saved = existsSync(folder.state)
  const published =
    existsSync(folder.last) && (!saved || statSync(folder.last).mtimeMs > statSync(folder.state).mtimeMs)
  if (!hasLearnt(folder)) {
    throw new CodedError('USAGE_NO_RUN', `${folder.path} holds nothing to go on from`, 'Start a new run')
  }
  const restored = published
    ? await fromCheckpoint(folder.last, record.options)
    : { ...(await restoreState(folder.state, record.model, record.options)), config: record.model }
  const { learning, progress, config } = restored
  const start = {
    folder,
    record: { ...record, model: config },
    learning,
    progress,
    chosen: request.options,
    emit,
  }
  return new LiveRun({ ...start, resumed: true }, request.data)
}

async function fromCheckpoint(path: string, options: TrainingOptions) {
  const { config, tensors, training } = await readCheckpoint(path)
  const step = Number(training?.step ?? 0)
  return {
    config,
    learning: beginLearning(new Network(config, tensors), options),
    progress: { ...FRESH, step },
  }
}

interface LiveStart {
  readonly folder: RunFolder
  readonly record: RunRecord
  readonly learning: Learning
  readonly progress: Progress
  readonly chosen: TrainingFile
  readonly emit: Emit
  readonly resumed: boolean
}

class LiveRun {
  readonly #folder: RunFolder
  readonly #emit: Emit
  readonly #chosen: TrainingFile
  readonly #resumed: boolean
  #record: RunRecord
  #learning: Learning
  #progress: Progress
  #normaliser: Normaliser
  /** In the order in which they joined or were changed: the newest last. */
  readonly #images = new Map<number, EngineImage>()
  #categories: EngineData['categories']
  /** As in checkpoints. */
  #imageSide: number | null = null
  /** Grows with every change of the data, so that no two plans draw alike. */
  #generation = 0
  #batches: ImageBatches | null = null
  #logs: RunLogs
  /** Steps since the depth, the classes or the process changed: the rate alone warms up over them. */
  #stepsOfPhase = 0
  readonly #settling = new Settling()
  #published = { at: performance.now(), step: -1, images: -1 }
  #savedAt = performance.now()
  #learnedMs = 0

  constructor({ folder, record, learning, progress, chosen, emit, resumed }: LiveStart, data: EngineData) {
    this.#folder = folder
    this.#emit = emit
    this.#chosen = chosen
    this.#resumed = resumed
    this.#record = record
    this.#learning = learning
    this.#progress = progress
    this.#normaliser = new Normaliser(record.options.normaliser, progress.positives)
    this.#categories = data.categories
    for (const image of data.images) this.#images.set(image.id, image)
    this.#logs = new RunLogs(folder, progress.step)
  }

  async untilCancelled(control: JobControl): Promise<AssistResult> {
    const { options, canvas, loaded } = this.#record
    const resumedFrom = this.#resumed ? this.#progress.step : null
    this.#emit({ kind: 'plan', options, canvas, loaded, resumedFrom })
    await this.#relabel(this.#categories)
    while (!control.signal.aborted) {
      const changes = control.taken()
      if (changes.length > 0) await this.#apply(changes)
      if (this.#images.size === 0 || this.#settling.settled) await this.#rest(control)
      else await this.#learn()
      await control.turn()
      await setTimeout(BREATH_MS)
    }
    await this.#publish()
    await this.#save()
    return { steps: this.#progress.step, checkpoint: this.#folder.last }
  }

  /** Nothing is computed until labels come. */
  async #rest(control: JobControl): Promise<void> {
    await this.#publish()
    await this.#save()
    this.#tell(true)
    await control.rest()
  }

  async #apply(changes: readonly AssistLabelsRequest[]): Promise<void> {
    for (const { changed, removed } of changes) {
      for (const id of [...removed, ...changed.map((image) => image.id)]) this.#images.delete(id)
      for (const image of changed) this.#images.set(image.id, image)
    }
    await this.#relabel(changes.at(-1)!.categories)
  }

  /** The next batch is made of the labels as they are now. */
  async #relabel(categories: EngineData['categories']): Promise<void> {
    this.#settling.begin(this.#images.size)
    if (this.#images.size === 0) return
    this.#categories = categories
    const classes = this.#record.model.classes
    if (JSON.stringify(classes) !== JSON.stringify(categories)) this.#reclass(categories)
    const preset = trainingOptions(this.#record.model.architecture, this.#images.size, this.#chosen.training)
    this.#deepen(this.#chosen.training?.learn ?? liveDepth(preset.learn, this.#images.size))
    const plan = this.#plan()
    if (this.#batches) this.#batches.follow(plan)
    else {
      this.#batches = new ImageBatches(
        this.#learning.model,
        plan,
        this.#progress.step,
        problemNotes((message) => this.#emit({ kind: 'note', message })),
      )
    }
  }

  #plan(): BatchPlan {
    const { options, model } = this.#record
    const images = [...this.#images.values()]
    const rules = sampleRules(images, model.input, options)
    const samples = trainingSamples({ categories: this.#categories, images }, model.classes, rules)
    const canvas = trainingCanvas(samples.map(seenSize), model.input)
    this.#imageSide = rules.rule.learnt
    this.#record = { ...this.#record, canvas, images: images.length }
    return {
      samples: samplesInTurn(samples),
      ...{ canvas, input: model.input, augment: options.augment, batchSize: options.batch },
      seed: options.seed + this.#generation++,
      totalSteps: Number.POSITIVE_INFINITY,
      copies: this.#folder.copies,
    }
  }

  /** Classes keep their rows by their ids, whatever they are called now. */
  #reclass(classes: ModelConfig['classes']): void {
    const options = this.#record.options
    this.#learning = withClasses(this.#learning, classes, options)
    this.#batches?.use(this.#learning.model)
    this.#record = { ...this.#record, model: this.#learning.model.config }
    this.#stepsOfPhase = 0
  }

  #deepen(learn: LearningDepth): void {
    if (!deeper(learn, this.#record.options.learn)) return
    const options = { ...this.#record.options, learn }
    this.#record = { ...this.#record, options }
    chooseTrainable(this.#learning.model, learn)
    this.#learning.average?.extend(this.#learning.model.parameters.trainable())
    this.#stepsOfPhase = 0
  }

  async #learn(): Promise<void> {
    const started = performance.now()
    const { options } = this.#record
    const { step, rateScale } = this.#progress
    const warming = rateFactor(this.#stepsOfPhase, Number.POSITIVE_INFINITY, {
      ...options.schedule,
      decay: 'constant',
    })
    const rate = options.optimiser.rate * rateScale * warming
    const figures = await takeStep(this.#learning, this.#batches!, this.#normaliser, {
      step,
      steps: options.steps,
      passes: options.accumulate,
      rate,
    })
    if (figures === null) return this.#rollBack()
    this.#stepsOfPhase++
    this.#settling.note(figures.loss, options.batch * options.accumulate)
    const milliseconds = performance.now() - started
    this.#learnedMs += milliseconds
    this.#progress = { ...this.#progress, step: step + 1, positives: this.#normaliser.average }
    const line: TrainStep = {
      detector: this.#record.model.detector,
      step: step + 1,
      steps: options.steps,
      ...figures,
      rate,
      imagesPerSecond: (1000 * options.batch * options.accumulate) / milliseconds,
      remainingSeconds: 0,
      device,
      memoryMb: residentMb(),
      peakMb: peakMb(),
    }
    this.#logs.step(line)
    this.#emit({ kind: 'step', ...line })
    this.#tell(false)
    const every = Math.min(
      PUBLISH_MS.most,
      Math.max(PUBLISH_MS.least, PUBLISH_MS.shareOfRun * this.#learnedMs),
    )
    if (performance.now() - this.#published.at >= every) await this.#publish()
    if (performance.now() - this.#savedAt >= SAVE_MS) await this.#save()
  }

  #tell(resting: boolean): void {
    const { user, system } = process.cpuUsage()
    const { learn } = this.#record.options
    this.#emit({
      kind: 'assist',
      resting,
      learn,
      images: this.#images.size,
      cpuSeconds: (user + system) / 1e6,
    })
  }

  /** The averages take the weights' place, with half the rate: a diverged network cannot be mended by further steps. */
  #rollBack(): void {
    const { step, rollbacks, rateScale } = this.#progress
    if (rollbacks === MAX_ROLLBACKS) {
      throw new CodedError(
        'TRAIN_DIVERGED',
        `The loss was not finite at step ${step + 1}, for the ${MAX_ROLLBACKS + 1}th time`,
        'Look at the boxes of the newest images, then switch Assist on again',
      )
    }
    this.#learning.average?.restore()
    this.#learning.optimiser.dispose()
    this.#learning = { ...this.#learning, optimiser: new Optimiser(this.#record.options.optimiser) }
    this.#stepsOfPhase = 0
    this.#progress = { ...this.#progress, rollbacks: rollbacks + 1, rateScale: rateScale / 2 }
    this.#emit({
      kind: 'note',
      message: `The loss was not finite at step ${step + 1}. Assist goes on with half the learning rate`,
    })
  }

  async #publish(): Promise<void> {
    const { step } = this.#progress
    const { size, seed, tile } = this.#record.options
    if (this.#published.step === step) return
    const { model, average } = this.#learning
    const read = async () => model.parameters.toStateDict()
    const tensors = await (average ? average.during(read) : read())
    const tiles = tilesInCheckpoint(this.#imageSide, tile)
    const training = { step, size, seed, images: this.#images.size, ...tiles, stats: null }
    await writeCheckpoint(this.#folder.last, { config: model.config, tensors, training })
    await this.#describe()
    this.#published = { at: performance.now(), step, images: this.#images.size }
    this.#emit({ kind: 'published', step, checkpoint: this.#folder.last, images: this.#images.size })
  }

  #described = -1
  /** What it learns from, as far as it changed. */
  async #describe(): Promise<void> {
    if (this.#described === this.#generation || this.#images.size === 0) return
    this.#described = this.#generation
    const data = { categories: this.#categories, images: [...this.#images.values()] }
    const bytes = new TextEncoder().encode(writeRunData({ data, validation: null }))
    // A kill leaves what the next attempt overwrites.
    await replaceFile(this.#folder.data, bytes, `${this.#folder.data}.partial`)
    await this.#folder.replaceRecord(this.#record)
  }

  async #save(): Promise<void> {
    await saveState(this.#folder.state, this.#learning, this.#progress)
    this.#savedAt = performance.now()
  }

  async close(): Promise<void> {
    try {
      await this.#batches?.close()
      this.#logs.close()
    } finally {
      endLearning(this.#learning)
    }
  }
}
