/** The last convolutions of a branch. All of a branch run as one, since they read the same input. */
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import {
  type ConvolutionShape,
  convolve,
  convolveFilterGradient,
  convolveInputGradient,
  fused,
} from '../../tensor/operations.ts'
import { tf } from '../../tensor/tensorflow.ts'
import type { Parameter, Parameters } from '../parameter.ts'
import { type Tape, Value } from '../tape.ts'

export class Predictor {
  readonly #shape: ConvolutionShape
  readonly #weights: Parameter[]
  readonly #biases: Parameter[]
  /** Output channels of each convolution, in the order of the names. */
  readonly channels: readonly number[]
  #joined: { filter: Tensor4D; bias: Tensor1D; version: number } | null = null

  constructor(parameters: Parameters, names: readonly string[], kernel: 1 | 3 = 3) {
    this.#shape = { stride: 1, padding: (kernel - 1) / 2 }
    this.#weights = names.map((name) => parameters.get(`${name}.weight`))
    this.#biases = names.map((name) => parameters.get(`${name}.bias`))
    this.channels = this.#weights.map(({ shape }) => shape[0])
  }

  /** x [N,H,W,C] → [N,H,W,Σ channels]. Takes a hold of x. */
  forward(tape: Tape, x: Value): Value {
    const { filter, bias } = this.#join()
    const learns = this.#weights.some(({ trainable }) => trainable)
    const y = fused.biasActivation(convolve(x.tensor, filter, this.#shape), bias, 'none')
    const out = new Value(y, learns || x.differentiable)
    if (!tape.recording || !out.differentiable) {
      x.release()
      return out
    }
    tape.record(() => {
      const dy = out.takeGradient()
      if (dy) {
        if (learns) this.#addGradients(x.tensor, filter, dy)
        if (x.differentiable) x.addGradient(convolveInputGradient(x.tensor.shape, filter, dy, this.#shape))
        dy.dispose()
      }
      x.release()
    })
    return out
  }

  #addGradients(x: Tensor4D, filter: Tensor4D, dy: Tensor4D): void {
    const dfilter = convolveFilterGradient(x, filter.shape, dy, this.#shape)
    const dbias = tf.sum(dy, [0, 1, 2])
    const dfilters = tf.split(dfilter, [...this.channels], 3)
    const dbiases = tf.split(dbias, [...this.channels])
    for (const [i, weight] of this.#weights.entries()) weight.addGradient(dfilters[i])
    for (const [i, bias] of this.#biases.entries()) bias.addGradient(dbiases[i])
    tf.dispose([dfilter, dbias])
  }

  #join() {
    const version = [...this.#weights, ...this.#biases].reduce((sum, parameter) => sum + parameter.version, 0)
    if (this.#joined?.version === version) return this.#joined
    this.dispose()
    const filter = tf.keep(
      tf.concat(
        this.#weights.map(({ value }) => value as Tensor4D),
        3,
      ),
    ) as Tensor4D
    const bias = tf.keep(tf.concat(this.#biases.map(({ value }) => value as Tensor1D))) as Tensor1D
    this.#joined = { filter, bias, version }
    return this.#joined
  }

  dispose(): void {
    if (this.#joined) tf.dispose([this.#joined.filter, this.#joined.bias])
    this.#joined = null
  }
}
