/** `fcos train`: fine-tunes a detector on a data set. */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type {
  EngineEvent,
  EngineHello,
  Evaluated,
  TrainRequest,
  TrainResult,
} from '../../../core/contract/engine.ts'
import { RUN_FILES, runExists } from '../../../core/contract/run-record.ts'
import { inferenceOnly } from '../../../core/contract/runtime.ts'
import { TrainingFile } from '../../../core/contract/training.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { Tiling } from '../../../core/detectors/shared/tiles.ts'
import { CodedError, fileFault } from '../../../core/errors.ts'
import type { Format } from '../../../core/formats/formats.ts'
import { firstIssue, parseJson } from '../../../core/formats/problems.ts'
import { countOf } from '../../../core/words.ts'
import { defaultPython } from '../../jobs/python.ts'
import { rayAddress } from '../../jobs/ray.ts'
import type { Place } from '../../jobs/run-job.ts'
import { whyUnwritable } from '../../setup/cache.ts'
import { type TrainingData, trainingData } from '../../studio/engine/engine-data.ts'
import { readRuntimeRecord } from '../../studio/engine/environment.ts'
import { trainAsJob, trainInPyTorch } from '../../studio/engine/pytorch.ts'
import { startEngine } from '../../studio/engine/spawn.ts'
import { type StartingWeights, startingWeights } from '../../studio/engine/starting-weights.ts'
import { train } from '../../studio/engine/supervise.ts'
import { lockRun } from '../../studio/runs/run-lock.ts'
import { interruptible } from '../interrupt.ts'
import { duration, type Progress } from '../progress.ts'
import { readDataset } from '../read-dataset.ts'
import { table } from '../table.ts'

export interface TrainOptions {
  /** Required unless resuming, because a run's folder keeps its data. */
  readonly data?: string
  readonly val?: string
  readonly from?: Format
  /** The name of a detector; by default that of the weights, or FCOS. */
  readonly detector?: string
  /** lite0, r50 or the path of weights. */
  readonly model?: string
  /** By default a new folder in runs/. */
  readonly out?: string
  /** torchrun[:N], or the address of a Ray cluster; undefined: the engine. */
  readonly on?: string
  readonly python?: string
  readonly storage?: string
  readonly workers?: number
  readonly gpus?: boolean
  readonly steps?: number
  readonly size?: number
  readonly batch?: number
  readonly seed?: number
  readonly tile?: Tiling
  /** Path of a TrainingFile; the options above take precedence. */
  readonly config?: string
  readonly resume?: boolean
  readonly fastMath?: boolean
}

export interface TrainReport extends TrainResult {
  readonly out: string
}

/** @throws CodedError USAGE_*, DATA_*, WEIGHTS_* for what the user can fix; TRAIN_*, ENGINE_*, RUNTIME_*, IO_*. */
export async function runTrain(given: TrainOptions, progress: Progress): Promise<TrainReport> {
  const { out = newFolder(given), resume = false, fastMath } = given
  const options = { ...given, out, resume }
  const say = (line: string): void => progress.say(line)
  if (given.out === undefined) say(`The run's folder is ${out}`)
  requireFolder(out, resume)
  const place = options.on === undefined ? null : placeOf({ ...options, on: options.on })
  const request = await readRequest(options, progress)
  if (place === null && readRuntimeRecord().device === 'onnx') throw inferenceOnly()
  const lock = lockRun(out, `The run in ${out}`, 'fcos train')
  try {
    const onEvent = (event: EngineEvent): void => showEvent(event, progress)
    const onReady = (hello: EngineHello): void => say(describeEngine(hello))
    const start = () => startEngine({ fastMath })
    const result = await interruptible(say, (signal) => {
      if (place === null) return train(start, { method: 'train', ...request }, { onReady, onEvent, signal })
      if (place.kind === 'torchrun')
        return trainInPyTorch(start, { method: 'train', ...request }, place, { onEvent, signal })
      const report = (done: number, total: number): void => progress.update(done, total, 'images')
      return trainAsJob(start, { method: 'train', ...request }, place, { onEvent, signal, report })
    })
    return { out, ...result }
  } finally {
    lock.release()
    tidy(out)
    progress.end()
  }
}

/**
 * A new folder, named after the present second. Throws USAGE_NO_RUN if a run is to be resumed, which must be named.
 */
function newFolder({ resume }: TrainOptions): string {
  if (resume)
    throw new CodedError('USAGE_NO_RUN', '--out is missing', 'Name the folder of the run to continue')
  const time = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
  return path.join('runs', time)
}

type RunRequest = Omit<TrainRequest, 'method' | 'pinned'>

/** Defines a run by the options of a command line. Throws USAGE_*, DATA_*, WEIGHTS_*. */
export async function readRequest(
  options: TrainOptions & { readonly out: string; readonly resume: boolean },
  progress: Progress,
): Promise<RunRequest> {
  const { out, resume } = options
  const say = (line: string): void => progress.say(line)
  const training = await readOptions(options)
  // A resumed run has its data in its folder; if data are given, they must be the same.
  const sets =
    resume && options.data === undefined ? { data: null, validation: null } : await readData(options, say)
  if (resume && sets.data === null && options.val !== undefined) {
    throw new CodedError(
      'USAGE_RESUME',
      'A resumed run keeps its validation data: --val has no effect',
      'Omit --val, or give the same --data as well',
    )
  }
  const { architecture, file } = resume ? startOf(options) : await weightsFor(options, training, say)
  return { out, weights: file, architecture, ...sets, options: training, resume }
}

/** Throws USAGE_ON. */
export function placeOf({
  on,
  python = defaultPython(),
  storage,
  workers = 1,
  gpus = false,
}: Pick<TrainOptions, 'python' | 'storage' | 'workers' | 'gpus'> & { readonly on: string }): Place {
  const [form, processes = '1'] = /^torchrun(?::([1-9]\d{0,3}))?$/.exec(on) ?? []
  if (form !== undefined) return { kind: 'torchrun', python, processes: Number(processes) }
  if (/^ray\+/.test(on))
    return { kind: 'ray', address: rayAddress(on), storage: storage ?? null, workers, gpus }
  throw new CodedError(
    'USAGE_ON',
    `--on ${on} is no place to train`,
    'Give torchrun, torchrun:N or ray+https://HOST:8265',
  )
}

/** A resumed run has its weights in its folder; a model that is given must be the one that it started from. */
function startOf({ model }: TrainOptions): StartingWeights {
  if (model === 'lite0' || model === 'r50') return { architecture: model, file: null }
  return { architecture: null, file: model ?? null }
}

/** Throws USAGE_NO_RUN, USAGE_RUN_EXISTS, IO_WRITE before anything is downloaded or created. */
function requireFolder(out: string, resume: boolean): void {
  const holdsRun = existsSync(path.join(out, RUN_FILES.record))
  if (resume && !holdsRun) {
    throw new CodedError(
      'USAGE_NO_RUN',
      `${out} contains no training run to resume`,
      'Start one without --resume',
    )
  }
  if (!resume && holdsRun) throw runExists(out)
  const why = whyUnwritable(path.resolve(out))
  if (why !== undefined) {
    throw new CodedError('IO_WRITE', `The run's folder ${out} cannot be used: ${why}`, 'Choose another --out')
  }
}

/** A run that could not start leaves no folder behind. */
function tidy(out: string): void {
  if (existsSync(path.join(out, RUN_FILES.record))) return
  rmSync(path.join(out, 'lock'), { force: true })
  if (readdirSync(out).length === 0) rmdirSync(out)
}

async function readOptions({
  config,
  detector,
  steps,
  size,
  batch,
  seed,
  tile,
}: TrainOptions): Promise<TrainingFile> {
  const file = await readConfig(config, detector)
  const given = Object.entries({ steps, size, batch, seed, tile }).filter(([, value]) => value !== undefined)
  return { ...file, training: { ...file.training, ...Object.fromEntries(given) } }
}

/** The settings of the --config file, if there is one, for the detector of the command line, if it names one. */
async function readConfig(path: string | undefined, detector: string | undefined): Promise<TrainingFile> {
  if (path === undefined) return detector === undefined ? {} : { model: { detector } }
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new CodedError(
      'USAGE_CONFIG',
      `Cannot read --config ${path}: ${fileFault(cause).reason}`,
      'Give a JSON file',
      {
        cause,
      },
    )
  })
  const json = parseJson(text, path) as { readonly model?: object } | null
  const parsed = TrainingFile.safeParse(
    detector === undefined ? json : { ...json, model: { ...json?.model, detector } },
  )
  if (parsed.success) return parsed.data
  throw new CodedError(
    'USAGE_CONFIG',
    `${path}: ${firstIssue(parsed.error)}`,
    'docs/cli.md lists the allowed keys',
  )
}

async function readData(
  { data, val, from }: TrainOptions,
  say: (line: string) => void,
): Promise<Pick<TrainingData, 'data' | 'validation'>> {
  if (data === undefined)
    throw new CodedError('USAGE_DATA', '--data is missing', 'Give a data set to train on')
  const options = from ? { from } : {}
  const training = await readDataset(data, say, options)
  const validation = val === undefined ? null : await readDataset(val, say, options)
  const { shared, ...sets } = trainingData(training, validation)
  const boxes = sets.data.images.reduce((sum, image) => sum + image.categories.length, 0)
  const classes = sets.data.categories.map(({ name }) => name).join(', ')
  say(
    `${countOf(sets.data.images.length, 'image')} with ${countOf(boxes, 'box')} to train on, ` +
      `${sets.validation ? countOf(sets.validation.images.length, 'image') : 'no images'} to validate with. Classes: ${classes}`,
  )
  if (shared > 0)
    say(`${shared} of the validation images are also trained on, so the metrics will be too good`)
  return sets
}

/** The default is lite0, which can be trained on any machine. */
async function weightsFor(
  { model = 'lite0' }: TrainOptions,
  { model: chosen }: TrainingFile,
  say: (line: string) => void,
): Promise<StartingWeights> {
  return startingWeights(model, say, chosen?.detector)
}

export function describeEngine({ tensorflow, device, fastMath, nativeKernels }: EngineHello): string {
  const kernels =
    device === 'cpu' && !nativeKernels ? ', without the fused kernels (fcos doctor says why)' : ''
  if (tensorflow === null) return 'ONNX Runtime on the CPU'
  return `TensorFlow ${tensorflow} on the ${device.toUpperCase()}, fast math ${fastMath ? 'on' : 'off'}${kernels}`
}

export function showEvent(event: EngineEvent, progress: Progress): void {
  switch (event.kind) {
    case 'plan': {
      const { options, canvas, loaded, resumedFrom } = event
      const { optimiser, accumulate, batch } = options
      if (loaded !== null && resumedFrom === null) progress.say(loaded)
      if (resumedFrom !== null) progress.say(`Continuing from step ${resumedFrom}`)
      progress.say(
        `${countOf(options.steps, 'step')} of ${batch}${accumulate > 1 ? ` × ${accumulate}` : ''} ${batch * accumulate === 1 ? 'image' : 'images'} on ${canvas.width} × ${canvas.height} px, ` +
          `${optimiser.kind} at rate ${optimiser.rate}, training from ${options.learn} on, seed ${options.seed}`,
      )
      break
    }
    case 'preparing':
      progress.update(event.done, event.total, 'images with cached features')
      break
    case 'step':
      progress.update(
        event.step,
        event.steps,
        `loss ${event.loss.toFixed(3)} (${detectorOf(event).summary(event.figures)})  ` +
          `rate ${event.rate.toExponential(1)}  ` +
          `${event.imagesPerSecond.toFixed(1)} images/s  ${duration(event.remainingSeconds)} left`,
      )
      break
    case 'evaluated':
      progress.say(`Step ${event.step}: ${summary(event)}${event.best ? ', the best so far' : ''}`)
      break
    case 'note':
      progress.say(event.message)
      break
  }
}

/** AP 0.512, AP50 0.871 (cat 0.901, dog 0.841) */
function summary({ stats, maskStats, perCategory }: Evaluated): string {
  const each = perCategory.map(({ name, ap50 }) => `${name} ${share(ap50)}`).join(', ')
  const ofMasks = maskStats ? `; of masks AP ${share(maskStats[0]!)}, AP50 ${share(maskStats[1]!)}` : ''
  return `AP ${share(stats[0]!)}, AP50 ${share(stats[1]!)} (${each})${ofMasks}`
}

/** COCO uses −1 for classes without objects. */
const share = (value: number): string => (value < 0 ? '–' : value.toFixed(3))

/** The evaluation in the form of `fcos eval --json`. */
export function trainJson({ evaluation, ...run }: TrainReport): unknown {
  return { ...run, evaluation: evaluation && evaluationJson(evaluation) }
}

const evaluationJson = ({ step, stats, maskStats, perCategory }: Evaluated): unknown => ({
  step,
  stats,
  ...(maskStats && { mask_stats: maskStats }),
  per_category: Object.fromEntries(perCategory.map(({ name, ...metrics }) => [name, metrics])),
})

export function renderTrain({ steps, complete, checkpoint, evaluation, out }: TrainReport): string {
  return [
    ...(evaluation ? evaluationLines(evaluation) : []),
    `Checkpoint: ${checkpoint}`,
    complete
      ? `Trained ${countOf(steps, 'step')}`
      : `Stopped after step ${steps}; the state is saved in ${out}. The same command with --resume continues`,
  ].join('\n')
}

export function evaluationLines({ step, stats, maskStats, perCategory }: Evaluated): string[] {
  return [
    maskStats ? `Best validation by AP of masks, at step ${step}` : `Best validation, at step ${step}`,
    ...table(
      ['class', 'AP', 'AP50'],
      [
        ...perCategory.map(({ name, ap, ap50 }) => [name, share(ap), share(ap50)]),
        ['all', share(stats[0]!), share(stats[1]!)],
        ...(maskStats ? [['all, of masks', share(maskStats[0]!), share(maskStats[1]!)]] : []),
      ],
    ),
  ]
}
