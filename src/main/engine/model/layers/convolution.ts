/** A convolution with its bias or folded frozen BatchNorm, activation, and optionally a residual added before that. */
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { Activation } from '../../tensor/fused.ts'
import {
  type ConvolutionShape,
  convolve,
  convolveFilterGradient,
  convolveInputGradient,
  depthwise,
  depthwiseFilterGradient,
  depthwiseInputGradient,
  fused,
} from '../../tensor/operations.ts'
import { tf } from '../../tensor/tensorflow.ts'
import { giveGradient, type Parameter } from '../parameter.ts'
import { type Tape, Value } from '../tape.ts'
import type { ChannelAffine } from './frozen-batch-norm.ts'

const DENSE = {
  forward: convolve,
  inputGradient: convolveInputGradient,
  filterGradient: convolveFilterGradient,
}
const DEPTHWISE = {
  forward: depthwise,
  inputGradient: depthwiseInputGradient,
  filterGradient: depthwiseFilterGradient,
}

export interface ConvolutionOptions extends ConvolutionShape {
  /** A trainable bias, or the frozen BatchNorm that follows; nothing where the next layer adds the bias itself and activates. */
  readonly after: { readonly bias: Parameter } | { readonly batchNorm: ChannelAffine } | null
  readonly activation: Activation
  readonly depthwise?: boolean
}

export class Convolution {
  readonly weight: Parameter
  readonly #options: ConvolutionOptions
  readonly #kernel: typeof DENSE
  #folded: { filter: Tensor4D; version: number } | null = null

  constructor(weight: Parameter, options: ConvolutionOptions) {
    this.weight = weight
    this.#options = options
    this.#kernel = options.depthwise ? DEPTHWISE : DENSE
  }

  /** x [N,H,W,C] → act(conv(x) + bias + residual) [N,H',W',C']. Takes a hold of x and of the residual. */
  forward(tape: Tape, x: Value, residual?: Value): Value {
    const { after, activation } = this.#options
    const linear = this.#kernel.forward(x.tensor, this.#filter(), this.#options)
    const shift = this.#shift()
    const y = shift
      ? fused.biasActivation(linear, shift, activation, residual?.tensor)
      : residual
        ? fused.blend(linear, residual.tensor)
        : linear

    const bias = after && 'bias' in after ? after.bias : null
    const learns = this.weight.trainable || (bias?.trainable ?? false)
    const out = new Value(y, learns || x.differentiable || (residual?.differentiable ?? false))
    if (!tape.recording || !out.differentiable) {
      x.release()
      residual?.release()
      return out
    }

    // The way back reads the output where it was activated, and the input only for the filter's own gradient.
    const keepsOutput = shift !== null && activation !== 'none'
    const keepsInput = this.weight.trainable
    if (keepsOutput) out.hold()
    if (!keepsInput) x.release()
    residual?.release()
    tape.record(() => {
      const dy = out.takeGradient()
      if (dy) this.#backward(dy, keepsOutput ? out.tensor : null, x, residual, bias)
      if (keepsOutput) out.release()
      if (keepsInput) x.release()
    })
    return out
  }

  #backward(
    dy: Tensor4D,
    y: Tensor4D | null,
    x: Value,
    residual: Value | undefined,
    bias: Parameter | null,
  ): void {
    let dv = dy
    if (y !== null || bias?.trainable) {
      const { dx, dbias } = fused.activationGradient(dy, y ?? dy, y ? this.#options.activation : 'none')
      dv = dx
      if (bias) giveGradient(bias, dbias)
      else dbias.dispose()
    }
    if (this.weight.trainable) this.#addFilterGradient(x.tensor, dv)
    if (x.differentiable) {
      x.addGradient(this.#kernel.inputGradient(x.tensor.shape, this.#filter(), dv, this.#options))
    }
    if (residual?.differentiable) residual.addGradient(dv)
    else dv.dispose()
  }

  #addFilterGradient(x: Tensor4D, dv: Tensor4D): void {
    const gradient = this.#kernel.filterGradient(x, this.weight.value.shape, dv, this.#options)
    const scale = this.#scale()
    if (scale === null) {
      this.weight.addGradient(gradient)
      return
    }
    // The filter that ran was weight·scale.
    this.weight.addGradient(tf.mul(gradient, scale))
    gradient.dispose()
    scale.dispose()
  }

  /** The filter with BatchNorm's scale folded in, kept until the weight changes. */
  #filter(): Tensor4D {
    if (this.#folded?.version === this.weight.version) return this.#folded.filter
    const scale = this.#scale()
    if (scale === null) return this.weight.value as Tensor4D
    this.#folded?.filter.dispose()
    const filter = tf.keep(tf.mul(this.weight.value, scale)) as Tensor4D
    scale.dispose()
    this.#folded = { filter, version: this.weight.version }
    return filter
  }

  /** BatchNorm's scale in a shape that multiplies a filter's output channels; the caller disposes it. */
  #scale(): Tensor | null {
    const { after } = this.#options
    if (!after || !('batchNorm' in after)) return null
    const { scale } = after.batchNorm
    return tf.reshape(scale, this.#options.depthwise ? [scale.size, 1] : [scale.size])
  }

  #shift(): Tensor1D | null {
    const { after } = this.#options
    if (!after) return null
    return 'bias' in after ? (after.bias.value as Tensor1D) : after.batchNorm.shift
  }

  dispose(): void {
    this.#folded?.filter.dispose()
    const { after } = this.#options
    if (after && 'batchNorm' in after) tf.dispose([after.batchNorm.scale, after.batchNorm.shift])
  }
}
