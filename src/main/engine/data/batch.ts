/** Batches of augmented images: a pure function of the plan and the step. */

import type { AugmentConfig } from '../../../core/contract/augmentation.ts'
import type { Outlines } from '../../../core/detectors/assigner.ts'
import type { InputConfig } from '../../../core/detectors/model-config.ts'
import type { CodedError } from '../../../core/errors.ts'
import type { Size } from '../../../core/geometry/box.ts'
import type { Ring } from '../../../core/geometry/polygon.ts'
import { shiftAndNormalise } from './augment/colour.ts'
import { placeBoxes } from './augment/geometry.ts'
import { arrange, chooseImages } from './augment/scene.ts'
import { ImageCache } from './image-cache.ts'
import { EpochOrder, type Turn } from './order.ts'
import { drawImage } from './resample.ts'
import { reducedTo, type TrainingSample } from './samples.ts'

export interface Batch {
  readonly step: number
  /** [N, height, width, 3] float32, normalised; 0 where no image lies. */
  readonly images: Float32Array
  readonly height: number
  readonly width: number
  /** Per image [n·4] x1, y1, x2, y2 in pixels of the network input. */
  readonly boxes: readonly Float32Array[]
  /** Per image [n] indices into the model's classes. */
  readonly classes: readonly Int32Array[]
  /** Per image [n], in the same pixels; undefined where no object has an outline. */
  readonly outlines: readonly (Outlines | undefined)[]
  /** Per image the index of its sample (a mosaic's first). */
  readonly indices: readonly number[]
  /** Boxes cropped away or degenerate, in the whole batch. */
  readonly droppedBoxes: number
}

/** Everything that determines a run's batches, as plain data that can be copied into a worker. */
export interface BatchPlan {
  readonly samples: readonly TrainingSample[]
  readonly canvas: Size
  readonly input: InputConfig
  readonly augment: AugmentConfig
  readonly seed: number
  readonly batchSize: number
  /** Steps of the whole run; only the first part of them has mosaics. */
  readonly totalSteps: number
  /** Folder for copies of large images, of which tiles are read; null to read tiles from the images. */
  readonly copies: string | null
}

interface Scene {
  readonly boxes: Float32Array
  readonly classes: Int32Array
  readonly outlines: Outlines | undefined
  readonly index: number
  readonly dropped: number
}

export class BatchMaker {
  #plan: BatchPlan
  #order: EpochOrder
  readonly #images: ImageCache

  constructor(
    plan: BatchPlan,
    cacheBytes: number,
    onBad: (index: number, error: CodedError) => void,
    onBlack?: (index: number) => void,
  ) {
    this.#plan = plan
    this.#order = new EpochOrder(plan.samples.length, plan.seed)
    this.#images = new ImageCache(plan.samples, cacheBytes, plan.copies, onBad, onBlack)
  }

  /** Batches follow this plan from now on. Decoded images are kept. */
  follow(plan: BatchPlan): void {
    this.#plan = plan
    this.#order = new EpochOrder(plan.samples.length, plan.seed)
    this.#images.replace(plan.samples)
  }

  /** @throws CodedError DATA_IMAGE_NONE when no image of the data set can be used */
  async make(step: number): Promise<Batch> {
    // A plan that arrives meanwhile applies to the next batch.
    const { batchSize, canvas } = this.#plan
    const pixels = canvas.height * canvas.width * 3
    const images = new Float32Array(batchSize * pixels)
    const scenes: Scene[] = []
    // Inputs are made one after the other, because decoding them in parallel would take cores and memory from the
    // training step. A machine with spare cores uses more workers.
    for (let n = 0; n < batchSize; n++) {
      const turn = this.#order.at(step * batchSize + n)
      scenes.push(await this.#draw(turn, step, images.subarray(n * pixels, (n + 1) * pixels)))
    }
    return {
      step,
      images,
      height: canvas.height,
      width: canvas.width,
      boxes: scenes.map((scene) => scene.boxes),
      classes: scenes.map((scene) => scene.classes),
      outlines: scenes.map((scene) => scene.outlines),
      indices: scenes.map((scene) => scene.index),
      droppedBoxes: scenes.reduce((sum, scene) => sum + scene.dropped, 0),
    }
  }

  /** Draws one input into `data` [height, width, 3]. */
  async #draw(turn: Turn, step: number, data: Float32Array): Promise<Scene> {
    const { samples, canvas, input, augment, totalSteps } = this.#plan
    const random = this.#order.random(turn)
    const chosen = chooseImages(random, turn.index, samples.length, augment, step / totalSteps)
    // Of samples that show one part there is nothing to draw.
    const draws = chosen.map((index) => ((samples[index].tiles?.length ?? 1) > 1 ? random() : 0))
    const found = await Promise.all(chosen.map((index, k) => this.#images.find(index, draws[k])))
    const sources = found.map(({ image }) => image)
    const tiles = arrange(random, sources, this.#plan)
    const boxes: number[] = []
    const classes: number[] = []
    const outlines: (readonly Ring[] | null)[] = []
    let dropped = 0
    tiles.forEach(({ at, region, colour }, k) => {
      const sample = reducedTo(sources[k], samples[found[k].index])
      drawImage({ ...canvas, data }, sources[k], at, region, shiftAndNormalise(colour, input))
      const placed = placeBoxes(sample, at, region, augment.minVisible)
      for (const side of placed.boxes) boxes.push(side)
      for (const label of placed.classes) classes.push(label)
      for (const outline of placed.outlines) outlines.push(outline)
      dropped += placed.dropped
    })
    return {
      boxes: Float32Array.from(boxes),
      classes: Int32Array.from(classes),
      outlines: outlines.some((outline) => outline !== null) ? outlines : undefined,
      index: found[0].index,
      dropped,
    }
  }
}
