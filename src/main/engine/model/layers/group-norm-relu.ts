import type { Tensor1D } from '@tensorflow/tfjs-core'
import { fused } from '../../tensor/operations.ts'
import { giveGradient, type Parameter } from '../parameter.ts'
import { type Tape, Value } from '../tape.ts'
import type { NormRelu } from './norm-relu.ts'

const vector = (parameter: Parameter) => parameter.value as Tensor1D

/** GroupNorm (eps 1e-5): no statistics are kept, so it is safe at any batch size. */
export class GroupNormRelu implements NormRelu {
  readonly #bias: Parameter
  readonly #gamma: Parameter
  readonly #beta: Parameter
  readonly #groups: number

  constructor(bias: Parameter, gamma: Parameter, beta: Parameter, groups: number) {
    this.#bias = bias
    this.#gamma = gamma
    this.#beta = beta
    this.#groups = groups
  }

  forward(tape: Tape, x: Value): Value {
    const [bias, gamma, beta] = [vector(this.#bias), vector(this.#gamma), vector(this.#beta)]
    const parameters = { bias, gamma, beta, groups: this.#groups }
    const learns = this.#gamma.trainable || x.differentiable
    if (!tape.recording || !learns) {
      // In place: x must not be needed by anyone else, which holds for a convolution's own output.
      const y = fused.groupNormRelu(x.tensor, parameters)
      x.release()
      return new Value(y, learns)
    }
    const { y, statistics } = fused.groupNormReluTraining(x.tensor, parameters)
    const out = new Value(y, true)
    tape.record(() => {
      const dy = out.takeGradient()
      if (dy) {
        const { dx, dgamma, dbeta, dbias } = fused.groupNormReluGradient(dy, x.tensor, statistics, parameters)
        giveGradient(this.#gamma, dgamma)
        giveGradient(this.#beta, dbeta)
        giveGradient(this.#bias, dbias)
        if (x.differentiable) x.addGradient(dx)
        else dx.dispose()
      }
      statistics.dispose()
      x.release()
    })
    return out
  }
}
