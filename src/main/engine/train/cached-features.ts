/**
 * With backbone and pyramid frozen, P3 to P7 of an image never change: they are computed once per image, kept in files
 * beside the run, and the head trains from them. Images are seen without augmentation.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { FcosLoss } from '../../../core/fcos/loss/index.ts'
import type { Problem } from '../../../core/formats/dataset.ts'
import { NO_AUGMENTATION } from '../data/augment/config.ts'
import type { BatchPlan } from '../data/batch.ts'
import { BatchLoader } from '../data/loader.ts'
import { EpochOrder } from '../data/order.ts'
import type { Fcos } from '../model/fcos.ts'
import { Tape, Value } from '../model/tape.ts'
import { tf } from '../tensor/tensorflow.ts'
import type { Batches } from './batches.ts'
import { type LabelledBoxes, type LossOptions, lossOfFeatures } from './gradients.ts'

export class CachedFeatures implements Batches {
  readonly #model: Fcos
  readonly #plan: BatchPlan
  readonly #folder: string
  readonly #order: EpochOrder
  readonly #labelled: LabelledBoxes[]
  readonly #shapes: [number, number, number, number][]
  #step: number

  private constructor(
    model: Fcos,
    plan: BatchPlan,
    folder: string,
    labelled: LabelledBoxes[],
    shapes: [number, number, number, number][],
    startStep: number,
  ) {
    this.#model = model
    this.#plan = plan
    this.#folder = folder
    this.#order = new EpochOrder(labelled.length, plan.seed)
    this.#labelled = labelled
    this.#shapes = shapes
    this.#step = startStep
  }

  /** Computes the features of every image once. */
  static async build(
    model: Fcos,
    plan: BatchPlan,
    folder: string,
    startStep: number,
    onProblem: (problem: Problem) => void,
  ): Promise<CachedFeatures> {
    await mkdir(folder, { recursive: true })
    // One image per batch and one epoch; the order is the loader's, so images are told apart by their place in it.
    const once = { ...plan, augment: NO_AUGMENTATION, batchSize: 1, totalSteps: plan.samples.length }
    const loader = new BatchLoader(once, { onProblem })
    const labelled: LabelledBoxes[] = []
    let shapes: [number, number, number, number][] = []
    try {
      for (let i = 0; i < plan.samples.length; i++) {
        const { images, width, height, boxes, classes } = await loader.next()
        labelled.push({ boxes: boxes[0], classes: classes[0] })
        const tensor = tf.tensor4d(images, [1, height, width, 3]) as Tensor4D
        const features = model.features(new Tape(false), tensor)
        shapes = features.map(({ tensor: { shape } }) => shape)
        const parts = features.map((feature) => feature.tensor.dataSync() as Float32Array)
        await writeFile(
          join(folder, `${i}.f32`),
          Buffer.concat(parts.map((part) => new Uint8Array(part.buffer))),
        )
        for (const feature of features) feature.release()
        tensor.dispose()
      }
    } finally {
      await loader.close()
    }
    return new CachedFeatures(model, plan, folder, labelled, shapes, startStep)
  }

  async next(options: LossOptions): Promise<FcosLoss> {
    const { batchSize, canvas } = this.#plan
    const step = this.#step++
    const images = Array.from({ length: batchSize }, (_, n) => this.#order.at(step * batchSize + n).index)
    const files = await Promise.all(images.map((image) => readFile(join(this.#folder, `${image}.f32`))))
    let offset = 0
    const features = this.#shapes.map(([, height, width, channels]) => {
      const length = height * width * channels
      const packed = new Float32Array(batchSize * length)
      for (const [n, file] of files.entries()) {
        packed.set(new Float32Array(file.buffer, file.byteOffset + offset, length), n * length)
      }
      offset += length * Float32Array.BYTES_PER_ELEMENT
      return new Value(tf.tensor4d(packed, [batchSize, height, width, channels]), false)
    })
    const labelled = images.map((image) => this.#labelled[image])
    return lossOfFeatures(this.#model, new Tape(true), features, canvas, labelled, options)
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}
