/** A transposed 4×4 convolution of stride 2, which doubles the size: torch's ConvTranspose2d with padding 1, without a bias. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { convolve, convolveFilterGradient, deconvolve } from '../../tensor/operations.ts'
import type { Parameter } from '../parameter.ts'
import { type Tape, Value } from '../tape.ts'

/** Of the convolution that it is the gradient of. */
const SHAPE = { stride: 2, padding: 'same' } as const

export class Upsampling {
  readonly weight: Parameter

  /** The weight's shape is torch's [in, out, 4, 4]. */
  constructor(weight: Parameter) {
    this.weight = weight
  }

  /** x [N,H,W,C] → [N,2H,2W,C']. Takes a hold of x. */
  forward(tape: Tape, x: Value): Value {
    const filter = this.weight.value as Tensor4D
    const [images, height, width] = x.tensor.shape
    const size = [images, 2 * height, 2 * width, filter.shape[2]] as const
    const out = new Value(
      deconvolve(size, filter, x.tensor, SHAPE),
      this.weight.trainable || x.differentiable,
    )
    if (!tape.recording || !out.differentiable) {
      x.release()
      return out
    }
    tape.record(() => {
      const dy = out.takeGradient()
      if (dy) {
        if (this.weight.trainable) {
          this.weight.addGradient(convolveFilterGradient(dy, this.weight.value.shape, x.tensor, SHAPE))
        }
        if (x.differentiable) x.addGradient(convolve(dy, this.weight.value as Tensor4D, SHAPE))
        dy.dispose()
      }
      x.release()
    })
    return out
  }
}
