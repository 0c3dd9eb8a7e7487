/**
 * Int8 for a float graph, in ONNX's QDQ form: pairs of QuantizeLinear and DequantizeLinear stand around the convolutions, and
 * whoever runs the graph fuses each group into one operation on integers. Weights are int8, symmetric, with a scale per output
 * channel; activations are uint8 with one scale and zero point per tensor, from the range that calibration saw; biases are int32.
 * The scheme is that of Jacob et al. 2018 (arXiv 1712.05877), and of ONNX Runtime's static quantiser.
 */
import { clone } from '@bufbuild/protobuf'
import type { Graph, Name, Tensor } from './graph.ts'
import { type NodeProto, NodeProtoSchema } from './schema/onnx-pb.js'

/** The smallest and largest value of an activation that calibration saw. */
export interface Range {
  readonly least: number
  readonly most: number
}

/** real = scale · (integer − zeroPoint) */
export interface Affine {
  readonly scale: number
  readonly zeroPoint: number
}

const LEVELS = 255
/**
 * Weights take 7 of int8's 8 bits. CPUs without VNNI add two products of uint8 and int8 in 16 bits, which saturate silently
 * from 32,768 on; 2 · 255 · 64 does not.
 */
const LARGEST_WEIGHT = 64
/** The product of two of them is still a normal float32. What is smaller than such a scale counts as zero. */
const SMALLEST_SCALE = 2 ** -60
/** Largest bias in units of its scale, so that the sum of products to which it is added stays within int32. */
const LARGEST_BIAS = 2 ** 30

/** Rounds to the nearest integer, halves to the even one, as QuantizeLinear does. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value)
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}

/** Gives the parameters of uint8 for a range. They always represent 0 exactly, because padding and ReLU produce it. */
export function activationScale({ least, most }: Range): Affine {
  const [low, high] = [Math.min(least, 0), Math.max(most, 0)]
  const scale = Math.max(Math.fround((high - low) / LEVELS), SMALLEST_SCALE)
  return { scale, zeroPoint: Math.min(LEVELS, roundHalfEven((0 - low) / scale)) }
}

interface QuantisedFilter {
  readonly values: Int8Array
  /** [out] */
  readonly scales: Float32Array
}

/**
 * @param filter [out, …]
 * @param atLeast [out] the smallest scale of each channel.
 */
export function quantiseFilter(filter: Float32Array, atLeast: Float32Array): QuantisedFilter {
  const each = filter.length / atLeast.length
  const values = new Int8Array(filter.length)
  const scales = atLeast.map((smallest, out) => {
    let largest = 0
    for (let i = out * each; i < (out + 1) * each; i++) largest = Math.max(largest, Math.abs(filter[i]))
    return Math.max(largest / LARGEST_WEIGHT, smallest, SMALLEST_SCALE)
  })
  for (let i = 0; i < filter.length; i++) {
    const integer = roundHalfEven(filter[i] / scales[Math.floor(i / each)])
    values[i] = Math.max(-LARGEST_WEIGHT, Math.min(LARGEST_WEIGHT, integer))
  }
  return { values, scales }
}

/** [out] in units of the products that it is added to: input scale · weight scale. */
export const biasScales = (input: Affine, scales: Float32Array): Float32Array =>
  scales.map((scale) => scale * input.scale)

export const quantiseBias = (bias: Float32Array, scales: Float32Array): Int32Array =>
  Int32Array.from(bias, (value, out) => roundHalfEven(value / scales[out]))

/** The part of a graph that is computed in int8. */
export interface Plan {
  /** Convolutions, and sums of a convolution with a residual, by the names of their nodes. */
  readonly operations: ReadonlySet<Name>
  /** What they read and write, behind the activation that follows them. Their ranges are needed. */
  readonly activations: readonly Name[]
}

export function plan(graph: Graph): Plan {
  const consumers = new Map<Name, NodeProto[]>()
  for (const operation of graph.operations)
    for (const input of operation.input) consumers.set(input, [...(consumers.get(input) ?? []), operation])
  const only = (value: Name) => {
    const [consumer, another] = consumers.get(value) ?? []
    return another ? undefined : consumer
  }
  /** An activation function that alone reads the value becomes part of what computes it. */
  const activated = (value: Name) => {
    const next = only(value)
    return next && isActivation(next) ? next.output[0] : value
  }
  const convolutions = graph.operations.filter(
    ({ opType, name }) => opType === 'Conv' && !graph.staysFloat.has(name),
  )
  const read = new Set(convolutions.map(({ input }) => input[0]))
  const operations = new Set(convolutions.map(({ name }) => name))
  const activations = new Set(read)
  for (const { output } of convolutions) {
    const sum = only(output[0])
    const isResidual =
      sum?.opType === 'Add' &&
      sum.input.every((value) => !graph.tensor(value)) &&
      read.has(activated(sum.output[0]))
    if (isResidual) {
      operations.add(sum.name)
      for (const value of sum.input) activations.add(value)
    } else activations.add(activated(output[0]))
  }
  return { operations, activations: [...activations] }
}

const isActivation = ({ opType }: NodeProto): boolean => opType === 'Relu' || opType === 'Clip'

/** A graph that gives the least and the most of each of the values, as `least` and `most` [V]. */
export function observer(graph: Graph, values: readonly Name[]): Uint8Array<ArrayBuffer> {
  const observing = graph.branch()
  for (const [output, operation] of [
    ['least', 'ReduceMin'],
    ['most', 'ReduceMax'],
  ] as const) {
    const each = values.map((value) =>
      observing.reshape(observing.add(operation, [value], { keepdims: 0 }), [1]),
    )
    observing.output(output, observing.add('Concat', each, { axis: 0 }), 'float32', [values.length])
  }
  return observing.encode({ name: 'FCOS Studio', metadata: {} })
}

/**
 * @param ranges of the plan's activations.
 * @returns what is read instead of each of them.
 */
export function quantise(
  graph: Graph,
  { operations }: Plan,
  ranges: ReadonlyMap<Name, Range>,
): ReadonlyMap<Name, Name> {
  const scales = new Map([...ranges].map(([name, range]) => [name, activationScale(range)]))
  const scaleOf = ({ input }: NodeProto): Affine => scales.get(input[0])!
  const filters = quantisedFilters(
    graph,
    graph.operations.filter(({ opType, name }) => opType === 'Conv' && operations.has(name)),
    scaleOf,
  )
  const instead = new Map<Name, Name>()
  const computed = new Set(graph.operations.flatMap(({ output }) => output))
  graph.rewrite((original) => {
    for (const name of original.input) {
      const scale = scales.get(name)
      if (scale && !computed.has(name) && !instead.has(name))
        instead.set(name, throughInt8(graph, name, scale))
    }
    const operation = clone(NodeProtoSchema, original)
    operation.input = operation.input.map((name) => instead.get(name) ?? name)
    const [value] = operation.output
    const scale = scales.get(value)
    if (scale && isDoneByQuantising(graph, operation, scale)) {
      instead.set(value, throughInt8(graph, operation.input[0], scale))
      return
    }
    const filter = filters.get(operation.name)
    if (filter) {
      const [, , bias] = original.input
      operation.input[1] = dequantised(graph, filter.name, filter.scales, 'int8')
      if (bias) {
        const sizes = biasScales(scaleOf(original), filter.scales)
        const values = quantiseBias(floatsOf(graph, bias), sizes)
        const name = graph.constant({ type: 'int32', shape: [values.length], values })
        operation.input[2] = dequantised(graph, name, sizes, 'int32')
      }
    }
    graph.append(operation)
    if (scale) instead.set(value, throughInt8(graph, value, scale))
  })
  return instead
}

/** Whether quantising alone, which clips at both ends of the range, already computes this activation function. */
function isDoneByQuantising(graph: Graph, operation: NodeProto, { scale, zeroPoint }: Affine): boolean {
  if (!isActivation(operation) || zeroPoint !== 0) return false
  if (operation.opType === 'Relu') return true
  const [, least, most] = operation.input.map((name) => Number(graph.tensor(name)?.values[0]))
  return least === 0 && LEVELS * scale <= most * (1 + 2 ** -22)
}

function throughInt8(graph: Graph, value: Name, { scale, zeroPoint }: Affine): Name {
  const zero = graph.constant({ type: 'uint8', shape: [], values: Uint8Array.of(zeroPoint) })
  const parameters = [graph.float(scale), zero]
  return graph.add('DequantizeLinear', [graph.add('QuantizeLinear', [value, ...parameters]), ...parameters])
}

function dequantised(graph: Graph, integers: Name, scales: Float32Array, type: 'int8' | 'int32'): Name {
  const shape = [scales.length]
  const zeros =
    type === 'int8'
      ? graph.constant({ type, shape, values: new Int8Array(scales.length) })
      : graph.constant({ type, shape, values: new Int32Array(scales.length) })
  const scale = graph.constant({ type: 'float32', shape, values: scales })
  return graph.add('DequantizeLinear', [integers, scale, zeros], { axis: 0 })
}

/** By the names of the convolutions. Those of several levels may share a filter, which then has one scale for all. */
function quantisedFilters(
  graph: Graph,
  convolutions: readonly NodeProto[],
  scaleOf: (convolution: NodeProto) => Affine,
): Map<Name, { readonly name: Name; readonly scales: Float32Array }> {
  const sharing = Map.groupBy(convolutions, ({ input }) => input[1])
  const filters = new Map<Name, { name: Name; scales: Float32Array }>()
  for (const [weight, users] of sharing) {
    const { shape } = graph.tensor(weight)!
    const atLeast = new Float32Array(shape[0])
    for (const user of users) {
      const [, , bias] = user.input
      if (!bias) continue
      for (const [out, value] of floatsOf(graph, bias).entries())
        atLeast[out] = Math.max(atLeast[out], Math.abs(value) / scaleOf(user).scale / LARGEST_BIAS)
    }
    const { values, scales } = quantiseFilter(floatsOf(graph, weight), atLeast)
    const name = graph.store(`${weight}.int8`, { type: 'int8', shape, values })
    for (const user of users) filters.set(user.name, { name, scales })
  }
  return filters
}

const floatsOf = (graph: Graph, name: Name): Float32Array =>
  (graph.tensor(name) as Extract<Tensor, { type: 'float32' }>).values
