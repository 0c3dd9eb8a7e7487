/** What each request of the protocol does. */
import type {
  DetectRequest,
  DetectResult,
  EngineEvent,
  EngineRequest,
  EngineResults,
} from '../../core/contract/engine.ts'
import { inferenceOnly } from '../../core/contract/runtime.ts'
import { bench } from './bench.ts'
import { detectFiles } from './detect/stream.ts'
import { Fcos } from './model/fcos.ts'
import { device } from './tensor/tensorflow.ts'
import { train } from './train/trainer.ts'
import { readCheckpoint } from './weights/checkpoint.ts'

export type Job = Exclude<EngineRequest, { method: 'cancel' }>

/** @throws CodedError RUNTIME_INFERENCE_ONLY where the job trains and the runtime cannot. */
export async function runJob(
  job: Job,
  emit: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<EngineResults[Job['method']]> {
  if (device === 'wasm' && trains(job)) throw inferenceOnly()
  switch (job.method) {
    case 'train':
      return train(job, emit, signal)
    case 'detect':
      return detectAll(job, emit, signal)
    case 'bench':
      return bench(job, signal)
  }
}

const trains = (job: Job): boolean => job.method === 'train' || (job.method === 'bench' && job.train)

async function detectAll(
  { model: path, images, size, score, nms, limit, batch }: DetectRequest,
  emit: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<DetectResult> {
  const { config, tensors } = await readCheckpoint(path)
  const input = size === null ? config.input : { ...config.input, shortSide: size, longSide: size }
  const model = new Fcos({ ...config, input }, tensors)
  let [done, skipped] = [0, 0]
  try {
    for await (const result of detectFiles(model, images, { score, nms, limit, batch }, signal)) {
      done++
      if ('error' in result) skipped++
      emit('error' in result ? { kind: 'skipped', ...result } : { kind: 'detected', ...result })
      // Lets a cancel request in: the network does not yield by itself.
      await new Promise(setImmediate)
    }
  } finally {
    model.dispose()
  }
  return { images: done - skipped, skipped, complete: done === images.length, classes: config.classes }
}
