/** A worker thread of the loader: makes the batches it is asked for and hands over their memory. */
import { parentPort, workerData } from 'node:worker_threads'
import { toWire, type WireError } from '../../../core/errors.ts'
import { type Batch, BatchMaker, type BatchPlan } from './batch.ts'

export interface WorkerTask {
  readonly plan: BatchPlan
  readonly cacheBytes: number
}

export type WorkerReply =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'failed'; readonly step: number; readonly error: WireError }
  | { readonly kind: 'bad-image'; readonly index: number; readonly error: WireError }
  | { readonly kind: 'black-image'; readonly index: number }

const { plan, cacheBytes } = workerData as WorkerTask
const reply = (message: WorkerReply, transfer: ArrayBuffer[] = []) =>
  parentPort!.postMessage(message, transfer)
const maker = new BatchMaker(
  plan,
  cacheBytes,
  (index, error) => reply({ kind: 'bad-image', index, error: toWire(error) }),
  (index) => reply({ kind: 'black-image', index }),
)

async function answer(step: number): Promise<void> {
  try {
    const batch = await maker.make(step)
    reply({ kind: 'batch', batch }, [batch.images.buffer as ArrayBuffer])
  } catch (error) {
    reply({ kind: 'failed', step, error: toWire(error) })
  }
}

// One batch after the other: the first asked for is the first needed.
let last = Promise.resolve()
parentPort!.on('message', (step: number) => {
  last = last.then(() => answer(step))
})
