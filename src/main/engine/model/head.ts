/** A detector's head: towers shared by all levels, and the convolutions on them that put out raw values (FCOS figure 2). */
import type { HeadDescription } from '../../../core/detectors/detector.ts'
import { Convolution } from './layers/convolution.ts'
import type { NormRelu } from './layers/norm-relu.ts'
import { Predictor } from './layers/predictor.ts'
import { normRelu } from './layers/tower-norm.ts'
import type { Parameters } from './parameter.ts'
import type { Tape, Value } from './tape.ts'
import { LEVELS, layerNames } from './tensors.ts'

/** One level's values [N,H,W,·], one per tower: its features, or the raw outputs on it, whose channels lie side by side. */
export type PerTower = readonly Value[]

class Tower {
  readonly #layers: { convolution: Convolution; norm: NormRelu }[]

  constructor(parameters: Parameters, name: string, head: HeadDescription) {
    this.#layers = Array.from({ length: head.depth }, (_, index) => ({
      // The norm adds the bias, in the same pass over memory.
      convolution: new Convolution(parameters.get(`${layerNames(name, index, head).convolution}.weight`), {
        stride: 1,
        padding: 1,
        after: null,
        activation: 'none',
      }),
      norm: normRelu(parameters, name, index, head, head.neck ? 1 : LEVELS),
    }))
  }

  forward(tape: Tape, x: Value, level: number): Value {
    return this.#layers.reduce((value, { convolution, norm }) => {
      return norm.forward(tape, convolution.forward(tape, value), level)
    }, x)
  }
}

export class Head {
  readonly #towers: readonly { readonly tower: Tower; readonly predictor: Predictor }[]

  constructor(parameters: Parameters, head: HeadDescription) {
    this.#towers = head.towers.map(({ root, outputs }) => ({
      tower: new Tower(parameters, root, head),
      predictor: new Predictor(
        parameters,
        outputs.map(({ tensor }) => tensor),
        head.outputKernel,
      ),
    }))
  }

  /** P3 to P7 → the features after the towers. Takes a hold of each. */
  towers(tape: Tape, features: readonly Value[]): PerTower[] {
    return features.map((feature, level) => {
      for (let i = 1; i < this.#towers.length; i++) feature.hold()
      return this.#towers.map(({ tower }) => tower.forward(tape, feature, level))
    })
  }

  /** The towers' features → raw outputs. Takes a hold of each. */
  predict(tape: Tape, towers: readonly PerTower[]): PerTower[] {
    return towers.map((features) =>
      features.map((feature, i) => this.#towers[i].predictor.forward(tape, feature)),
    )
  }

  dispose(): void {
    for (const { predictor } of this.#towers) predictor.dispose()
  }
}
