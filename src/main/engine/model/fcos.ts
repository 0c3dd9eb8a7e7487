/** FCOS: backbone, feature pyramid, head; between device tensors and the typed arrays that core/detectors computes with. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { HeadOutputs } from '../../../core/detectors/fcos/loss.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { tf } from '../tensor/tensorflow.ts'
import type { StateDict } from '../weights/state-dict.ts'
import type { Backbone } from './backbone.ts'
import { EfficientNetLite0 } from './efficientnet-lite0.ts'
import { FeaturePyramid } from './fpn.ts'
import { Head, type LevelOutputs, type TowerOutputs } from './head.ts'
import { Parameters } from './parameter.ts'
import { ResNet50 } from './resnet50.ts'
import type { Tape, Value } from './tape.ts'

export class Fcos {
  readonly config: ModelConfig
  readonly parameters: Parameters
  readonly #backbone: Backbone
  readonly #pyramid: FeaturePyramid
  readonly #head: Head

  /** `state` must hold exactly the tensors of modelTensors(config). */
  constructor(config: ModelConfig, state: StateDict) {
    this.config = config
    this.parameters = new Parameters(state)
    this.#backbone =
      config.architecture === 'r50' ? new ResNet50(this.parameters) : new EfficientNetLite0(this.parameters)
    this.#pyramid = new FeaturePyramid(this.parameters)
    this.#head = new Head(this.parameters, config.head)
  }

  /** Normalised images [N,H,W,3], H and W multiples of 32 → P3 to P7. The images stay the caller's. */
  features(tape: Tape, images: Tensor4D): Value[] {
    return this.#pyramid.forward(tape, this.#backbone.forward(tape, images))
  }

  /** P3 to P7 → the features after the head's two towers, per level. Takes a hold of each feature. */
  towers(tape: Tape, features: readonly Value[]): TowerOutputs[] {
    return this.#head.towers(tape, features)
  }

  /** The towers' outputs → the raw predictions per level. Takes a hold of each. */
  predict(tape: Tape, towers: readonly TowerOutputs[]): LevelOutputs[] {
    return this.#head.predict(tape, towers)
  }

  /** Normalised images → the raw predictions per level. */
  forward(tape: Tape, images: Tensor4D): LevelOutputs[] {
    return this.predict(tape, this.towers(tape, this.features(tape, images)))
  }

  /** The raw outputs of all levels on the host, [N,L,·]. Waits for the device. */
  read(levels: readonly LevelOutputs[]): HeadOutputs {
    const classes = this.config.classes.length
    const images = levels[0].classification.tensor.shape[0]
    const cells = levels.map(
      ({ classification }) => classification.tensor.shape[1] * classification.tensor.shape[2],
    )
    const locations = cells.reduce((sum, count) => sum + count, 0)
    const outputs = allocateOutputs(images, locations, classes)
    let first = 0
    for (const [level, { classification, regression }] of levels.entries()) {
      const fields = this.#fields(outputs)
      for (const [value, columns] of [
        [classification, fields.classification],
        [regression, fields.regression],
      ] as const) {
        copyColumns(
          value.tensor.dataSync() as Float32Array,
          columns,
          { images, locations, first, cells: cells[level] },
          'out',
        )
      }
      first += cells[level]
    }
    return outputs
  }

  /** Hands the gradients with respect to the raw outputs to their levels, so that the tape can carry them back. */
  giveGradients(levels: readonly LevelOutputs[], gradients: HeadOutputs): void {
    const locations = gradients.centerness.length / levels[0].classification.tensor.shape[0]
    const fields = this.#fields(gradients)
    let first = 0
    for (const { classification, regression } of levels) {
      const [images, rows, columns] = classification.tensor.shape
      for (const [value, target] of [
        [classification, fields.classification],
        [regression, fields.regression],
      ] as const) {
        const packed = new Float32Array(value.tensor.size)
        copyColumns(packed, target, { images, locations, first, cells: rows * columns }, 'in')
        value.addGradient(tf.tensor4d(packed, value.tensor.shape))
      }
      first += rows * columns
    }
  }

  /** Which host arrays a branch's channels belong to, in channel order. */
  #fields({ logits, regression, centerness }: HeadOutputs): Record<keyof LevelOutputs, Columns[]> {
    const classes = { values: logits, width: this.config.classes.length }
    const distances = { values: regression, width: 4 }
    const quality = { values: centerness, width: 1 }
    return this.config.head.centernessOn === 'regression'
      ? { classification: [classes], regression: [distances, quality] }
      : { classification: [classes, quality], regression: [distances] }
  }

  dispose(): void {
    this.#backbone.dispose()
    this.#pyramid.dispose()
    this.#head.dispose()
    this.parameters.dispose()
  }
}

export function allocateOutputs(images: number, locations: number, classes: number): HeadOutputs {
  const rows = images * locations
  return {
    logits: new Float32Array(rows * classes),
    regression: new Float32Array(rows * 4),
    centerness: new Float32Array(rows),
  }
}

/** Channels that belong together: `width` of them per location in `values` [N,L,width]. */
interface Columns {
  readonly values: Float32Array
  readonly width: number
}

interface Block {
  readonly images: number
  /** L over all levels. */
  readonly locations: number
  /** The level's first location, and how many it has. */
  readonly first: number
  readonly cells: number
}

/** Copies between one level's packed channels [N, cells, Σ width] and the columns of all levels, out of or in to `packed`. */
function copyColumns(
  packed: Float32Array,
  columns: readonly Columns[],
  block: Block,
  direction: 'out' | 'in',
): void {
  const { images, locations, first, cells } = block
  const total = columns.reduce((sum, { width }) => sum + width, 0)
  for (let image = 0; image < images; image++) {
    let offset = 0
    for (const { values, width } of columns) {
      let there = (image * locations + first) * width
      let here = image * cells * total + offset
      if (width === total) {
        if (direction === 'out') values.set(packed.subarray(here, here + cells * width), there)
        else packed.set(values.subarray(there, there + cells * width), here)
      } else {
        for (let cell = 0; cell < cells; cell++, there += width, here += total) {
          for (let c = 0; c < width; c++) {
            if (direction === 'out') values[there + c] = packed[here + c]
            else packed[here + c] = values[there + c]
          }
        }
      }
      offset += width
    }
  }
}
