/** Tiny runs on images of the sample, trained by the engine and by the Python program. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { EngineData, EngineEvent, TrainRequest, TrainResult } from '../../src/core/contract/engine.ts'
import { decodeSafetensors } from '../../src/core/formats/safetensors.ts'
import { toFloat32 } from '../../src/core/formats/tensor-values.ts'
import { trainInPython } from '../../src/main/jobs/launch.ts'
import { PROGRAM, pythonEnvironment } from '../../src/main/jobs/python.ts'
import { readModels, weightsPath } from '../../src/main/setup/weights.ts'
import { trainingData } from '../../src/main/studio/engine/engine-data.ts'
import { beginRun } from '../../src/main/studio/engine/pytorch.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { loadLabels } from '../../src/main/studio/project/index.ts'
import { largestDifference } from './largest-difference.ts'

/** A Python with PyTorch, or '': then whoever compares with it skips, which must be heard. */
export const jobPython = process.env.FCOS_JOB_PYTHON ?? ''

export function sayIfSkipped(what: string): void {
  if (jobPython === '')
    console.warn(
      `SKIPPED: ${what}: FCOS_JOB_PYTHON names no Python with PyTorch (npm run test:jobs makes one)`,
    )
}

const SAMPLE = path.resolve('resources/sample')

export async function sampleSets(training: number, validation: number) {
  const named = async (name: string) => ({ name, ...(await loadLabels(path.join(SAMPLE, name))) })
  const sets = trainingData(await named('train.json'), await named('val.json'))
  const first = (data: EngineData, count: number): EngineData => ({
    ...data,
    images: data.images.slice(0, count),
  })
  return { data: first(sets.data, training), validation: first(sets.validation!, validation) }
}

export type Options = TrainRequest['options']

/** As small as a network can be that has every part. */
export const SMALL: NonNullable<Options['model']> = { head: { channels: 16, groups: 4, depth: 1 } }

/** What a new lite0 starts from. */
const IMAGENET = weightsPath(readModels().find(({ name }) => name === 'efficientnet_lite0_imagenet')!)

export const requestOf = async (out: string, options: Options, start: Start) => ({
  ...({ out, weights: IMAGENET, architecture: 'lite0', options, resume: false } as const),
  ...(await sampleSets(8, 3)),
  ...start,
})
type Start = Partial<Pick<TrainRequest, 'architecture' | 'weights' | 'data' | 'validation' | 'resume'>>

export const start = () => startEngine({ fastMath: false })

export async function trainInEngine(
  out: string,
  options: Options,
  from: Start = {},
  { onEvent = () => {}, signal }: Pick<PythonRun, 'onEvent' | 'signal'> = {},
): Promise<TrainResult> {
  const engine = await start()
  try {
    return await engine.call({ method: 'train', ...(await requestOf(out, options, from)) }, onEvent, signal)
  } finally {
    await engine.close()
  }
}

export const GO_ON: Start = {
  ...{ resume: true, weights: null, data: null, validation: null, architecture: null },
}

export interface PythonRun {
  readonly processes?: number
  readonly signal?: AbortSignal
  readonly onEvent?: (event: EngineEvent) => void
  readonly pinned?: TrainRequest['pinned']
}

/** Makes a run's folder, for the program to train. */
export const begin = async (out: string, options: Options, from: Start = {}) =>
  beginRun(start, await requestOf(out, options, from), { onEvent: () => {} })

export async function trainInTorch(
  out: string,
  options: Options,
  { processes = 1, onEvent = () => {}, signal, pinned }: PythonRun = {},
  from: Start = {},
): Promise<TrainResult> {
  const record = await begin(out, options, from)
  return trainInPython(
    { folder: out, record, python: jobPython, processes, ...(pinned && { pinned }) },
    { onEvent, signal },
  )
}

/** Runs a script of tests/job with the program at hand. @returns its standard output */
export function python(args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = spawnSync(jobPython, args, {
    encoding: 'utf8',
    env: pythonEnvironment(PROGRAM, { OMP_NUM_THREADS: '1', ...env }),
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

export type LogLine = Readonly<Record<string, number>>

export function logOf(folder: string, file = 'log.jsonl'): LogLine[] {
  const lines = readFileSync(path.join(folder, file), 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as LogLine)
}

/** The largest difference between two runs' losses, relative to the loss. */
export function lossDifference(one: string, other: string): number {
  const of = (folder: string) => logOf(folder).map(({ loss }) => loss!)
  return largestDifference(
    of(one).map((loss, step) => loss / of(other)[step]!),
    of(one).map(() => 1),
  )
}

/** The largest absolute difference between two checkpoints' weights, or states. */
export function weightDifference(one: string, other: string, file = 'last.safetensors'): number {
  const read = (folder: string) => decodeSafetensors(readFileSync(path.join(folder, file))).tensors
  const [ours, theirs] = [read(one), read(other)]
  if ([...ours.keys()].sort().join() !== [...theirs.keys()].sort().join())
    throw new Error('These files have different tensors')
  return Math.max(
    ...[...ours].map(([name, tensor]) => {
      const like = theirs.get(name)!
      if (like.shape.join() !== tensor.shape.join())
        throw new Error(`${name}: ${like.shape}, ${tensor.shape}`)
      return largestDifference(toFloat32(tensor), toFloat32(like))
    }),
  )
}
