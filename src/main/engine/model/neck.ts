/** The part of the network between the backbone's stages and the levels that the head reads. */
import type { HeadDescription, UpsamplingNeck } from '../../../core/detectors/detector.ts'
import type { Neck } from './backbone.ts'
import { FeaturePyramid } from './fpn.ts'
import { Convolution } from './layers/convolution.ts'
import type { NormRelu } from './layers/norm-relu.ts'
import { normRelu } from './layers/tower-norm.ts'
import { Upsampling } from './layers/upsampling.ts'
import type { Parameters } from './parameter.ts'
import type { Tape, Value } from './tape.ts'
import { UPSAMPLING_ROOT } from './tensors.ts'

export const neckOf = (parameters: Parameters, { neck, p6 }: HeadDescription): Neck =>
  neck ? new UpsamplingStages(parameters, neck) : new FeaturePyramid(parameters, p6)

/** See UpsamplingNeck. Reads C5 alone. */
class UpsamplingStages implements Neck {
  readonly #layers: readonly { readonly layer: Convolution | Upsampling; readonly norm: NormRelu }[]

  constructor(parameters: Parameters, neck: UpsamplingNeck) {
    this.#layers = Array.from({ length: 2 * neck.widths.length }, (_, i) => {
      const weight = parameters.get(`${UPSAMPLING_ROOT}.conv.${3 * i}.weight`)
      return {
        // The norm adds the bias.
        layer:
          i % 2 === 0
            ? new Convolution(weight, { stride: 1, padding: 1, after: null, activation: 'none' })
            : new Upsampling(weight),
        norm: normRelu(parameters, UPSAMPLING_ROOT, i, neck, 1),
      }
    })
  }

  forward(tape: Tape, [c3, c4, c5]: readonly Value[]): Value[] {
    c3.release()
    c4.release()
    return [this.#layers.reduce((x, { layer, norm }) => norm.forward(tape, layer.forward(tape, x), 0), c5)]
  }

  dispose(): void {
    for (const { layer } of this.#layers) if (layer instanceof Convolution) layer.dispose()
  }
}
