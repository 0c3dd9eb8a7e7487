/**
 * The network of a model as an ONNX graph: what engine/model computes on TensorFlow, from the same tables of blocks, the
 * same description of the head and the same weights. Activations are NCHW here.
 */
import type { Architecture } from '../../../core/detectors/architectures.ts'
import type { HeadDescription, Tower, UpsamplingNeck } from '../../../core/detectors/detector.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { toFloat32 } from '../../../core/formats/tensor-values.ts'
import {
  type InvertedResidual,
  LITE0_BATCH_NORM_EPSILON,
  LITE0_BLOCKS,
  LITE0_STAGE_ENDS,
} from '../model/efficientnet-lite0-spec.ts'
import { RESNET50_BATCH_NORM_EPSILON, RESNET50_STAGES } from '../model/resnet50-spec.ts'
import { isBiasFree, lateralName, layerNames, UPSAMPLING_ROOT } from '../model/tensors.ts'
import type { StateDict } from '../weights/state-dict.ts'
import type { Graph, Name } from './graph.ts'

const NORM_EPSILON = 1e-5

/** What the head puts out on a level. */
export interface LevelOutputs {
  /** Of the level's feature map, an int64 of shape [1] each. */
  readonly rows: Name
  readonly columns: Name
  /** By the names of the head's outputs: [N, rows·columns, channels]. */
  readonly outputs: Readonly<Record<string, Name>>
}

export interface NetworkOutputs {
  /** P3 to P7, or the single level of an up-sampling neck. */
  readonly levels: readonly LevelOutputs[]
  /** P5, or the only level. */
  readonly feature: Name
}

export interface Weights {
  /** @throws Error where the model has no such tensor. */
  values(name: string): Float32Array
  shape(name: string): readonly number[]
  has(name: string): boolean
}

export function weightsOf(tensors: StateDict): Weights {
  const get = (name: string) => {
    const tensor = tensors.get(name)
    if (!tensor) throw new Error(`the model has no tensor ${name}`)
    return tensor
  }
  return {
    values: (name) => toFloat32(get(name)),
    shape: (name) => get(name).shape,
    has: (name) => tensors.has(name),
  }
}

/**
 * @param images normalised, [N, 3, H, W], sides multiples of 32.
 * @param endsTransposed writes the head's last convolutions as transposed ones, which compute the same.
 */
export function network(
  graph: Graph,
  weights: Weights,
  config: ModelConfig,
  head: HeadDescription,
  images: Name,
  endsTransposed = false,
): NetworkOutputs {
  const layers = new Layers(graph, weights, endsTransposed)
  const stages = BACKBONES[config.architecture](layers, images, config)
  const features = head.neck
    ? [upsampling(layers, head.neck, stages)]
    : pyramid(layers, stages.slice(1), head.p6)
  return {
    levels: features.map((feature, level) => headOn(layers, head, feature, level)),
    feature: features[2] ?? features[0],
  }
}

/** Zeros on all four sides, or TensorFlow's 'same' on even sides: the odd one at the bottom and right. */
type Padding = number | 'same'

interface ConvolutionOptions {
  readonly stride?: number
  readonly padding?: Padding
  readonly activation?: 'relu' | 'relu6'
  readonly depthwise?: boolean
  readonly biasFree?: boolean
  /** A frozen BatchNorm, which is folded in; without one the bias beside the weight is added. */
  readonly batchNorm?: BatchNorm
  /** Added before the activation. */
  readonly residual?: Name | undefined
  /** Is not quantised. */
  readonly staysFloat?: boolean
}

type Norm = Pick<HeadDescription, 'norm' | 'groups'>

interface BatchNorm {
  readonly name: string
  readonly epsilon: number
}

/** y = x·scale + shift per channel. */
interface Affine {
  readonly scale: Float32Array
  readonly shift: Float32Array
}

class Layers {
  readonly graph: Graph
  readonly weights: Weights
  readonly #endsTransposed: boolean

  constructor(graph: Graph, weights: Weights, endsTransposed: boolean) {
    this.graph = graph
    this.weights = weights
    this.#endsTransposed = endsTransposed
  }

  /** `name` is that of the convolution's tensors without `.weight` and `.bias`. */
  convolution(x: Name, name: string, options: ConvolutionOptions = {}): Name {
    const { batchNorm } = options
    return this.#convolve(x, name, this.weights.shape(`${name}.weight`), options, {
      filter: () => {
        const filter = this.weights.values(`${name}.weight`)
        return batchNorm ? scaled(filter, this.#batchNorm(batchNorm).scale) : filter
      },
      bias: () => (batchNorm ? this.#batchNorm(batchNorm).shift : this.weights.values(`${name}.bias`)),
    })
  }

  /** The last convolutions of a tower as one, their channels side by side. Boxes and scores would be as coarse as int8 is. */
  joined(x: Name, names: readonly string[], padding: number): Name {
    const shapes = names.map((name) => this.weights.shape(`${name}.weight`))
    const outputs = shapes.reduce((sum, [out]) => sum + out, 0)
    const all = (of: 'weight' | 'bias') => () =>
      concatenate(names.map((name) => this.weights.values(`${name}.${of}`)))
    if (this.#endsTransposed) {
      const name = names.join('+')
      const [, inputs, size] = shapes[0]
      const filter = () => transposed(all('weight')(), outputs, inputs, size)
      const weight = this.graph.weights(`${name}.transposed`, [inputs, outputs, size, size], filter)
      const bias = this.graph.weights(`${name}.bias`, [outputs], all('bias'))
      return this.graph.add('ConvTranspose', [x, weight, bias], {
        ...{ kernel_shape: [size, size], strides: [1, 1], pads: padsOf(padding, size, 1) },
      })
    }
    return this.#convolve(
      x,
      names.join('+'),
      [outputs, ...shapes[0].slice(1)],
      { padding, staysFloat: true },
      { filter: all('weight'), bias: all('bias') },
    )
  }

  activate(x: Name, activation: 'relu' | 'relu6' | undefined): Name {
    if (activation === 'relu') return this.graph.add('Relu', [x])
    if (activation === 'relu6') return this.graph.add('Clip', [x, this.graph.float(0), this.graph.float(6)])
    return x
  }

  /** A transposed 4×4 convolution of stride 2, whose weight is torch's [in, out, 4, 4]. */
  doubling(x: Name, name: string): Name {
    const shape = this.weights.shape(`${name}.weight`)
    const weight = this.graph.weights(`${name}.weight`, shape, () => this.weights.values(`${name}.weight`))
    const bias = this.graph.weights(`${name}.bias`, [shape[1]], () => this.weights.values(`${name}.bias`))
    return this.graph.add('ConvTranspose', [x, weight, bias], {
      ...{ kernel_shape: [4, 4], strides: [2, 2], pads: [1, 1, 1, 1] },
    })
  }

  normRelu(x: Name, name: string, { norm, groups }: Norm, level: number): Name {
    if (norm === 'group') return this.#groupNormRelu(x, name, groups)
    if (norm === 'none') return this.activate(x, 'relu')
    const statistics = this.#batchNorm({ name: `${name}.${level}`, epsilon: NORM_EPSILON })
    return this.#affineRelu(x, `${name}.${level}`, statistics)
  }

  /** relu(GroupNorm(x)): each group's values as one channel of an instance norm, then the affine of each channel. */
  #groupNormRelu(x: Name, name: string, groups: number): Name {
    const { graph } = this
    const one = graph.floats(Array<number>(groups).fill(1))
    const zero = graph.floats(Array<number>(groups).fill(0))
    const grouped = graph.reshape(x, [0, groups, -1])
    const normed = graph.add('InstanceNormalization', [grouped, one, zero], {
      epsilon: { float: NORM_EPSILON },
    })
    const back = graph.add('Reshape', [normed, graph.add('Shape', [x])])
    return this.#affineRelu(back, name, {
      scale: this.weights.values(`${name}.weight`),
      shift: this.weights.values(`${name}.bias`),
    })
  }

  #affineRelu(x: Name, name: string, { scale, shift }: Affine): Name {
    const { graph } = this
    const shape = [scale.length, 1, 1]
    const multiplied = graph.add('Mul', [x, graph.weights(`${name}.scale`, shape, () => scale)])
    return graph.add('Relu', [
      graph.add('Add', [multiplied, graph.weights(`${name}.shift`, shape, () => shift)]),
    ])
  }

  #convolve(
    x: Name,
    name: string,
    shape: readonly number[],
    {
      stride = 1,
      padding = 0,
      depthwise = false,
      biasFree = false,
      activation,
      residual,
      staysFloat = false,
    }: ConvolutionOptions,
    values: { readonly filter: () => Float32Array; readonly bias: () => Float32Array },
  ): Name {
    const { graph } = this
    const [channels, , size] = shape
    const inputs = [
      x,
      graph.weights(`${name}.weight`, shape, values.filter),
      ...(biasFree ? [] : [graph.weights(`${name}.bias`, [channels], values.bias)]),
    ]
    const linear = graph.add('Conv', inputs, {
      kernel_shape: [size, size],
      strides: [stride, stride],
      pads: padsOf(padding, size, stride),
      group: depthwise ? channels : 1,
    })
    if (staysFloat) graph.staysFloat.add(linear)
    return this.activate(residual === undefined ? linear : graph.add('Add', [linear, residual]), activation)
  }

  #batchNorm({ name, epsilon }: BatchNorm): Affine {
    const [weight, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((of) =>
      this.weights.values(`${name}.${of}`),
    )
    const scale = weight.map((w, i) => w / Math.sqrt(variance[i] + epsilon))
    return { scale, shift: bias.map((b, i) => b - mean[i] * scale[i]) }
  }
}

/** A filter [out, …] with each output multiplied. */
function scaled(filter: Float32Array, scale: Float32Array): Float32Array {
  const each = filter.length / scale.length
  const result = new Float32Array(filter.length)
  for (let out = 0, i = 0; out < scale.length; out++)
    for (const end = i + each; i < end; i++) result[i] = filter[i] * scale[out]
  return result
}

/** The filter [in, out, size, size] of the transposed convolution of stride 1 that computes what `filter` [out, in, size, size] does. */
function transposed(filter: Float32Array, outputs: number, inputs: number, size: number): Float32Array {
  const area = size * size
  const result = new Float32Array(filter.length)
  for (let out = 0; out < outputs; out++)
    for (let of = 0; of < inputs; of++)
      for (let k = 0; k < area; k++)
        result[(of * outputs + out) * area + area - 1 - k] = filter[(out * inputs + of) * area + k]
  return result
}

function padsOf(padding: Padding, size: number, stride: number): number[] {
  if (padding !== 'same') return [padding, padding, padding, padding]
  const total = size - stride
  const before = Math.floor(total / 2)
  return [before, before, total - before, total - before]
}

function concatenate(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const array of arrays) {
    all.set(array, at)
    at += array.length
  }
  return all
}

const BODY = 'backbone.body'

/** Images to C2 to C5. */
const BACKBONES: Readonly<
  Record<Architecture, (layers: Layers, images: Name, config: ModelConfig) => Name[]>
> = {
  lite0(layers, images) {
    const convolution = (x: Name, name: string, options: ConvolutionOptions) =>
      layers.convolution(x, `${name}.conv`, {
        padding: 'same',
        batchNorm: { name: `${name}.bn`, epsilon: LITE0_BATCH_NORM_EPSILON },
        ...options,
      })
    const block = (x: Name, root: string, { stride, expand, inputs, outputs }: InvertedResidual) => {
      const wide = expand === 1 ? x : convolution(x, `${root}.expand`, { activation: 'relu6' })
      const deep = convolution(wide, `${root}.depthwise`, { stride, depthwise: true, activation: 'relu6' })
      const residual = stride === 1 && inputs === outputs ? x : undefined
      return convolution(deep, `${root}.project`, { residual })
    }
    let x = convolution(images, `${BODY}.stem`, { stride: 2, activation: 'relu6' })
    const all = LITE0_BLOCKS.map((of, i) => {
      x = block(x, `${BODY}.blocks.${i}`, of)
      return x
    })
    return LITE0_STAGE_ENDS.map((i) => all[i])
  },

  r50(layers, images, { batchNormEpsilon: epsilon = RESNET50_BATCH_NORM_EPSILON }) {
    const convolution = (x: Name, name: string, norm: string, options: ConvolutionOptions) =>
      layers.convolution(x, name, {
        batchNorm: { name: norm, epsilon },
        ...options,
      })
    const bottleneck = (x: Name, root: string, stride: number) => {
      const layer = (of: Name, index: number, options: ConvolutionOptions) =>
        convolution(of, `${root}.conv${index}`, `${root}.bn${index}`, { activation: 'relu', ...options })
      const residual = layers.weights.has(`${root}.downsample.0.weight`)
        ? convolution(x, `${root}.downsample.0`, `${root}.downsample.1`, { stride })
        : x
      return layer(layer(layer(x, 1, {}), 2, { stride, padding: 1 }), 3, { residual })
    }
    const stem = convolution(images, `${BODY}.conv1`, `${BODY}.bn1`, {
      ...{ stride: 2, padding: 3, activation: 'relu' },
    })
    let x = layers.graph.add('MaxPool', [stem], {
      ...{ kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
    })
    return RESNET50_STAGES.map(({ blocks }, stage) => {
      for (let block = 0; block < blocks; block++) {
        x = bottleneck(x, `${BODY}.layer${stage + 1}.${block}`, block === 0 && stage > 0 ? 2 : 1)
      }
      return x
    })
  },
}

/** C3, C4, C5 → P3 to P7. */
function pyramid(layers: Layers, stages: readonly Name[], p6From: HeadDescription['p6']): Name[] {
  const { graph } = layers
  const layer = (x: Name, name: string, options: ConvolutionOptions = {}) =>
    layers.convolution(x, `backbone.fpn.${name}`, options)
  const output = (x: Name, level: number) => layer(x, `layer_blocks.${level}.0`, { padding: 1 })
  let inner = layer(stages[2], 'inner_blocks.2.0')
  const p5 = output(inner, 2)
  const finer: Name[] = []
  for (const level of [1, 0]) {
    const upsampled = graph.add('Resize', [inner, '', graph.floats([1, 1, 2, 2])], {
      ...{ mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    })
    inner = layer(stages[level], `inner_blocks.${level}.0`, { residual: upsampled })
    finer.unshift(output(inner, level))
  }
  const p6 = layer(p6From === 'C5' ? stages[2] : p5, 'extra_blocks.p6', { stride: 2, padding: 1 })
  const p7 = layer(layers.activate(p6, 'relu'), 'extra_blocks.p7', { stride: 2, padding: 1 })
  return [...finer, p5, p6, p7]
}

/** model/neck.ts: C5 to a single level, twice as large after each stage. `stages`: C2 to C5. */
function upsampling(layers: Layers, neck: UpsamplingNeck, stages: readonly Name[]): Name {
  let x = stages.at(-1)!
  for (const stage of neck.widths.keys()) {
    const [narrow, double] = [2 * stage, 2 * stage + 1].map((i) => layerNames(UPSAMPLING_ROOT, i, {}))
    const linear = layers.convolution(x, narrow!.convolution, { padding: 1 })
    const doubled = layers.doubling(layers.normRelu(linear, narrow!.norm, neck, 0), double!.convolution)
    const sum = neck.laterals
      ? layers.convolution(stages.at(-2 - stage)!, lateralName(stage), { biasFree: true, residual: doubled })
      : doubled
    x = layers.normRelu(sum, double!.norm, neck, 0)
  }
  return x
}

function headOn(layers: Layers, head: HeadDescription, feature: Name, level: number): LevelOutputs {
  const { graph } = layers
  const outputs = head.towers.flatMap((tower) => {
    const packed = layers.joined(
      towerOn(layers, head, tower, feature, level),
      tower.outputs.map(({ tensor }) => tensor),
      ((head.outputKernel ?? 3) - 1) / 2,
    )
    const channels = tower.outputs.map((output) => output.channels)
    const total = channels.reduce((sum, count) => sum + count, 0)
    const rows = graph.reshape(graph.add('Transpose', [packed], { perm: [0, 2, 3, 1] }), [0, -1, total])
    const parts =
      channels.length === 1
        ? [rows]
        : graph.addAll('Split', [rows, graph.integers(channels)], channels.length, { axis: 2 })
    return tower.outputs.map(({ name }, i) => [name, parts[i]] as const)
  })
  return {
    rows: graph.size(feature, 2),
    columns: graph.size(feature, 3),
    outputs: Object.fromEntries(outputs),
  }
}

function towerOn(layers: Layers, head: HeadDescription, { root }: Tower, feature: Name, level: number): Name {
  let x = feature
  for (let index = 0; index < head.depth; index++) {
    const { convolution, norm } = layerNames(root, index, head)
    const linear = layers.convolution(x, convolution, { padding: 1, biasFree: isBiasFree(head) })
    x = layers.normRelu(linear, norm, head, level)
  }
  return x
}
