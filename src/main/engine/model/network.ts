/** A detector on the device: backbone, neck and head; between its tensors and the typed arrays that core/detectors computes with. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { Architecture } from '../../../core/detectors/architectures.ts'
import type { Detector, HeadDescription, HeadParameters, Outputs } from '../../../core/detectors/detector.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import type { Size } from '../../../core/geometry/box.ts'
import type { Pyramid } from '../../../core/pyramid/levels.ts'
import { tf } from '../tensor/tensorflow.ts'
import type { StateDict } from '../weights/state-dict.ts'
import type { Backbone, Neck } from './backbone.ts'
import { EfficientNetLite0 } from './efficientnet-lite0.ts'
import { Head, type PerTower } from './head.ts'
import { neckOf } from './neck.ts'
import { Parameters } from './parameter.ts'
import { ResNet50 } from './resnet50.ts'
import type { Tape, Value } from './tape.ts'

const BACKBONES: Readonly<Record<Architecture, (parameters: Parameters, config: ModelConfig) => Backbone>> = {
  lite0: (parameters) => new EfficientNetLite0(parameters),
  r50: (parameters, { batchNormEpsilon }) => new ResNet50(parameters, batchNormEpsilon),
}

export class Network {
  readonly config: ModelConfig
  readonly detector: Detector
  /** The description of the head. */
  readonly head: HeadDescription
  readonly parameters: Parameters
  readonly #backbone: Backbone
  readonly #neck: Neck
  readonly #head: Head

  /** `state` must hold exactly the tensors of modelTensors(config). */
  constructor(config: ModelConfig, state: StateDict) {
    this.config = config
    this.detector = detectorOf(config)
    this.head = this.detector.head(config)
    this.parameters = new Parameters(state)
    this.#backbone = BACKBONES[config.architecture](this.parameters, config)
    this.#neck = neckOf(this.parameters, this.head)
    this.#head = new Head(this.parameters, this.head)
  }

  /** Where the head's locations lie over an input of the given size. */
  grid(input: Size): Pyramid {
    return this.detector.grid(input, this.config)
  }

  /** Normalised images [N,H,W,3], H and W multiples of 32 → the levels that the head reads, the finest first. The images stay the caller's. */
  features(tape: Tape, images: Tensor4D): Value[] {
    return this.#neck.forward(tape, this.#backbone.forward(tape, images, this.#neck.from))
  }

  /** The levels → the features after the head's towers, per level. Takes a hold of each feature. */
  towers(tape: Tape, features: readonly Value[]): PerTower[] {
    return this.#head.towers(tape, features)
  }

  /** The towers' features → the raw outputs per level. Takes a hold of each. */
  predict(tape: Tape, towers: readonly PerTower[]): PerTower[] {
    return this.#head.predict(tape, towers)
  }

  /** Normalised images → the raw outputs per level. */
  forward(tape: Tape, images: Tensor4D): PerTower[] {
    return this.predict(tape, this.towers(tape, this.features(tape, images)))
  }

  /** The raw outputs of all levels on the host. Waits for the device. */
  read(levels: readonly PerTower[]): Outputs {
    const outputs = this.#allocate(levels)
    for (const { value, columns, block } of this.#blocks(levels, outputs)) {
      copyColumns(value.tensor.dataSync() as Float32Array, columns, block, 'out')
    }
    return outputs
  }

  /** Hands the gradients by the raw outputs to their levels, so that the tape can carry them back. */
  giveGradients(levels: readonly PerTower[], gradients: Outputs): void {
    for (const { value, columns, block } of this.#blocks(levels, gradients)) {
      const packed = new Float32Array(value.tensor.size)
      copyColumns(packed, columns, block, 'in')
      value.addGradient(tf.tensor4d(packed, value.tensor.shape))
    }
  }

  /** Values of the head's own parameters by name. Waits for the device. */
  readParameters(): HeadParameters {
    return Object.fromEntries(
      this.head.parameters.map(({ name, tensor }) => [
        name,
        this.parameters.get(tensor).value.dataSync() as Float32Array,
      ]),
    )
  }

  /** Arrays for the outputs of these levels, all 0. */
  #allocate(levels: readonly PerTower[]): Outputs {
    const rows = levels.reduce((sum, [{ tensor }]) => sum + tensor.shape[0] * cellsOf(tensor), 0)
    const outputs = this.head.towers.flatMap((tower) => tower.outputs)
    return Object.fromEntries(outputs.map(({ name, channels }) => [name, new Float32Array(rows * channels)]))
  }

  /** Each tower's values on each level, with the columns of `outputs` that their channels fill. */
  *#blocks(levels: readonly PerTower[], outputs: Outputs) {
    const locations = levels.reduce((sum, [{ tensor }]) => sum + cellsOf(tensor), 0)
    let first = 0
    for (const values of levels) {
      const [images] = values[0].tensor.shape
      const cells = cellsOf(values[0].tensor)
      const block: Block = { images, locations, first, cells }
      for (const [i, value] of values.entries()) {
        const columns = this.head.towers[i].outputs.map(({ name, channels }): Columns => {
          return { values: outputs[name], width: channels }
        })
        yield { value, columns, block }
      }
      first += cells
    }
  }

  dispose(): void {
    this.#backbone.dispose()
    this.#neck.dispose()
    this.#head.dispose()
    this.parameters.dispose()
  }
}

const cellsOf = ({ shape }: Tensor4D): number => shape[1] * shape[2]

/** Arrays of the same lengths, to be overwritten. */
export const likeOutputs = (outputs: Outputs): Outputs =>
  Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, new Float32Array(values.length)]))

/** An output's channels: `width` of them per location in `values` [N,L,width]. */
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
