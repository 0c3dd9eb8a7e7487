/** The source of a training step's batch: freshly augmented images, or features that were computed once. */
import { rm } from 'node:fs/promises'
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { Losses } from '../../../core/detectors/detector.ts'
import type { BatchPlan } from '../data/batch.ts'
import { BatchLoader, type LoaderOptions } from '../data/loader.ts'
import type { Network } from '../model/network.ts'
import { tf } from '../tensor/tensorflow.ts'
import { type LossOptions, lossAndGradients } from './gradients.ts'

export type LoaderHooks = Pick<LoaderOptions, 'onProblem' | 'onBlack'>

export interface Batches {
  /** Losses of the next batch; adds to the gradients. */
  next(options: LossOptions): Promise<Losses>
  close(): Promise<void>
}

export class ImageBatches implements Batches {
  #model: Network
  readonly #loader: BatchLoader
  readonly #copies: string | null

  constructor(model: Network, plan: BatchPlan, startStep: number, hooks: LoaderHooks) {
    this.#model = model
    this.#copies = plan.copies
    this.#loader = new BatchLoader(plan, { startStep, ...hooks })
  }

  /** Takes batches from other data from now on. */
  follow(plan: BatchPlan): void {
    this.#loader.follow(plan)
  }

  /** Computes the losses of another model from now on. */
  use(model: Network): void {
    this.#model = model
  }

  async next(options: LossOptions): Promise<Losses> {
    const { images, width, height, boxes, classes, outlines } = await this.#loader.next()
    const tensor = tf.tensor4d(images, [boxes.length, height, width, 3]) as Tensor4D
    const labelled = boxes.map((of, i) => ({ boxes: of, classes: classes[i], outlines: outlines[i] }))
    const loss = lossAndGradients(this.#model, tensor, labelled, options)
    tensor.dispose()
    return loss
  }

  async close(): Promise<void> {
    await this.#loader.close()
    if (this.#copies !== null) await rm(this.#copies, { recursive: true, force: true })
  }
}
