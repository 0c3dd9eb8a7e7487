/** Starts the engine's process. */
import path from 'node:path'
import { DETECTION_SPEEDS, type RuntimeName } from '../../../core/contract/runtime.ts'
import { CodedError, toWire } from '../../../core/errors.ts'
import { cacheRoot } from '../../setup/cache.ts'
import { connect, type Engine } from './client.ts'
import { engineEnvironment, FAST_MATH, readRuntimeRecord, requireIntact } from './environment.ts'
import { CHECKOUT, type EnginePlace, engineEntry } from './place.ts'

export interface EngineOptions {
  /** Whether convolutions may round to bfloat16; left out, where the CPU has AMX for it. Given up where the engine's own check fails. */
  readonly fastMath?: boolean | undefined
  /** What to detect on; left out, whatever is faster. */
  readonly runtime?: RuntimeName | undefined
  /** Left out: the GPU that setup found, else the CPU. */
  readonly device?: 'cpu' | 'gpu' | undefined
  /** Of the runtime; left out: one for each core. */
  readonly threads?: number | undefined
  /** Gives way to whatever else wants the processor, as a window does in which somebody draws. */
  readonly background?: boolean
  /** Variables beside those of engineEnvironment. */
  readonly env?: Readonly<Record<string, string>>
  /** Left out: this checkout and the Node that runs it. */
  readonly place?: EnginePlace
  /** The program that the process runs, if not the place's engine. */
  readonly entry?: string
  /** Milliseconds in which the engine must be ready: TensorFlow with CUDA takes tens of seconds on a cold disk. */
  readonly helloTimeout?: number
  /** Gives up an engine that has not started yet. */
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
  // What is damaged belongs to TensorFlow: the engine detects without it.
  const damage = await requireIntact(record, options.place).then(() => null, toWire)
  const variables: Record<string, string> = {
    ...engineEnvironment(record, options.fastMath),
    FCOS_DETECTION_SPEEDS: path.join(cacheRoot(), DETECTION_SPEEDS),
    // The program's own modules are compiled once, not at every start.
    NODE_COMPILE_CACHE: path.join(cacheRoot(), 'compiled'),
    ...(damage && { FCOS_NO_TENSORFLOW: JSON.stringify(damage) }),
    ...(options.runtime && { FCOS_RUNTIME: options.runtime }),
    // TensorFlow then finds none.
    ...(options.device === 'cpu' && { CUDA_VISIBLE_DEVICES: '' }),
    ...(options.threads && threadVariables(options.threads)),
    ...options.env,
  }
  const engine = await startProcess(variables, options)
  if (!variables[FAST_MATH] || engine.hello.fastMath) return engine
  // TensorFlow reads the variable once, when it is loaded: only another process computes in float32 again.
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
