/**
 * On which runtime a model detects: TensorFlow, ONNX Runtime on the CPU or a GPU, or OpenVINO. Each one that the
 * machine has is timed and compared with the others for each kind of model, and the choice is remembered: for good where the
 * machine was quiet, else until it was measured a few times.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import {
  type DetectionSpeed,
  DetectionSpeeds,
  RUNTIME_TITLES,
  RuntimeName,
} from '../../../core/contract/runtime.ts'
import { MODELS } from '../../../core/detectors/architectures.ts'
import type { Outputs } from '../../../core/detectors/detector.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { CodedError } from '../../../core/errors.ts'
import { paddedSize, resizedSize } from '../../../core/pyramid/input-size.ts'
import { mulberry32 } from '../../../core/random.ts'
import { replaceFileSync } from '../../files/replace-file.ts'
import type { NetworkInput } from '../data/preprocess.ts'
import { engineModel } from '../onnx/model.ts'
import {
  type GpuRuntime,
  gpuRuntimes,
  mayHaveGpu,
  onnxRunner,
  onnxVersion,
  outputNames,
} from '../onnx/session.ts'
import { openvino, openvinoModel, openvinoRunner } from '../openvino/session.ts'
import { loadTensorflow } from '../tensor/load-tensorflow.ts'
import { runtimeRecord, tensorflowFault } from '../tensor/runtime-record.ts'
import type { Checkpoint } from '../weights/checkpoint.ts'
import { agrees, agreesUpToRounding, roundingOf } from './agreement.ts'
import type { Runner } from './runner.ts'
import { tryApart } from './trial.ts'

/** Set by whoever starts the engine: a runtime's name to force it, where to remember speeds, and whether to leave GPUs alone. */
const { FCOS_RUNTIME, FCOS_DETECTION_SPEEDS: file, FCOS_NO_GPU: noGpu } = process.env
const forced = FCOS_RUNTIME === undefined ? undefined : RuntimeName.parse(FCOS_RUNTIME)

/** A runtime has to be this much faster than a simpler one: where they are near, what trained the model detects too. */
const WORTH = 0.95
/** Runs of each after the first, as many as fit. */
const MOST_RUNS = 5
const ENOUGH_MS = 600
/** On a quiet machine the two best runs differ by less. */
const SPREAD = 1.2
/** What was measured on a busy machine is measured again, this much later and this often in all. */
const AGAIN_MS = 10 * 60_000
const MOST_TIMES = 3
/** For a GPU to start, compile its shaders and run a few images. Software that poses as a GPU takes minutes. */
const GPU_LIMIT_MS = 20_000
/** Long enough for OpenVINO to prepare a large model on a busy machine. */
const OPENVINO_LIMIT_MS = 60_000

/**
 * @param note is told when something is measured, which takes a moment, and what does not work.
 * @param mayRound whether the runtime may compute in bfloat16, as OpenVINO does.
 * @throws CodedError USAGE_RUNTIME where a runtime is forced that is not there, computes something else than ONNX Runtime on the CPU,
 *   or rounds where it may not.
 */
export async function openRunner(
  checkpoint: Checkpoint,
  note: (message: string) => void,
  mayRound: boolean,
): Promise<Runner> {
  const fault = tensorflowFault()
  if (forced) return openForced(forced, checkpoint, mayRound)
  if (runtimeRecord().device !== 'onnx') {
    try {
      return await chosen(checkpoint, note, mayRound)
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'RUNTIME_BROKEN') throw error
      note(withoutTensorflow(error))
      return onnxRunner(checkpoint)
    }
  }
  if (fault) note(withoutTensorflow(fault))
  return chosen(checkpoint, note, mayRound)
}

/** Whether a model opens differently where it may round. */
export const canRound = (): boolean => !('missing' in openvino())

async function openForced(name: RuntimeName, checkpoint: Checkpoint, mayRound: boolean): Promise<Runner> {
  if (name === 'openvino' && !mayRound)
    throw new CodedError(
      'USAGE_RUNTIME',
      'OpenVINO computes in bfloat16 here, and float32 was asked for',
      'Leave out either --runtime openvino or --no-fast-math',
    )
  const found = openvino()
  if (name === 'openvino' && 'missing' in found)
    throw new CodedError(
      'USAGE_RUNTIME',
      `There is no OpenVINO here: ${found.missing}`,
      'Leave --runtime out; `fcos doctor` says what detects here',
    )
  try {
    if (name === 'onnx') return await open(name, checkpoint)
    if (name !== 'tensorflow') return await openChecked(name, checkpoint)
    if (runtimeRecord().device !== 'onnx') return await open(name, checkpoint)
  } catch (error) {
    if (name === 'tensorflow' || name === 'onnx') throw error
    throw new CodedError(
      'USAGE_RUNTIME',
      `${RUNTIME_TITLES[name]} does not run here: ${firstLine(error)}`,
      'Leave --runtime out; `fcos doctor` says what detects here',
    )
  }
  const remedy = '`fcos doctor` says why; ONNX Runtime detects without it'
  throw tensorflowFault() ?? new CodedError('USAGE_RUNTIME', 'There is no TensorFlow on this machine', remedy)
}

/** Whoever forces a GPU or OpenVINO may do so because it was ruled out: it still has to give the CPU's results. */
async function openChecked(name: GpuRuntime | 'openvino', checkpoint: Checkpoint): Promise<Runner> {
  const input = noise(checkpoint.config)
  const apart = name === 'openvino' ? await tryOpenvino(checkpoint, input) : undefined
  const runner = await open(name, checkpoint)
  const cpu = await onnxRunner(checkpoint)
  try {
    const wanted = (await cpu.raw(input)).images[0].outputs
    const isRight = apart
      ? agreesUpToRounding(checkpoint, await roundingOf(checkpoint, input, wanted), wanted, apart.outputs)
      : agrees(wanted, (await runner.raw(input)).images[0].outputs)
    if (isRight) return runner
  } finally {
    cpu.dispose()
  }
  runner.dispose()
  throw new Error('it computes something else than the CPU')
}

const tryOpenvino = (checkpoint: Checkpoint, input: NetworkInput) =>
  tryApart('openvino', openvinoModel(checkpoint), outputNames(checkpoint.config), input, OPENVINO_LIMIT_MS)

const withoutTensorflow = ({ message, remedy }: CodedError): string =>
  `${message}. Until it is repaired, ONNX Runtime detects. ${remedy}`

const firstLine = (error: unknown): string => (error as Error).message.split('\n')[0].replace(/\.+$/, '')

/** What is known to be fastest, or turns out to be. */
async function chosen(
  checkpoint: Checkpoint,
  note: (message: string) => void,
  mayRound: boolean,
): Promise<Runner> {
  const base = runtimeRecord().device === 'onnx' ? 'onnx' : 'tensorflow'
  const gpus = noGpu || !mayHaveGpu() ? [] : await gpuRuntimes()
  if (file === undefined || (base === 'onnx' && gpus.length === 0 && !canRound()))
    return open(base, checkpoint)
  const key = await kindOf(checkpoint.config, gpus)
  const known = readSpeeds(file)[key]
  if (known && isSettled(known)) {
    const name = allowed(known, base, mayRound)
    try {
      return await open(name, checkpoint)
    } catch (error) {
      if (name === 'tensorflow' || name === 'onnx') throw error
      note(`${RUNTIME_TITLES[name]} no longer runs, so ONNX Runtime detects on the CPU: ${firstLine(error)}`)
      return onnxRunner(checkpoint)
    }
  }
  note(
    known
      ? 'Measuring again which runtime detects faster: the machine was busy the last time'
      : 'Measuring, once for this kind of model, which runtime detects faster',
  )
  const { opened, speed } = await measured(checkpoint, base, gpus, known)
  try {
    replaceFileSync(file, `${JSON.stringify({ ...readSpeeds(file), [key]: speed }, null, 2)}\n`)
  } catch {
    // Without a cache it is measured again next time.
  }
  const name = allowed(speed, base, mayRound)
  const runner = opened.get(name) ?? (await open(name, checkpoint))
  for (const other of opened.values()) if (other !== runner) other.dispose()
  return runner
}

/** The runtime that was chosen, or the fastest one that does not round. */
function allowed({ runtime, ms }: DetectionSpeed, base: RuntimeName, mayRound: boolean): RuntimeName {
  return runtime !== 'openvino' || mayRound ? runtime : fastest(ms, base, false)
}

/** @param base is replaced by what is clearly faster. */
function fastest(ms: DetectionSpeed['ms'], base: RuntimeName, mayRound: boolean): RuntimeName {
  let best = base
  for (const name of RuntimeName.options) {
    if (name === 'openvino' && !mayRound) continue
    const [own, least] = [ms[name], ms[best]]
    if (own !== undefined && least !== undefined && own < WORTH * least) best = name
  }
  return best
}

/** Whether the choice needs no further measurement. Where only one runtime gives the right results, times cannot change it. */
function isSettled({ quiet, times, at, ms }: DetectionSpeed): boolean {
  if (quiet || times >= MOST_TIMES || Object.keys(ms).length < 2) return true
  const age = Date.now() - Date.parse(at)
  return age >= 0 && age < AGAIN_MS
}

/** The model on TensorFlow, or where that is missing, on ONNX Runtime. */
export async function tensorflowOrOnnx(checkpoint: Checkpoint): Promise<Runner> {
  if (runtimeRecord().device === 'onnx') return onnxRunner(checkpoint)
  try {
    return await onTensorflow(checkpoint)
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'RUNTIME_BROKEN') throw error
    return onnxRunner(checkpoint)
  }
}

/** Those of this machine's CPU and TensorFlow's GPU, or the one that is forced. */
export async function benchRunners(
  checkpoint: Checkpoint,
  mayRound: boolean,
): Promise<(Runner & { readonly name: RuntimeName })[]> {
  const own: RuntimeName[] = runtimeRecord().device === 'onnx' ? ['onnx'] : ['tensorflow', 'onnx']
  if (mayRound && canRound()) own.push('openvino')
  return Promise.all(
    (forced ? [forced] : own).map(async (name) => {
      const runner = await (forced ? openForced(name, checkpoint, mayRound) : open(name, checkpoint))
      return { ...runner, name }
    }),
  )
}

const open = (name: RuntimeName, checkpoint: Checkpoint): Promise<Runner> => {
  if (name === 'tensorflow') return onTensorflow(checkpoint)
  if (name === 'openvino') return openvinoRunner(checkpoint)
  return onnxRunner(checkpoint, name === 'onnx' ? {} : { gpu: name })
}

async function onTensorflow({ config, tensors }: Checkpoint): Promise<Runner> {
  await loadTensorflow()
  const [{ Network }, { tensorflowRunner }] = await Promise.all([
    import('../model/network.ts'),
    import('./raw-outputs.ts'),
  ])
  return tensorflowRunner(new Network(config, tensors))
}

function readSpeeds(path: string): DetectionSpeeds {
  try {
    return DetectionSpeeds.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return {}
  }
}

/** Everything that the speed depends on. */
async function kindOf(config: ModelConfig, gpus: readonly GpuRuntime[]): Promise<string> {
  const { detector, architecture, head, input, classes } = config
  const { tensorflow, device } = runtimeRecord()
  const accelerator = openvino()
  const runtimes = [
    tensorflow,
    device,
    await onnxVersion(),
    gpus,
    ...('addOn' in accelerator ? [accelerator] : []),
  ]
  const machine = [cpus()[0]?.model, availableParallelism(), runtimes]
  const kind = [machine, detector, architecture, head, input, classes.length]
  return createHash('sha256').update(JSON.stringify(kind)).digest('hex').slice(0, 16)
}

/**
 * @param base the runtime that is there in any case; others have to give its results.
 * @param before what was measured before.
 * @returns the runtimes that are open too.
 */
async function measured(
  checkpoint: Checkpoint,
  base: 'tensorflow' | 'onnx',
  gpus: readonly GpuRuntime[],
  before: DetectionSpeed | undefined,
): Promise<{ opened: ReadonlyMap<RuntimeName, Runner>; speed: DetectionSpeed }> {
  const { config } = checkpoint
  const input = noise(config)
  const runner = await open(base, checkpoint)
  const opened = new Map<RuntimeName, Runner>([[base, runner]])
  const wanted = (await runner.raw(input)).images[0].outputs
  const refused: string[] = []
  /** Without what fails or computes something else. */
  const tryOut = async <Found extends { readonly outputs: Outputs }>(
    name: RuntimeName,
    run: () => Promise<Found>,
    isSame = (outputs: Outputs): boolean => agrees(wanted, outputs),
  ): Promise<Found | undefined> => {
    const title = RUNTIME_TITLES[name]
    try {
      const found = await run()
      if (isSame(found.outputs)) return found
      refused.push(`${title} computes something else`)
    } catch (error) {
      refused.push(`${title} does not run it: ${firstLine(error)}`)
    }
    return undefined
  }

  /** Of ONNX Runtime in float32. */
  let exact = base === 'onnx' ? wanted : undefined
  if (base === 'tensorflow') {
    const isRight = await tryOut('onnx', async () => {
      const onnx = await onnxRunner(checkpoint)
      opened.set('onnx', onnx)
      const [found] = (await onnx.raw(input)).images
      exact = found.outputs
      return found
    })
    if (!isRight) {
      opened.get('onnx')?.dispose()
      opened.delete('onnx')
    }
  }
  if (exact && canRound()) {
    const rounding = await roundingOf(checkpoint, input, exact)
    const isRight = await tryOut(
      'openvino',
      () => tryOpenvino(checkpoint, input),
      (outputs) => agreesUpToRounding(checkpoint, rounding, wanted, outputs),
    )
    if (isRight) opened.set('openvino', await open('openvino', checkpoint))
  }
  const { ms, quiet } = await timed(opened, input, before)
  for (const gpu of gpus) {
    const found = await tryOut(gpu, () =>
      tryApart(gpu, engineModel(checkpoint), outputNames(checkpoint.config), input, GPU_LIMIT_MS),
    )
    if (found) ms[gpu] = Math.min(found.ms, before?.ms[gpu] ?? Infinity)
  }

  const best = fastest(ms, base, true)
  const isAlone = Object.keys(ms).length === 1
  const same = best === 'openvino' ? 'with the same results but for that rounding' : 'with the same results'
  const reason =
    best === base ? `${RUNTIME_TITLES[base]} is as fast` : `${RUNTIME_TITLES[best]} is faster, ${same}`
  const model =
    `${MODELS[config.architecture].title} ${detectorOf(config).title}, ` +
    `${input.width} × ${input.height} px`
  const speed = {
    ...{ model, runtime: best, ms, quiet, why: [...(isAlone ? [] : [reason]), ...refused].join('. ') },
    ...{ at: new Date().toISOString(), times: (before?.times ?? 0) + 1 },
  }
  return { opened, speed }
}

/** The least time of each in turn, now and before. */
async function timed(
  runners: ReadonlyMap<RuntimeName, Runner>,
  input: NetworkInput,
  before: DetectionSpeed | undefined,
): Promise<Pick<DetectionSpeed, 'ms' | 'quiet'>> {
  const times = new Map<RuntimeName, number[]>([...runners.keys()].map((name) => [name, []]))
  const isLoaded = loadavg()[0] >= availableParallelism()
  const start = performance.now()
  for (let run = 0; run < MOST_RUNS && (run === 0 || performance.now() - start < ENOUGH_MS); run++) {
    for (const [name, runner] of runners) {
      const began = performance.now()
      await runner.raw(input)
      times.get(name)!.push(performance.now() - began)
    }
  }
  const ms: DetectionSpeed['ms'] = {}
  let quiet = !isLoaded
  for (const [name, of] of times) {
    const [least, second = least] = of.sort((a, b) => a - b)
    if (second > SPREAD * least) quiet = false
    ms[name] = Math.min(least, before?.ms[name] ?? Infinity)
  }
  return { ms, quiet }
}

/** An image of the usual shape. */
function noise({ input }: ModelConfig): NetworkInput {
  const size = paddedSize(resizedSize({ width: 4000, height: 3000 }, input))
  const random = mulberry32(0)
  const images = Float32Array.from({ length: size.width * size.height * 3 }, () => 4 * random() - 2)
  return { images, ...size, sizes: [size], scales: [{ x: 1, y: 1 }] }
}
