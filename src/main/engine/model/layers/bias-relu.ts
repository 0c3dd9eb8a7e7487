import type { Tensor1D } from '@tensorflow/tfjs-core'
import { fused } from '../../tensor/operations.ts'
import { giveGradient, type Parameter } from '../parameter.ts'
import { type Tape, Value } from '../tape.ts'
import type { NormRelu } from './norm-relu.ts'

/** A bias and ReLU without a norm. */
export class BiasRelu implements NormRelu {
  readonly #bias: Parameter

  constructor(bias: Parameter) {
    this.#bias = bias
  }

  forward(tape: Tape, x: Value): Value {
    const out = new Value(
      fused.biasActivation(x.tensor, this.#bias.value as Tensor1D, 'relu'),
      x.differentiable,
    )
    if (!tape.recording || !out.differentiable) return out
    out.hold()
    tape.record(() => {
      const dy = out.takeGradient()
      if (dy) {
        const { dx, dbias } = fused.activationGradient(dy, out.tensor, 'relu')
        giveGradient(this.#bias, dbias)
        x.addGradient(dx)
      }
      out.release()
    })
    return out
  }
}
