/** Feature pyramid P3 to P7 (Lin et al. 2017; FCOS section 3.2): P6 from P5 or C5, and P7 from ReLU(P6). */
import { fused } from '../tensor/operations.ts'
import { tf } from '../tensor/tensorflow.ts'
import type { Neck } from './backbone.ts'
import { Convolution } from './layers/convolution.ts'
import type { Parameters } from './parameter.ts'
import { type Tape, Value } from './tape.ts'

const ROOT = 'backbone.fpn'

export class FeaturePyramid implements Neck {
  readonly from = 'C3'
  readonly #laterals: Convolution[]
  readonly #outputs: Convolution[]
  readonly #p6: Convolution
  readonly #p7: Convolution
  readonly #p6Source: 'P5' | 'C5'

  constructor(parameters: Parameters, p6: 'P5' | 'C5' = 'P5') {
    this.#p6Source = p6
    const layer = (name: string, padding: number, stride = 1) =>
      new Convolution(parameters.get(`${ROOT}.${name}.weight`), {
        stride,
        padding,
        activation: 'none',
        after: { bias: parameters.get(`${ROOT}.${name}.bias`) },
      })
    this.#laterals = [0, 1, 2].map((i) => layer(`inner_blocks.${i}.0`, 0))
    this.#outputs = [0, 1, 2].map((i) => layer(`layer_blocks.${i}.0`, 1))
    this.#p6 = layer('extra_blocks.p6', 1, 2)
    this.#p7 = layer('extra_blocks.p7', 1, 2)
  }

  /** C3, C4, C5 → P3 to P7. Takes a hold of each. */
  forward(tape: Tape, stages: readonly Value[]): Value[] {
    const c5 = this.#p6Source === 'C5' ? stages[2].hold() : null
    let inner = this.#laterals[2].forward(tape, stages[2])
    const p5 = this.#outputs[2].forward(tape, inner.hold())
    const finer: Value[] = []
    for (const level of [1, 0]) {
      inner = topDown(tape, this.#laterals[level].forward(tape, stages[level]), inner)
      finer.unshift(this.#outputs[level].forward(tape, level > 0 ? inner.hold() : inner))
    }
    const p6 = this.#p6.forward(tape, c5 ?? p5.hold())
    const p7 = this.#p7.forward(tape, relu(tape, p6.hold()))
    return [...finer, p5, p6, p7]
  }

  dispose(): void {
    for (const layer of [...this.#laterals, ...this.#outputs, this.#p6, this.#p7]) layer.dispose()
  }
}

/** lateral + upsampled top. Takes a hold of both. */
function topDown(tape: Tape, lateral: Value, top: Value): Value {
  const out = new Value(
    fused.upsampleAdd(lateral.tensor, top.tensor),
    lateral.differentiable || top.differentiable,
  )
  top.release()
  if (tape.recording && out.differentiable) {
    tape.record(() => {
      const dy = out.takeGradient()
      if (!dy) return
      if (top.differentiable) top.addGradient(fused.upsampleGradient(dy))
      if (lateral.differentiable) lateral.addGradient(dy)
      else dy.dispose()
    })
  }
  return out
}

/** Takes a hold of x. */
function relu(tape: Tape, x: Value): Value {
  const out = new Value(tf.relu(x.tensor), x.differentiable)
  x.release()
  if (tape.recording && out.differentiable) {
    out.hold()
    tape.record(() => {
      const dy = out.takeGradient()
      if (dy) {
        const { dx, dbias } = fused.activationGradient(dy, out.tensor, 'relu')
        dbias.dispose()
        x.addGradient(dx)
      }
      out.release()
    })
  }
  return out
}
