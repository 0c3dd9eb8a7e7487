/** The part of the network between the backbone's stages and the levels that the head reads. */
import type { HeadDescription, UpsamplingNeck } from '../../../core/detectors/detector.ts'
import type { FirstStage, Neck } from './backbone.ts'
import { FeaturePyramid } from './fpn.ts'
import { Convolution } from './layers/convolution.ts'
import type { NormRelu } from './layers/norm-relu.ts'
import { normRelu } from './layers/tower-norm.ts'
import { Upsampling } from './layers/upsampling.ts'
import type { Parameters } from './parameter.ts'
import type { Tape, Value } from './tape.ts'
import { lateralName, UPSAMPLING_ROOT } from './tensors.ts'

export const neckOf = (parameters: Parameters, { neck, p6 }: HeadDescription): Neck =>
  neck ? new UpsamplingStages(parameters, neck) : new FeaturePyramid(parameters, p6)

interface Stage {
  readonly convolution: Convolution
  readonly convolutionNorm: NormRelu
  readonly upsampling: Upsampling
  readonly lateral: Convolution | null
  readonly norm: NormRelu
}

/** See UpsamplingNeck. */
class UpsamplingStages implements Neck {
  readonly from: FirstStage
  readonly #stages: readonly Stage[]

  constructor(parameters: Parameters, neck: UpsamplingNeck) {
    this.from = neck.laterals ? 'C2' : 'C3'
    const weight = (name: string) => parameters.get(`${name}.weight`)
    // The norm adds the bias.
    const convolution = (name: string, padding: number) =>
      new Convolution(weight(name), { stride: 1, padding, after: null, activation: 'none' })
    this.#stages = neck.widths.map((_, stage) => ({
      convolution: convolution(`${UPSAMPLING_ROOT}.conv.${6 * stage}`, 1),
      convolutionNorm: normRelu(parameters, UPSAMPLING_ROOT, 2 * stage, neck, 1),
      upsampling: new Upsampling(weight(`${UPSAMPLING_ROOT}.conv.${6 * stage + 3}`)),
      lateral: neck.laterals ? convolution(lateralName(stage), 0) : null,
      norm: normRelu(parameters, UPSAMPLING_ROOT, 2 * stage + 1, neck, 1),
    }))
  }

  forward(tape: Tape, stages: readonly Value[]): Value[] {
    const finer = [...stages]
    let x = finer.pop()!
    for (const { convolution, convolutionNorm, upsampling, lateral, norm } of this.#stages) {
      x = upsampling.forward(tape, convolutionNorm.forward(tape, convolution.forward(tape, x), 0))
      if (lateral) x = lateral.forward(tape, finer.pop()!, x)
      x = norm.forward(tape, x, 0)
    }
    for (const unread of finer) unread.release()
    return [x]
  }

  dispose(): void {
    for (const { convolution, lateral } of this.#stages) {
      convolution.dispose()
      lateral?.dispose()
    }
  }
}
