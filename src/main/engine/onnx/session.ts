/** A model on ONNX Runtime, on the CPU or a GPU. */
import { readdirSync } from 'node:fs'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Outputs } from '../../../core/detectors/detector.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import type { NetworkInput } from '../data/preprocess.ts'
import { imagesOf, type RawOutputs, type Runner } from '../detect/runner.ts'
import type { Checkpoint } from '../weights/checkpoint.ts'
import { EMBEDDING, engineModel, IMAGE } from './model.ts'
import { weightsOf } from './network.ts'

/** How ONNX Runtime reaches a GPU, with the names of its execution providers. */
const PROVIDERS = { webgpu: 'webgpu', directml: 'dml', coreml: 'coreml' } as const
export type GpuRuntime = keyof typeof PROVIDERS
const GPU_TITLES: Readonly<Record<GpuRuntime, string>> = {
  webgpu: 'WebGPU',
  directml: 'DirectML',
  coreml: 'Core ML',
}

/** Those that ONNX Runtime's package has for this system; whether one finds a GPU turns out when a session is opened. */
export async function gpuRuntimes(): Promise<readonly GpuRuntime[]> {
  const has = new Set((await runtime()).listSupportedBackends().map(({ name }) => name))
  return (Object.keys(PROVIDERS) as GpuRuntime[]).filter((name) => has.has(PROVIDERS[name]))
}

/**
 * Whether this machine may have a GPU. On Linux, Vulkan also offers software as one, which is not worth a trial: a GPU has a
 * device file.
 */
export function mayHaveGpu(): boolean {
  if (process.platform !== 'linux') return true
  const isGpu = (name: string) => /^(renderD\d+|nvidia\d+|dxg)$/.test(name)
  return ['/dev/dri', '/dev'].some((folder) => {
    try {
      return readdirSync(folder).some(isGpu)
    } catch {
      return false
    }
  })
}

/** Threads that wait do not spin: they would take the cores from decoding, and from whatever else the machine does. */
const OPTIONS = {
  ...(process.env.FCOS_THREADS && { intraOpNumThreads: Number(process.env.FCOS_THREADS) }),
  extra: { session: { intra_op: { allow_spinning: '0' } } },
}

/** Only who detects on it pays for loading it. */
const runtime = () => import('onnxruntime-node')

export async function onnxVersion(): Promise<string> {
  return (await runtime()).env.versions.node!
}

/** @throws Error where the file is no model, has operations that the runtime does not know, or there is no such GPU. */
export async function openSession(model: Uint8Array | string, gpu?: GpuRuntime): Promise<InferenceSession> {
  const { InferenceSession } = await runtime()
  const options = gpu
    ? { ...OPTIONS, executionProviders: [PROVIDERS[gpu]], logSeverityLevel: 3 as const }
    : OPTIONS
  return typeof model === 'string'
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model, options)
}

export async function tensorOf(values: Float32Array, shape: readonly number[]): Promise<Tensor> {
  const { Tensor } = await runtime()
  return new Tensor('float32', values, shape)
}

/** Normalised [H, W, 3] back to RGB in 0…1, [1, 3, H, W], as exported models take it. */
export function imageTensor(
  { images, width, height }: NetworkInput,
  { input: { mean, std } }: ModelConfig,
): Promise<Tensor> {
  const pixels = width * height
  const planes = new Float32Array(3 * pixels)
  for (let i = 0; i < pixels; i++)
    for (let c = 0; c < 3; c++) planes[c * pixels + i] = images[i * 3 + c] * std[c] + mean[c]
  return tensorOf(planes, [1, 3, height, width])
}

/**
 * @param half with weights rounded to float16.
 * @param gpu by default the CPU.
 */
export async function onnxRunner(
  checkpoint: Checkpoint,
  { half = false, gpu }: { readonly half?: boolean; readonly gpu?: GpuRuntime } = {},
): Promise<Runner> {
  const session = await onnxSession(engineModel(checkpoint, half), gpu)
  const runtime = `ONNX Runtime ${await onnxVersion()}, ${gpu ? GPU_TITLES[gpu] : 'CPU'}`
  return runnerOn(session, { config: checkpoint.config, parameters: parametersOf(checkpoint), runtime })
}

/** A model as engineModel writes it, on a runtime. */
export interface Session {
  /** @param images of the given shape, [N, H, W, 3]. */
  run(images: Float32Array, shape: readonly number[]): Promise<Readonly<Record<string, Float32Array>>>
  release(): void
}

/** @throws as openSession. */
export async function onnxSession(model: Uint8Array | string, gpu?: GpuRuntime): Promise<Session> {
  const session = await openSession(model, gpu)
  return {
    async run(images, shape) {
      const found = await session.run({ [IMAGE]: await tensorOf(images, shape) })
      return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, data as Float32Array]))
    },
    release: () => void session.release(),
  }
}

/** Of the outputs that engineModel has. */
export const outputNames = (config: ModelConfig): string[] => [
  ...detectorOf(config)
    .head(config)
    .towers.flatMap(({ outputs }) => outputs.map(({ name }) => name)),
  EMBEDDING,
]

/** Those that are not computed from images. */
export function parametersOf({ config, tensors }: Checkpoint): RawOutputs['parameters'] {
  const weights = weightsOf(tensors)
  return Object.fromEntries(
    detectorOf(config)
      .head(config)
      .parameters.map(({ name, tensor }) => [name, weights.values(tensor)]),
  )
}

export function runnerOn(
  session: Session,
  { config, parameters, runtime }: Pick<Runner, 'config' | 'runtime'> & Pick<RawOutputs, 'parameters'>,
): Runner {
  const detector = detectorOf(config)
  const names = detector.head(config).towers.flatMap((tower) => tower.outputs.map(({ name }) => name))
  const run = async ({ images, width, height, sizes }: NetworkInput): Promise<RawOutputs> => {
    const found = await session.run(images, [sizes.length, height, width, 3])
    const outputs: Outputs = Object.fromEntries(names.map((name) => [name, found[name]]))
    return {
      grid: detector.grid({ width, height }, config),
      parameters,
      images: imagesOf(sizes.length, outputs, found[EMBEDDING]),
    }
  }
  // One at a time: two would need twice the memory, and share the same threads.
  let last: Promise<unknown> = Promise.resolve()
  return {
    ...{ config, detector },
    runtime,
    raw(input) {
      const outputs = last.then(() => run(input))
      last = outputs.catch(() => {})
      return outputs
    },
    dispose: () => session.release(),
  }
}
