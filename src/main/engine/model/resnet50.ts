/** ResNet-50 v1.5 (He et al. 2016, stride on the 3×3 convolution) with frozen BatchNorm, as torchvision has it. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { maxPool3x3 } from '../tensor/operations.ts'
import type { Backbone, FirstStage } from './backbone.ts'
import { Convolution } from './layers/convolution.ts'
import { frozenBatchNorm } from './layers/frozen-batch-norm.ts'
import type { Parameters } from './parameter.ts'
import { RESNET50_BATCH_NORM_EPSILON, RESNET50_STAGES } from './resnet50-spec.ts'
import { Tape, Value } from './tape.ts'

const ROOT = 'backbone.body'

interface ConvolutionSpec {
  readonly name: string
  readonly batchNorm: string
  readonly epsilon: number
  readonly stride?: number
  readonly padding?: number
  readonly activation?: 'relu' | 'none'
}

function convolution(parameters: Parameters, spec: ConvolutionSpec): Convolution {
  return new Convolution(parameters.get(`${spec.name}.weight`), {
    stride: spec.stride ?? 1,
    padding: spec.padding ?? 0,
    activation: spec.activation ?? 'relu',
    after: { batchNorm: frozenBatchNorm(parameters, spec.batchNorm, spec.epsilon) },
  })
}

class Bottleneck {
  readonly #reduce: Convolution
  readonly #middle: Convolution
  readonly #expand: Convolution
  readonly #downsample: Convolution | null

  constructor(parameters: Parameters, root: string, stride: number, epsilon: number) {
    const layer = (index: number, options: Omit<ConvolutionSpec, 'name' | 'batchNorm' | 'epsilon'>) =>
      convolution(parameters, {
        name: `${root}.conv${index}`,
        batchNorm: `${root}.bn${index}`,
        epsilon,
        ...options,
      })
    this.#reduce = layer(1, {})
    this.#middle = layer(2, { stride, padding: 1 })
    // Its ReLU follows the addition of the residual.
    this.#expand = layer(3, {})
    this.#downsample = parameters.find(`${root}.downsample.0.weight`)
      ? convolution(parameters, {
          name: `${root}.downsample.0`,
          batchNorm: `${root}.downsample.1`,
          epsilon,
          stride,
          activation: 'none',
        })
      : null
  }

  forward(tape: Tape, x: Value): Value {
    x.hold()
    const residual = this.#downsample ? this.#downsample.forward(tape, x) : x
    return this.#expand.forward(tape, this.#middle.forward(tape, this.#reduce.forward(tape, x)), residual)
  }

  dispose(): void {
    for (const layer of [this.#reduce, this.#middle, this.#expand, this.#downsample]) layer?.dispose()
  }
}

export class ResNet50 implements Backbone {
  readonly #stem: Convolution
  readonly #stages: Bottleneck[][]

  constructor(parameters: Parameters, epsilon = RESNET50_BATCH_NORM_EPSILON) {
    this.#stem = convolution(parameters, {
      name: `${ROOT}.conv1`,
      batchNorm: `${ROOT}.bn1`,
      epsilon,
      stride: 2,
      padding: 3,
    })
    this.#stages = RESNET50_STAGES.map(({ blocks }, stage) =>
      Array.from({ length: blocks }, (_, block) => {
        const stride = block === 0 && stage > 0 ? 2 : 1
        return new Bottleneck(parameters, `${ROOT}.layer${stage + 1}.${block}`, stride, epsilon)
      }),
    )
  }

  forward(tape: Tape, images: Tensor4D, from: FirstStage): Value[] {
    // The stem never learns (torchvision trains at most layer2 to layer4 of a detector by default), so nothing of it is recorded.
    const stem = this.#stem.forward(new Tape(false), new Value(images, false).hold())
    let x = new Value(maxPool3x3(stem.tensor), false)
    stem.release()
    const outputs: Value[] = []
    for (const [stage, blocks] of this.#stages.entries()) {
      for (const block of blocks) x = block.forward(tape, x)
      if (stage > 0 || from === 'C2') outputs.push(stage < this.#stages.length - 1 ? x.hold() : x)
    }
    return outputs
  }

  dispose(): void {
    this.#stem.dispose()
    for (const block of this.#stages.flat()) block.dispose()
  }
}
