/** The two towers shared by all levels, and what they predict (FCOS section 3.1, figure 2). */
import type { HeadConfig } from '../../../core/detectors/fcos/config.ts'
import { Convolution } from './layers/convolution.ts'
import type { NormRelu } from './layers/norm-relu.ts'
import { Predictor } from './layers/predictor.ts'
import { normRelu } from './layers/tower-norm.ts'
import type { Parameters } from './parameter.ts'
import type { Tape, Value } from './tape.ts'

const CLASSIFICATION = 'head.classification_head'
const REGRESSION = 'head.regression_head'
const LEVELS = 5

/** One level's raw outputs, each [N,H,W,C]. Channels: K class logits, 4 raw distances, 1 centerness logit. */
export interface LevelOutputs {
  /** K, with the centerness logit last where it lies on this branch. */
  readonly classification: Value
  /** l, t, r, b, with the centerness logit last where it lies on this branch. */
  readonly regression: Value
}

/** One level's features after each branch's tower, [N,H,W,channels]. */
export interface TowerOutputs {
  readonly classification: Value
  readonly regression: Value
}

class Tower {
  readonly #layers: { convolution: Convolution; norm: NormRelu }[]

  constructor(parameters: Parameters, name: string, config: HeadConfig) {
    this.#layers = Array.from({ length: config.depth }, (_, index) => ({
      // The norm adds the bias, in the same pass over memory.
      convolution: new Convolution(parameters.get(`${name}.conv.${3 * index}.weight`), {
        stride: 1,
        padding: 1,
        after: null,
        activation: 'none',
      }),
      norm: normRelu(parameters, name, index, config, LEVELS),
    }))
  }

  forward(tape: Tape, x: Value, level: number): Value {
    return this.#layers.reduce((value, { convolution, norm }) => {
      return norm.forward(tape, convolution.forward(tape, value), level)
    }, x)
  }
}

export class Head {
  readonly #classTower: Tower
  readonly #boxTower: Tower
  readonly #classes: Predictor
  readonly #boxes: Predictor

  constructor(parameters: Parameters, config: HeadConfig) {
    this.#classTower = new Tower(parameters, CLASSIFICATION, config)
    this.#boxTower = new Tower(parameters, REGRESSION, config)
    const onBoxes = config.centernessOn === 'regression'
    const centerness = `${onBoxes ? REGRESSION : CLASSIFICATION}.bbox_ctrness`
    const classes = `${CLASSIFICATION}.cls_logits`
    const boxes = `${REGRESSION}.bbox_reg`
    this.#classes = new Predictor(parameters, onBoxes ? [classes] : [classes, centerness])
    this.#boxes = new Predictor(parameters, onBoxes ? [boxes, centerness] : [boxes])
  }

  /** P3 to P7 → what the towers make of them. Takes a hold of each. */
  towers(tape: Tape, features: readonly Value[]): TowerOutputs[] {
    return features.map((feature, level) => {
      feature.hold()
      return {
        classification: this.#classTower.forward(tape, feature, level),
        regression: this.#boxTower.forward(tape, feature, level),
      }
    })
  }

  /** The towers' outputs → raw predictions. Takes a hold of each. */
  predict(tape: Tape, towers: readonly TowerOutputs[]): LevelOutputs[] {
    return towers.map(({ classification, regression }) => ({
      classification: this.#classes.forward(tape, classification),
      regression: this.#boxes.forward(tape, regression),
    }))
  }

  dispose(): void {
    this.#classes.dispose()
    this.#boxes.dispose()
  }
}
