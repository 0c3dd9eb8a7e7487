/**
 * What the frozen part of the network makes of an image never changes: it is computed once per image, kept in files
 * beside the run, and the rest trains from there. Images are seen without augmentation.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import type { LearningDepth } from '../../../core/contract/training.ts'
import type { LabelledBoxes, Losses } from '../../../core/detectors/detector.ts'
import { CodedError } from '../../../core/errors.ts'
import { NO_AUGMENTATION } from '../../../core/training/augmentation.ts'
import type { JobControl } from '../control.ts'
import type { BatchPlan } from '../data/batch.ts'
import { BatchLoader } from '../data/loader.ts'
import { EpochOrder } from '../data/order.ts'
import type { PerTower } from '../model/head.ts'
import type { Network } from '../model/network.ts'
import { Tape, Value } from '../model/tape.ts'
import { tf } from '../tensor/tensorflow.ts'
import type { Batches, LoaderHooks } from './batches.ts'
import { type LossOptions, lossOfPredictions } from './gradients.ts'

/** The deepest frozen features, as a flat list of values per image, and the way on from there. */
interface Cut {
  frozen(model: Network, images: Tensor4D): Value[]
  towers(model: Network, tape: Tape, values: readonly Value[]): PerTower[]
}

/** A tower learns: P3 to P7 are kept. */
const AFTER_PYRAMID: Cut = {
  frozen: (model, images) => model.features(new Tape(false), images),
  towers: (model, tape, values) => model.towers(tape, values),
}

const CUTS: Partial<Record<LearningDepth, Cut>> = {
  head: AFTER_PYRAMID,
  // It may have a tower of its own.
  quality: AFTER_PYRAMID,
  // Only the last convolutions learn: the features after the towers are kept, level by level.
  predictors: {
    frozen(model, images) {
      const tape = new Tape(false)
      return model.towers(tape, model.features(tape, images)).flat()
    },
    towers(model, _tape, values) {
      const towers = model.head.towers.length
      return Array.from({ length: values.length / towers }, (_, level) =>
        values.slice(level * towers, (level + 1) * towers),
      )
    },
  },
}

/** Throws USAGE_CACHE where the backbone or the pyramid learns: their features change with every step. */
export function cutFor(depth: LearningDepth): Cut {
  const cut = CUTS[depth]
  if (cut) return cut
  throw new CodedError(
    'USAGE_CACHE',
    `Features cannot be cached while ${depth} learns`,
    'Set learn to head, predictors or quality, or cacheFeatures to false',
  )
}

type Shape4D = [number, number, number, number]

/** How the job hears that it is to stop or to wait, and how it tells how far it is. */
export interface Preparing {
  readonly control: JobControl
  readonly report: (done: number, total: number) => void
}

interface Cached {
  readonly labelled: LabelledBoxes[]
  /** Of one image's values. */
  readonly shapes: Shape4D[]
}

export class CachedFeatures implements Batches {
  readonly #model: Network
  readonly #plan: BatchPlan
  readonly #folder: string
  readonly #cut: Cut
  readonly #order: EpochOrder
  readonly #cached: Cached
  #step: number

  private constructor(
    model: Network,
    plan: BatchPlan,
    folder: string,
    cut: Cut,
    cached: Cached,
    startStep: number,
  ) {
    this.#model = model
    this.#plan = plan
    this.#folder = folder
    this.#cut = cut
    this.#order = new EpochOrder(cached.labelled.length, plan.seed)
    this.#cached = cached
    this.#step = startStep
  }

  /** Computes the features of every image once. Of a job that is stopped meanwhile they are not complete. */
  static async build(
    model: Network,
    plan: BatchPlan,
    folder: string,
    depth: LearningDepth,
    startStep: number,
    hooks: LoaderHooks,
    { control, report }: Preparing,
  ): Promise<CachedFeatures> {
    const cut = cutFor(depth)
    await mkdir(folder, { recursive: true })
    // One image per batch and one epoch; the order is the loader's, so images are told apart by their place in it.
    const once = { ...plan, augment: NO_AUGMENTATION, batchSize: 1, totalSteps: plan.samples.length }
    const loader = new BatchLoader(once, hooks)
    const cached: Cached = { labelled: [], shapes: [] }
    try {
      for (let i = 0; i < plan.samples.length && !control.signal.aborted; i++) {
        const { images, width, height, boxes, classes, outlines } = await loader.next()
        cached.labelled.push({ boxes: boxes[0], classes: classes[0], outlines: outlines[0] })
        const tensor = tf.tensor4d(images, [1, height, width, 3])
        const values = cut.frozen(model, tensor)
        const parts = values.map((value) => new Uint8Array((value.tensor.dataSync() as Float32Array).buffer))
        await writeFile(join(folder, `${i}.f32`), Buffer.concat(parts))
        if (i === 0) cached.shapes.push(...values.map((value) => value.tensor.shape))
        for (const value of values) value.release()
        tensor.dispose()
        report(i + 1, plan.samples.length)
        await control.turn()
      }
    } finally {
      await loader.close()
      if (plan.copies !== null) await rm(plan.copies, { recursive: true, force: true })
    }
    return new CachedFeatures(model, plan, folder, cut, cached, startStep)
  }

  async next(options: LossOptions): Promise<Losses> {
    const { batchSize, canvas } = this.#plan
    const step = this.#step++
    const images = Array.from({ length: batchSize }, (_, n) => this.#order.at(step * batchSize + n).index)
    const files = await Promise.all(images.map((image) => readFile(join(this.#folder, `${image}.f32`))))
    let offset = 0
    const values = this.#cached.shapes.map(([, height, width, channels]) => {
      const length = height * width * channels
      const packed = new Float32Array(batchSize * length)
      for (const [n, file] of files.entries()) {
        packed.set(new Float32Array(file.buffer, file.byteOffset + offset, length), n * length)
      }
      offset += length * Float32Array.BYTES_PER_ELEMENT
      return new Value(tf.tensor4d(packed, [batchSize, height, width, channels]), false)
    })
    const tape = new Tape(true)
    const levels = this.#model.predict(tape, this.#cut.towers(this.#model, tape, values))
    const labelled = images.map((image) => this.#cached.labelled[image])
    return lossOfPredictions(this.#model, tape, levels, canvas, labelled, options)
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}
