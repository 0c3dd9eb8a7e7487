/** EfficientNet-Lite0: inverted residuals with ReLU6 and frozen BatchNorm; the table of blocks is in its spec. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { Activation } from '../tensor/fused.ts'
import type { Backbone, FirstStage } from './backbone.ts'
import {
  type InvertedResidual,
  LITE0_BATCH_NORM_EPSILON,
  LITE0_BLOCKS,
  LITE0_STAGE_ENDS,
} from './efficientnet-lite0-spec.ts'
import { Convolution } from './layers/convolution.ts'
import { frozenBatchNorm } from './layers/frozen-batch-norm.ts'
import type { Parameters } from './parameter.ts'
import { type Tape, Value } from './tape.ts'

const ROOT = 'backbone.body'

interface LayerOptions {
  readonly stride?: number
  readonly activation?: Activation
  readonly depthwise?: boolean
}

function layer(parameters: Parameters, name: string, options: LayerOptions = {}): Convolution {
  return new Convolution(parameters.get(`${name}.conv.weight`), {
    stride: options.stride ?? 1,
    padding: 'same',
    activation: options.activation ?? 'relu6',
    depthwise: options.depthwise ?? false,
    after: { batchNorm: frozenBatchNorm(parameters, `${name}.bn`, LITE0_BATCH_NORM_EPSILON) },
  })
}

class InvertedResidualBlock {
  readonly #expand: Convolution | null
  readonly #depthwise: Convolution
  readonly #project: Convolution
  readonly #addsInput: boolean

  constructor(parameters: Parameters, root: string, { stride, expand, inputs, outputs }: InvertedResidual) {
    this.#expand = expand === 1 ? null : layer(parameters, `${root}.expand`)
    this.#depthwise = layer(parameters, `${root}.depthwise`, { stride, depthwise: true })
    this.#project = layer(parameters, `${root}.project`, { activation: 'none' })
    this.#addsInput = stride === 1 && inputs === outputs
  }

  forward(tape: Tape, x: Value): Value {
    const residual = this.#addsInput ? x.hold() : undefined
    const wide = this.#expand ? this.#expand.forward(tape, x) : x
    return this.#project.forward(tape, this.#depthwise.forward(tape, wide), residual)
  }

  dispose(): void {
    for (const convolution of [this.#expand, this.#depthwise, this.#project]) convolution?.dispose()
  }
}

export class EfficientNetLite0 implements Backbone {
  readonly #stem: Convolution
  readonly #blocks: InvertedResidualBlock[]

  constructor(parameters: Parameters) {
    this.#stem = layer(parameters, `${ROOT}.stem`, { stride: 2 })
    this.#blocks = LITE0_BLOCKS.map(
      (block, i) => new InvertedResidualBlock(parameters, `${ROOT}.blocks.${i}`, block),
    )
  }

  forward(tape: Tape, images: Tensor4D, from: FirstStage): Value[] {
    // Held once more than the stem takes, so that the images stay the caller's.
    let x = this.#stem.forward(tape, new Value(images, false).hold())
    const outputs: Value[] = []
    const ends: readonly number[] = from === 'C2' ? LITE0_STAGE_ENDS : LITE0_STAGE_ENDS.slice(1)
    for (const [i, block] of this.#blocks.entries()) {
      x = block.forward(tape, x)
      if (ends.includes(i)) outputs.push(i < this.#blocks.length - 1 ? x.hold() : x)
    }
    return outputs
  }

  dispose(): void {
    this.#stem.dispose()
    for (const block of this.#blocks) block.dispose()
  }
}
