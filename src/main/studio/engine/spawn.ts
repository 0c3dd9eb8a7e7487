/** Starts the engine's process. */
import path from 'node:path'
import { DETECTION_SPEEDS, type RuntimeName } from '../../../core/contract/runtime.ts'
import { CodedError, toWire } from '../../../core/errors.ts'
import { cacheRoot } from '../../setup/cache.ts'
import { connect, type Engine } from './client.ts'
import {
  engineEnvironment,
  FAST_MATH,
  openvinoDamage,
  readRuntimeRecord,
  requireIntact,
} from './environment.ts'
import { CHECKOUT, type EnginePlace, engineEntry } from './place.ts'

export interface EngineOptions {
  /**
   * Whether convolutions may round to bfloat16; by default, if the CPU has AMX. Disabled if the engine's own check
   * fails.
   */
  readonly fastMath?: boolean | undefined
  /** The runtime for detection; by default the faster one. */
  readonly runtime?: RuntimeName | undefined
  /** By default the GPU that setup found, otherwise the CPU. */
  readonly device?: 'cpu' | 'gpu' | undefined
  /** Threads of the runtime; by default one per core. */
  readonly threads?: number | undefined
  /** Runs at low priority, so that other programs, such as a window in which somebody draws, come first. */
  readonly background?: boolean
  /** Environment variables in addition to those of engineEnvironment. */
  readonly env?: Readonly<Record<string, string>>
  /** By default this checkout and the Node that runs it. */
  readonly place?: EnginePlace
  /** The program to run instead of the engine. */
  readonly entry?: string
  /** Milliseconds until the engine must be ready. TensorFlow with CUDA takes tens of seconds on a cold disk. */
  readonly helloTimeout?: number
  /** Abandons an engine that has not started yet. */
  readonly signal?: AbortSignal
}

/**
 * The engine is plain Node in a child process, so that it can be killed without loss.
 *
 * @throws CodedError USAGE_DEVICE for a GPU that is not there, RUNTIME_MISSING, ENGINE_TIMEOUT, ENGINE_DIED, ENGINE_PROTOCOL;
 * the signal's reason.
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const record = readRuntimeRecord(options.place)
  if (options.device === 'gpu' && record.device !== 'gpu') {
    const remedy = 'Leave --device out; `fcos doctor` says what the engine runs on, and why'
    throw new CodedError('USAGE_DEVICE', 'The engine has no GPU here', remedy)
  }
  // The damaged files belong to TensorFlow, and the engine can detect without it.
  const damage = await requireIntact(record, options.place).then(() => null, toWire)
  const noOpenvino = await openvinoDamage(record)
  const variables: Record<string, string> = {
    ...engineEnvironment(record, options.fastMath),
    FCOS_DETECTION_SPEEDS: path.join(cacheRoot(), DETECTION_SPEEDS),
    // Node caches the compiled modules of this program, so that not every start compiles them.
    NODE_COMPILE_CACHE: path.join(cacheRoot(), 'compiled'),
    ...(damage && { FCOS_NO_TENSORFLOW: JSON.stringify(damage) }),
    ...(noOpenvino !== undefined && { FCOS_NO_OPENVINO: noOpenvino }),
    ...(options.runtime && { FCOS_RUNTIME: options.runtime }),
    // With the first variable, TensorFlow finds no GPU.
    ...(options.device === 'cpu' && { CUDA_VISIBLE_DEVICES: '', FCOS_NO_GPU: '1' }),
    ...(options.threads && threadVariables(options.threads)),
    ...options.env,
  }
  const engine = await startProcess(variables, options)
  if (!variables[FAST_MATH] || engine.hello.fastMath) return engine
  // TensorFlow reads the variable once, when it is loaded, so float32 needs another process.
  await engine.close()
  const { [FAST_MATH]: _, ...env } = variables
  return startProcess(env, options)
}

const threadVariables = (threads: number) => ({
  TF_NUM_INTRAOP_THREADS: String(threads),
  OMP_NUM_THREADS: String(threads),
  FCOS_THREADS: String(threads),
})

function startProcess(
  env: Readonly<Record<string, string>>,
  {
    place = CHECKOUT,
    entry = engineEntry(place),
    helloTimeout = 120_000,
    background = false,
    signal,
  }: EngineOptions,
): Promise<Engine> {
  return connect({ title: 'The engine', node: place.node, entry, env, background }, helloTimeout, signal)
}
