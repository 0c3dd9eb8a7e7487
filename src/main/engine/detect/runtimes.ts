/**
 * On which runtime a model detects: TensorFlow or ONNX Runtime. Both are timed and compared for each kind of model on a
 * machine, and the choice is remembered: for good where the machine was quiet, else until it was measured a few times.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { type DetectionSpeed, DetectionSpeeds, RuntimeName } from '../../../core/contract/runtime.ts'
import { MODELS } from '../../../core/detectors/architectures.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { CodedError } from '../../../core/errors.ts'
import { paddedSize, resizedSize } from '../../../core/pyramid/input-size.ts'
import { mulberry32 } from '../../../core/random.ts'
import { replaceFileSync } from '../../files/replace-file.ts'
import type { NetworkInput } from '../data/preprocess.ts'
import { onnxRunner, onnxVersion } from '../onnx/session.ts'
import { loadTensorflow } from '../tensor/load-tensorflow.ts'
import { runtimeRecord, tensorflowFault } from '../tensor/runtime-record.ts'
import type { Checkpoint } from '../weights/checkpoint.ts'
import type { RawOutputs, Runner } from './runner.ts'

/** Set by whoever starts the engine: `tensorflow` or `onnx` to force one, … */
const { FCOS_RUNTIME: forced, FCOS_DETECTION_SPEEDS: file } = process.env

/** ONNX Runtime has to be this much faster: where they are near, what trained the model detects too. */
const WORTH = 0.95
/** Of raw outputs, relative to the largest: far more than rounding makes of them. */
const TOLERANCE = 1e-3
/** Runs of each after the first, as many as fit. */
const MOST_RUNS = 5
const ENOUGH_MS = 600
/** On a quiet machine the two best runs differ by less. */
const SPREAD = 1.2
/** What was measured on a busy machine is measured again, this much later and this often in all. */
const AGAIN_MS = 10 * 60_000
const MOST_TIMES = 3

/**
 * @param note is told when something is measured, which takes a moment.
 * @throws CodedError USAGE_RUNTIME where a runtime is forced that is not there.
 */
export async function openRunner(checkpoint: Checkpoint, note: (message: string) => void): Promise<Runner> {
  const { device, tensorflow } = runtimeRecord()
  if (device === 'onnx') {
    const fault = tensorflowFault()
    if (forced !== 'tensorflow') {
      if (fault) note(withoutTensorflow(fault))
      return onnxRunner(checkpoint)
    }
    const remedy = '`fcos doctor` says why; ONNX Runtime detects without it'
    throw fault ?? new CodedError('USAGE_RUNTIME', 'There is no TensorFlow on this machine', remedy)
  }
  if (forced === 'onnx') return onnxRunner(checkpoint)
  if (forced === 'tensorflow') return onTensorflow(checkpoint)
  return onnxWhereBroken(checkpoint, note, () => chosen(checkpoint, `${tensorflow} ${device}`, note))
}

async function onnxWhereBroken(
  checkpoint: Checkpoint,
  note: (message: string) => void,
  open: () => Promise<Runner>,
): Promise<Runner> {
  try {
    return await open()
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'RUNTIME_BROKEN') throw error
    note(withoutTensorflow(error))
    return onnxRunner(checkpoint)
  }
}

const withoutTensorflow = ({ message, remedy }: CodedError): string =>
  `${message}. Until it is repaired, ONNX Runtime detects. ${remedy}`

/** What is known to be faster, or turns out to be. */
async function chosen(
  checkpoint: Checkpoint,
  tensorflow: string,
  note: (message: string) => void,
): Promise<Runner> {
  if (file === undefined) return onTensorflow(checkpoint)
  const key = await kindOf(checkpoint.config, tensorflow)
  const known = readSpeeds(file)[key]
  if (known && isSettled(known))
    return known.runtime === 'onnx' ? onnxRunner(checkpoint) : onTensorflow(checkpoint)
  note(
    known
      ? 'Measuring again which runtime detects faster: the machine was busy the last time'
      : 'Measuring, once for this kind of model, which runtime detects faster',
  )
  const { runner, speed } = await faster(checkpoint, known)
  try {
    replaceFileSync(file, `${JSON.stringify({ ...readSpeeds(file), [key]: speed }, null, 2)}\n`)
  } catch {
    // Without a cache it is measured again next time.
  }
  return runner
}

/** Whether what was measured decides now. That a runtime fails or computes something else is no matter of time. */
function isSettled({ quiet, times, at, tensorflowMs, onnxMs }: DetectionSpeed): boolean {
  if (quiet || times >= MOST_TIMES || tensorflowMs === null || onnxMs === null) return true
  const age = Date.now() - Date.parse(at)
  return age >= 0 && age < AGAIN_MS
}

/** The model on TensorFlow, or where that is missing, on ONNX Runtime. */
export const tensorflowOrOnnx = (checkpoint: Checkpoint): Promise<Runner> =>
  runtimeRecord().device === 'onnx'
    ? onnxRunner(checkpoint)
    : onnxWhereBroken(
        checkpoint,
        () => {},
        () => onTensorflow(checkpoint),
      )

/** All that this machine has, or the one that is forced. */
export async function benchRunners(
  checkpoint: Checkpoint,
): Promise<(Runner & { readonly name: RuntimeName })[]> {
  const names: RuntimeName[] = forced
    ? [RuntimeName.parse(forced)]
    : runtimeRecord().device === 'onnx'
      ? ['onnx']
      : ['tensorflow', 'onnx']
  return Promise.all(
    names.map(async (name) => {
      const runner = await (name === 'onnx' ? onnxRunner(checkpoint) : onTensorflow(checkpoint))
      return { ...runner, name }
    }),
  )
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
async function kindOf(config: ModelConfig, tensorflow: string): Promise<string> {
  const { detector, architecture, head, input, classes } = config
  const machine = [cpus()[0]?.model, availableParallelism(), tensorflow, await onnxVersion()]
  const kind = [machine, detector, architecture, head, input, classes.length]
  return createHash('sha256').update(JSON.stringify(kind)).digest('hex').slice(0, 16)
}

/** @param before what was measured before. */
async function faster(
  checkpoint: Checkpoint,
  before: DetectionSpeed | undefined,
): Promise<{ runner: Runner; speed: DetectionSpeed }> {
  const { config } = checkpoint
  const input = noise(config)
  const tensorflow = await onTensorflow(checkpoint)
  const wanted = await tensorflow.raw(input)
  const model =
    `${MODELS[config.architecture].title} ${detectorOf(config).title}, ` +
    `${input.width} × ${input.height} px`
  const told = { model, at: new Date().toISOString(), times: (before?.times ?? 0) + 1 }
  const refused = (why: string) => {
    const unmeasured = { tensorflowMs: null, onnxMs: null, quiet: false }
    return { runner: tensorflow, speed: { ...told, ...unmeasured, runtime: 'tensorflow' as const, why } }
  }
  let onnx: Runner
  let difference: number
  try {
    onnx = await onnxRunner(checkpoint)
    difference = largestDifference(wanted, await onnx.raw(input))
  } catch (error) {
    return refused(`ONNX Runtime does not run it: ${(error as Error).message.split('\n')[0]}`)
  }
  if (difference > TOLERANCE) {
    onnx.dispose()
    return refused('ONNX Runtime computes something else')
  }
  const { tensorflowMs, onnxMs, quiet } = await timed(tensorflow, onnx, input, before)
  const isFaster = onnxMs < WORTH * tensorflowMs
  const [runner, other] = isFaster ? [onnx, tensorflow] : [tensorflow, onnx]
  other.dispose()
  const why = isFaster ? 'ONNX Runtime is faster, with the same results' : 'TensorFlow is as fast'
  const runtime = isFaster ? 'onnx' : 'tensorflow'
  return { runner, speed: { ...told, runtime, tensorflowMs, onnxMs, why, quiet } }
}

/** The least time of each in turn, now and before. */
async function timed(
  tensorflow: Runner,
  onnx: Runner,
  input: NetworkInput,
  before: Pick<DetectionSpeed, 'tensorflowMs' | 'onnxMs'> | undefined,
): Promise<{ tensorflowMs: number; onnxMs: number; quiet: boolean }> {
  const ms: Record<RuntimeName, number[]> = { tensorflow: [], onnx: [] }
  const isLoaded = loadavg()[0] >= availableParallelism()
  const start = performance.now()
  for (let run = 0; run < MOST_RUNS && (run === 0 || performance.now() - start < ENOUGH_MS); run++) {
    for (const [name, runner] of [['tensorflow', tensorflow] as const, ['onnx', onnx] as const]) {
      const began = performance.now()
      await runner.raw(input)
      ms[name].push(performance.now() - began)
    }
  }
  const agree = Object.values(ms).every((of) => {
    const [best, second = best] = of.sort((a, b) => a - b)
    return second <= SPREAD * best
  })
  return {
    tensorflowMs: Math.min(ms.tensorflow[0], before?.tensorflowMs ?? Infinity),
    onnxMs: Math.min(ms.onnx[0], before?.onnxMs ?? Infinity),
    quiet: agree && !isLoaded,
  }
}

/** An image of the usual shape. */
function noise({ input }: ModelConfig): NetworkInput {
  const size = paddedSize(resizedSize({ width: 4000, height: 3000 }, input))
  const random = mulberry32(0)
  const images = Float32Array.from({ length: size.width * size.height * 3 }, () => 4 * random() - 2)
  return { images, ...size, sizes: [size], scales: [{ x: 1, y: 1 }] }
}

/** Relative to the largest value of each output; NaN counts as infinite. */
function largestDifference(wanted: RawOutputs, found: RawOutputs): number {
  let worst = 0
  for (const [name, values] of Object.entries(wanted.images[0].outputs)) {
    const others = found.images[0].outputs[name]
    if (others.length !== values.length) return Infinity
    let [largest, apart] = [1, 0]
    for (let i = 0; i < values.length; i++) {
      largest = Math.max(largest, Math.abs(values[i]))
      apart = Math.max(apart, Math.abs(values[i] - others[i]))
    }
    worst = Math.max(worst, Number.isNaN(apart) ? Infinity : apart / largest)
  }
  return worst
}
