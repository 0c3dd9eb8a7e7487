/** What a run consists of when it starts, and when it goes on. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { BeginRequest, EngineEvent } from '../../../core/contract/engine.ts'
import { type RunData, writeRunData } from '../../../core/contract/run-data.ts'
import type { RunRecord } from '../../../core/contract/run-record.ts'
import type { TrainingOptions } from '../../../core/contract/training.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import { CodedError } from '../../../core/errors.ts'
import { trainingOptions } from '../../../core/training/presets.ts'
import { sampleRules } from '../../../core/training/tiles.ts'
import { canvasFor } from '../data/canvas.ts'
import { Network } from '../model/network.ts'
import { device } from '../tensor/tensorflow.ts'
import { readCheckpoint, writeCheckpoint } from '../weights/checkpoint.ts'
import type { StateDict } from '../weights/state-dict.ts'
import { dataNotes } from './data-notes.ts'
import { beginLearning } from './learning.ts'
import { RunFolder } from './run-folder.ts'
import { startingPoint } from './starting-point.ts'
import { type Progress, type Restored, restoreState } from './state.ts'

export interface Start extends Restored {
  readonly record: RunRecord
  readonly data: RunData
}

type StartRequest = Omit<BeginRequest, 'method'>

export interface Definition {
  readonly record: RunRecord
  readonly data: RunData
}

/** @throws CodedError WEIGHTS_*, USAGE_CACHE, USAGE_RUN_EXISTS, IO_*. */
export async function startedRun(folder: RunFolder, request: StartRequest): Promise<Start> {
  const { state, ...definition } = await definedRun(folder, request)
  const { model, options } = definition.record
  return {
    ...definition,
    learning: beginLearning(new Network(model, state), options),
    progress: { ...NOTHING_YET },
  }
}

const NOTHING_YET: Progress = {
  ...{ step: 0, rateScale: 1, rollbacks: 0, positives: null, best: null, owesEvaluation: false },
}

/**
 * Makes the run's folder. `state` is the model that it starts from.
 *
 * @throws CodedError as startedRun.
 */
export async function definedRun(
  folder: RunFolder,
  request: StartRequest,
): Promise<Definition & { readonly state: StateDict }> {
  const { data, validation } = request
  if (!data) throw new CodedError('ENGINE_REQUEST', 'A new run needs data to learn from')
  const { config, options, state, report } = await startingPoint({ ...request, data })
  const record: RunRecord = {
    format: 'fcos-studio-run',
    version: 1,
    model: config,
    options,
    canvas: canvasFor(data, config, sampleRules(data.images, config.input, options)),
    images: data.images.length,
    loaded: report,
    weights: request.weights && resolve(request.weights),
    started: new Date().toISOString(),
    device,
  }
  await folder.create(record, { data, validation })
  return { record, data: { data, validation }, state }
}

/**
 * What a resumed run is asked for may only repeat what it keeps, but for more steps.
 *
 * @throws CodedError USAGE_NO_RUN, USAGE_RESUME, WEIGHTS_STATE, IO_*.
 */
export async function resumedRun(folder: RunFolder, request: StartRequest): Promise<Start> {
  const { record, data } = resumedDefinition(folder, request)
  const { model, options } = record
  // What was made for another program, and was not begun there, begins here.
  const isUnbegun = !existsSync(folder.state) && existsSync(folder.start)
  const restored = isUnbegun
    ? await unbegun(folder, options)
    : await restoreState(folder.state, model, options)
  await folder.replaceRecord(record)
  return { record, data, ...restored }
}

async function unbegun({ start }: RunFolder, options: TrainingOptions): Promise<Restored> {
  const { config, tensors } = await readCheckpoint(start)
  return { learning: beginLearning(new Network(config, tensors), options), progress: { ...NOTHING_YET } }
}

/** As it is to be kept from now on. @throws CodedError USAGE_NO_RUN, USAGE_RESUME. */
export function resumedDefinition(folder: RunFolder, request: StartRequest): Definition {
  const { record: kept, data } = folder.open()
  requireSame(folder, request, kept, data)
  const steps = request.options.training?.steps ?? kept.options.steps
  return { record: { ...kept, options: { ...kept.options, steps } }, data }
}

function requireSame(
  folder: RunFolder,
  request: StartRequest,
  { model, options, images, weights }: RunRecord,
  kept: RunData,
): void {
  const refuse = (what: string): never => {
    throw new CodedError(
      'USAGE_RESUME',
      `A resumed run keeps what it started with: ${what}`,
      `Leave that out to go on with the run in ${folder.path} (only --steps may grow), or start a new run from its model`,
    )
  }
  const { data, validation, options: asked } = request
  if (data && writeRunData({ data, validation }) !== writeRunData(kept)) {
    refuse(
      `its ${kept.data.images.length} images to train on and ${kept.validation?.images.length ?? 'no'} to validate with`,
    )
  }
  if (request.architecture !== null && request.architecture !== model.architecture) {
    refuse(`its architecture ${model.architecture}`)
  }
  if (request.weights !== null && weights !== undefined && weights !== resolve(request.weights)) {
    refuse(`the weights that it started from${weights === null ? ', chance' : `, ${weights}`}`)
  }
  const chosen = asked.training ?? {}
  if (chosen.steps !== undefined && chosen.steps < options.steps) {
    refuse(`at least its ${options.steps} steps (${chosen.steps} were asked for)`)
  }
  // As the first start would have filled it in.
  const filled = trainingOptions(model.architecture, images, { ...chosen, steps: options.steps })
  const others = differences(chosen, filled, options).filter(([name]) => name !== 'steps')
  const named = { ...model, detector: detectorOf(model).name }
  const choices = differences(asked.model ?? {}, asked.model ?? {}, named)
  const [first] = [...others, ...choices]
  if (first) refuse(`${first[0]} ${JSON.stringify(first[1])}`)
}

/** Names of the fields in `given` whose values in `asked` are not those in `kept`, each with what is kept. */
function differences(
  given: object,
  asked: object,
  kept: object,
  prefix = '',
): [name: string, kept: unknown][] {
  const at = (of: object, key: string): unknown => (of as Record<string, unknown>)[key]
  return Object.keys(given).flatMap((key): [string, unknown][] => {
    const [one, other, value] = [at(given, key), at(asked, key), at(kept, key)]
    if (one === undefined) return []
    if (isPlain(one) && isPlain(other) && isPlain(value))
      return differences(one, other, value, `${prefix}${key}.`)
    return JSON.stringify(other) === JSON.stringify(value) ? [] : [[`${prefix}${key}`, value]]
  })
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Makes the folder of a run that another program trains.
 * @throws CodedError as a training that starts or is resumed.
 */
export async function begin(request: BeginRequest, emit: (event: EngineEvent) => void): Promise<RunRecord> {
  const folder = new RunFolder(request.out)
  if (request.resume) {
    const { record } = resumedDefinition(folder, request)
    await folder.replaceRecord(record)
    return record
  }
  const { record, data, state } = await definedRun(folder, request)
  const { size, seed } = record.options
  const training = { step: 0, size, seed, images: record.images, stats: null }
  await writeCheckpoint(folder.start, { config: record.model, tensors: state, training })
  const rules = sampleRules(data.data.images, record.model.input, record.options)
  for (const note of dataNotes(data.data, record.model, rules)) emit({ kind: 'note', message: note })
  return record
}
