/** A model on ONNX Runtime. */
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type { HeadParameters, Outputs } from '../../../core/detectors/detector.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { Runner } from '../detect/runner.ts'
import { imagesOf } from '../detect/runner.ts'
import type { Checkpoint } from '../weights/checkpoint.ts'
import { EMBEDDING, engineModel, IMAGE } from './model.ts'
import { weightsOf } from './network.ts'

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

/** @throws Error where the file is no model, or has operations that the runtime does not know. */
export async function openSession(model: Uint8Array | string): Promise<InferenceSession> {
  const { InferenceSession } = await runtime()
  return typeof model === 'string'
    ? InferenceSession.create(model, OPTIONS)
    : InferenceSession.create(model, OPTIONS)
}

export async function tensorOf(values: Float32Array, shape: readonly number[]): Promise<Tensor> {
  const { Tensor } = await runtime()
  return new Tensor('float32', values, shape)
}

/** @param half with weights rounded to float16. */
export async function onnxRunner(checkpoint: Checkpoint, half = false): Promise<Runner> {
  const { config, tensors } = checkpoint
  const detector = detectorOf(config)
  const { towers, parameters } = detector.head(config)
  const names = towers.flatMap((tower) => tower.outputs.map(({ name }) => name))
  const weights = weightsOf(tensors)
  const headParameters: HeadParameters = Object.fromEntries(
    parameters.map(({ name, tensor }) => [name, weights.values(tensor)]),
  )
  const session = await openSession(engineModel(checkpoint, half))
  const version = await onnxVersion()
  return {
    ...{ config, detector },
    runtime: `ONNX Runtime ${version}, CPU`,
    async raw({ images, width, height, sizes }) {
      const input = await tensorOf(images, [sizes.length, height, width, 3])
      const found = await session.run({ [IMAGE]: input })
      const outputs: Outputs = Object.fromEntries(
        names.map((name) => [name, found[name].data as Float32Array]),
      )
      return {
        grid: detector.grid({ width, height }, config),
        parameters: headParameters,
        images: imagesOf(sizes.length, outputs, found[EMBEDDING].data as Float32Array),
      }
    },
    dispose: () => void session.release(),
  }
}
