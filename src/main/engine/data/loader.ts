/**
 * Batches prepared ahead in worker threads while the network computes. What a batch holds depends on the plan and its step
 * alone, never on timing or the number of workers, so that a resumed run sees what an unbroken one would have seen.
 */
import { Worker } from 'node:worker_threads'
import { CodedError, fromWire } from '../../../core/errors.ts'
import type { Problem } from '../../../core/formats/dataset.ts'
import type { Batch, BatchPlan } from './batch.ts'
import type { WorkerReply, WorkerRequest, WorkerTask } from './loader.worker.ts'

export interface LoaderOptions {
  /** The first step to deliver: 0, or the step at which a run is resumed. */
  readonly startStep?: number
  /** One worker suffices while the CPU trains; a GPU needs more. */
  readonly workers?: number
  /** Number of batches that are prepared ahead, across all workers. */
  readonly ahead?: number
  /** Memory for decoded images, split between the workers. */
  readonly cacheBytes?: number
  /** Called once for every image that cannot be used. The next one of the data set replaces it. */
  readonly onProblem?: (problem: Problem) => void
  /** Called for the first image that is practically black. */
  readonly onBlack?: (path: string) => void
}

type Waiting = PromiseWithResolvers<Batch>

export class BatchLoader {
  #plan: BatchPlan
  /** Number of plans before this one. */
  #plans = 0
  readonly #workers: readonly Worker[]
  readonly #ahead: number
  readonly #onProblem: (problem: Problem) => void
  readonly #onBlack: (path: string) => void
  #isBlackTold = false
  readonly #waiting = new Map<number, Waiting>()
  readonly #badImages = new Set<string>()
  #next: number
  #requested: number
  #failure: Error | undefined

  constructor(plan: BatchPlan, options: LoaderOptions = {}) {
    const { startStep = 0, workers = 1, ahead = 2, cacheBytes = 2 ** 28 } = options
    const { onProblem = () => {}, onBlack = () => {} } = options
    if (plan.samples.length === 0) {
      throw new CodedError('DATA_IMAGE_NONE', 'The data set has no training images')
    }
    this.#plan = plan
    this.#ahead = ahead
    this.#onProblem = onProblem
    this.#onBlack = onBlack
    this.#next = startStep
    this.#requested = startStep
    const workerData: WorkerTask = { plan, cacheBytes: cacheBytes / workers }
    this.#workers = Array.from({ length: workers }, () => this.#start(workerData))
    this.#request()
  }

  /**
   * The batch of the next step; steps come in order.
   * @throws RangeError past the plan's last step
   * @throws CodedError DATA_IMAGE_NONE when no image can be read, ENGINE_LOADER when the loader was closed or a worker died
   */
  async next(): Promise<Batch> {
    if (this.#failure) throw this.#failure
    if (this.#next >= this.#plan.totalSteps) throw new RangeError(`The plan ends at step ${this.#next}`)
    const step = this.#next++
    this.#request()
    const batch = await this.#waiting.get(step)!.promise
    this.#waiting.delete(step)
    return batch
  }

  /**
   * Follows another plan from the next step on. Batches that were prepared ahead are discarded; decoded images are
   * kept.
   */
  follow(plan: BatchPlan): void {
    this.#plan = plan
    this.#plans++
    for (const worker of this.#workers) post(worker, { follow: plan })
    this.#waiting.clear()
    this.#requested = this.#next
    this.#request()
  }

  /** Ends the workers. A pending batch is rejected. */
  async close(): Promise<void> {
    this.#fail(new CodedError('ENGINE_LOADER', 'The batch loader was closed'))
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #request(): void {
    const end = Math.min(this.#next + this.#ahead, this.#plan.totalSteps)
    for (; this.#requested < end; this.#requested++) {
      const waiting = Promise.withResolvers<Batch>()
      // The caller that asks for the step receives the rejection; until then it must not count as unhandled.
      waiting.promise.catch(() => {})
      this.#waiting.set(this.#requested, waiting)
      const worker = this.#workers[this.#requested % this.#workers.length]
      post(worker, { step: this.#requested, plan: this.#plans })
    }
  }

  #start(workerData: WorkerTask): Worker {
    const worker = new Worker(new URL('./loader.worker.ts', import.meta.url), { workerData })
    worker.on('message', (reply: WorkerReply) => this.#receive(reply))
    worker.on('error', (cause) => {
      const reason = cause instanceof Error ? cause.message : String(cause)
      this.#fail(new CodedError('ENGINE_LOADER', `A data worker died: ${reason}`, undefined, { cause }))
    })
    return worker
  }

  #receive(reply: WorkerReply): void {
    if ('plan' in reply && reply.plan !== this.#plans) return
    if (reply.kind === 'batch') this.#waiting.get(reply.batch.step)?.resolve(reply.batch)
    else if (reply.kind === 'failed') this.#waiting.get(reply.step)?.reject(fromWire(reply.error))
    else if (reply.kind === 'black-image') {
      if (!this.#isBlackTold) this.#onBlack(reply.file)
      this.#isBlackTold = true
    } else if (!this.#badImages.has(reply.file)) {
      const { file } = reply
      this.#badImages.add(file)
      this.#onProblem({
        file,
        where: 'pixels',
        reason: reply.error.message.replace(`${file}: `, ''),
        action: 'skipped',
      })
    }
  }

  #fail(failure: Error): void {
    this.#failure ??= failure
    for (const { reject } of this.#waiting.values()) reject(failure)
  }
}

const post = (worker: Worker, request: WorkerRequest): void => worker.postMessage(request)
