/** A worker thread of the loader: makes the batches it is asked for and hands over their memory. */
import { parentPort, workerData } from 'node:worker_threads'
import { toWire, type WireError } from '../../../core/errors.ts'
import { type Batch, BatchMaker, type BatchPlan } from './batch.ts'

export interface WorkerTask {
  readonly plan: BatchPlan
  readonly cacheBytes: number
}

/** The step of a batch to make, or the plan of all that are asked for after it. */
export type WorkerRequest = { readonly step: number; readonly plan: number } | { readonly follow: BatchPlan }

/** `plan` counts the plans so far, so that a batch of an older plan is recognised. */
export type WorkerReply =
  | { readonly kind: 'batch'; readonly plan: number; readonly batch: Batch }
  | { readonly kind: 'failed'; readonly plan: number; readonly step: number; readonly error: WireError }
  | { readonly kind: 'bad-image'; readonly file: string; readonly error: WireError }
  | { readonly kind: 'black-image'; readonly file: string }

const { plan, cacheBytes } = workerData as WorkerTask
let { samples } = plan
const reply = (message: WorkerReply, transfer: ArrayBuffer[] = []) =>
  parentPort!.postMessage(message, transfer)
const maker = new BatchMaker(
  plan,
  cacheBytes,
  (index, error) => reply({ kind: 'bad-image', file: samples[index].path, error: toWire(error) }),
  (index) => reply({ kind: 'black-image', file: samples[index].path }),
)

async function answer(request: WorkerRequest): Promise<void> {
  if ('follow' in request) {
    samples = request.follow.samples
    return maker.follow(request.follow)
  }
  const { step, plan } = request
  try {
    const batch = await maker.make(step)
    reply({ kind: 'batch', plan, batch }, [batch.images.buffer as ArrayBuffer])
  } catch (error) {
    reply({ kind: 'failed', plan, step, error: toWire(error) })
  }
}

// Batches are made one after the other, because the first that was asked for is needed first.
let last = Promise.resolve()
parentPort!.on('message', (request: WorkerRequest) => {
  last = last.then(() => answer(request))
})
