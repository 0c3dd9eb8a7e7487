/** What each request of the protocol does. TensorFlow comes with the first that trains. */
import type { EngineEvent, EngineRequest, EngineResults } from '../../core/contract/engine.ts'
import { inferenceOnly } from '../../core/contract/runtime.ts'
import type { JobControl } from './control.ts'
import { trainingInput } from './data/training-input.ts'
import { candidatesOfFiles, detectFiles, mapsOf, models } from './detect/requests.ts'
import { faultOf } from './faults.ts'
import { checkOnnx, exportOnnx } from './onnx/export.ts'
import { loadTensorflow } from './tensor/load-tensorflow.ts'
import { runtimeRecord, tensorflowFault } from './tensor/runtime-record.ts'
import { exportModel } from './weights/checkpoint.ts'

type RequestOf<Method> = Extract<EngineRequest, { method: Method }>
/** Jobs run one at a time. */
export type Job = RequestOf<
  'train' | 'begin' | 'assist' | 'probe' | 'detect' | 'candidates' | 'bench' | 'export-onnx' | 'check-onnx'
>
/** These requests are answered between the steps of a job. */
export type SideRequest = RequestOf<'maps' | 'training-input' | 'export-model'>

/** @throws CodedError RUNTIME_INFERENCE_ONLY, RUNTIME_DAMAGED, RUNTIME_BROKEN where the job trains and the runtime cannot. */
export async function runJob(
  job: Job,
  emit: (event: EngineEvent) => void,
  control: JobControl,
): Promise<EngineResults[Job['method']]> {
  if (trains(job)) {
    if (runtimeRecord().device === 'onnx') throw tensorflowFault() ?? inferenceOnly()
    await loadTensorflow()
    await models.clear()
  }
  switch (job.method) {
    case 'train':
      return (await import('./train/trainer.ts')).train(job, emit, control)
    case 'begin':
      return (await import('./train/start.ts')).begin(job, emit).catch(told)
    case 'assist':
      return (await import('./train/assist.ts')).assist(job, emit, control)
    case 'probe':
      return (await import('./train/probe.ts')).probe(job, emit, control).catch(told)
    case 'detect':
      return detectFiles(job, emit, control).catch(told)
    case 'candidates':
      return candidatesOfFiles(job, emit, control).catch(told)
    case 'export-onnx':
      return exportOnnx(job, (done) => emit({ kind: 'calibrated', done }), control.signal).catch(told)
    case 'check-onnx':
      return checkOnnx(job, (done) => emit({ kind: 'checked', done }), control.signal).catch(told)
    case 'bench':
      return (await import('./bench.ts')).bench(job, control.signal).catch(told)
  }
}

export async function answer(request: SideRequest): Promise<EngineResults[SideRequest['method']]> {
  if (request.method === 'maps') return mapsOf(request).catch(told)
  if (request.method === 'training-input') return trainingInput(request).catch(told)
  await exportModel(request)
  return null
}

const trains = (job: Job): boolean =>
  job.method === 'train' ||
  job.method === 'assist' ||
  job.method === 'begin' ||
  job.method === 'probe' ||
  (job.method === 'bench' && job.train)

/** Only a training run has anything to keep. */
function told(error: unknown): never {
  throw faultOf(error, 'Nothing was changed')
}
