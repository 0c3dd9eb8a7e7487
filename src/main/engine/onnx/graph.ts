/** An ONNX graph in the making, and the file that it becomes (github.com/onnx/onnx, docs/IR.md). */
import { create, type DescField, fromBinary, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './schema/onnx-pb.js'

/** A tensor of the graph, by its name. */
export type Name = string

/** ONNX's types of elements, by the arrays that hold them. */
const ELEMENTS = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  int64: DataType.INT64,
  int32: DataType.INT32,
  int8: DataType.INT8,
  uint8: DataType.UINT8,
} as const

const ARRAYS = [
  ['float32', Float32Array],
  ['float16', Float16Array],
  ['int64', BigInt64Array],
  ['int32', Int32Array],
  ['int8', Int8Array],
  ['uint8', Uint8Array],
] as const

/** First number for names that are added to a graph that was read, so that they differ from all of its own. */
const AFTER_READ = 2 ** 31

export type Tensor = { readonly shape: readonly number[] } & (
  | { readonly type: 'float32'; readonly values: Float32Array }
  | { readonly type: 'float16'; readonly values: Float16Array }
  | { readonly type: 'int64'; readonly values: BigInt64Array }
  | { readonly type: 'int32'; readonly values: Int32Array }
  | { readonly type: 'int8'; readonly values: Int8Array }
  | { readonly type: 'uint8'; readonly values: Uint8Array }
)

type Attribute = number | string | readonly number[] | { readonly float: number }
/** A number, or the name of a size that is known only when the graph runs. */
type Dimension = number | string

/** Opset 17 is read by ONNX Runtime from 1.12 on, and version 8 of the format goes with it. */
const OPSET = 17n
const IR_VERSION = 8n

export interface Producer {
  readonly name: string
  readonly metadata: Readonly<Record<string, string>>
}

export class Graph {
  readonly #nodes: NodeProto[] = []
  readonly #tensors = new Map<Name, Tensor>()
  readonly #inputs: ValueInfoProto[] = []
  readonly #outputs: ValueInfoProto[] = []
  readonly #constants = new Map<string, Name>()
  /** Names of the operations that must not be quantised. */
  readonly staysFloat = new Set<Name>()
  readonly #half: boolean
  #count = 0

  /** @param half weights are kept in half the space, as float16, and are widened to float32 where they are used. */
  constructor(half = false) {
    this.#half = half
  }

  /**
   * The operations and tensors of a file that `encode` made, without its inputs and outputs.
   * @throws Error where it is no such file.
   */
  static read(file: Uint8Array): Graph {
    const { graph } = fromBinary(ModelProtoSchema, file)
    if (!graph) throw new Error('it has no graph')
    const read = new Graph()
    // `output` gives each output an operation of its own.
    const outputs = new Set(graph.output.map(({ name }) => name))
    read.#nodes.push(...graph.node.filter(({ output }) => !outputs.has(output[0])))
    for (const { name, dataType, dims, rawData } of graph.initializer) {
      const shape = dims.map(Number)
      const { buffer } = Uint8Array.from(rawData)
      const of = ARRAYS.find(([type]) => ELEMENTS[type] === dataType)
      if (!of) throw new Error(`the elements of its tensor ${name} are of no type that is written here`)
      const [type, Values] = of
      read.store(name, { type, shape, values: new Values(buffer) } as Tensor)
    }
    read.#count = AFTER_READ
    return read
  }

  input(name: Name, dimensions: readonly Dimension[]): Name {
    this.#inputs.push(valueInfo(name, 'float32', dimensions))
    return name
  }

  output(name: Name, value: Name, type: keyof typeof ELEMENTS, dimensions: readonly Dimension[]): void {
    this.#node('Identity', [value], {}, [name])
    this.#outputs.push(valueInfo(name, type, dimensions))
  }

  /** Appends an operation and gives back its output. An attribute that is a whole number counts as an integer. */
  add(
    operation: string,
    inputs: readonly Name[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Name {
    return this.addAll(operation, inputs, 1, attributes)[0]
  }

  /** The same for an operation with several outputs. */
  addAll(
    operation: string,
    inputs: readonly Name[],
    outputs: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Name[] {
    const names = Array.from({ length: outputs }, () => `${operation}_${this.#count++}`)
    this.#node(operation, inputs, attributes, names)
    return names
  }

  /** Weights of the model. What has the same name is the same, and is computed and stored once, however often it is used. */
  weights(name: string, shape: readonly number[], values: () => Float32Array): Name {
    const known = this.#constants.get(name)
    if (known !== undefined) return known
    let value = name
    if (this.#half) {
      this.store(name, { type: 'float16', shape, values: Float16Array.from(values()) })
      value = this.add('Cast', [name], { to: DataType.FLOAT })
    } else this.store(name, { type: 'float32', shape, values: values() })
    this.#constants.set(name, value)
    return value
  }

  /** A constant of float32. */
  floats(values: readonly number[], shape: readonly number[] = [values.length]): Name {
    return this.constant({ type: 'float32', shape, values: Float32Array.from(values) })
  }

  float(value: number): Name {
    return this.floats([value], [])
  }

  /** A constant of int64. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): Name {
    return this.constant({ type: 'int64', shape, values: BigInt64Array.from(values, BigInt) })
  }

  integer(value: number): Name {
    return this.integers([value], [])
  }

  /** Equal ones are stored once. */
  constant(tensor: Tensor): Name {
    const key = `${tensor.type} ${tensor.shape} ${tensor.values}`
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const name = this.store(`constant_${this.#count++}`, tensor)
    this.#constants.set(key, name)
    return name
  }

  store(name: Name, tensor: Tensor): Name {
    this.#tensors.set(name, tensor)
    return name
  }

  /** What is known before the graph runs: weights and constants. */
  tensor(name: Name): Tensor | undefined {
    return this.#tensors.get(name)
  }

  get operations(): readonly NodeProto[] {
    return this.#nodes
  }

  /** Takes every operation out, in order, for `visit` to put it back with `append`, changed or with others around it. */
  rewrite(visit: (operation: NodeProto) => void): void {
    for (const operation of this.#nodes.splice(0)) visit(operation)
  }

  append(operation: NodeProto): void {
    this.#nodes.push(operation)
  }

  /** A graph of the same operations and inputs, with no output yet. What is added to it is not added here. */
  branch(): Graph {
    const branch = new Graph()
    branch.#nodes.push(...this.#nodes)
    branch.#inputs.push(...this.#inputs)
    for (const [name, tensor] of this.#tensors) branch.#tensors.set(name, tensor)
    branch.#count = this.#count
    return branch
  }

  /** One dimension of a tensor, an int64 of shape [1]. */
  size(value: Name, dimension: number): Name {
    return this.add('Shape', [value], { start: dimension, end: dimension + 1 })
  }

  /** 0 keeps a dimension, −1 takes what is left. */
  reshape(value: Name, shape: readonly number[]): Name {
    return this.add('Reshape', [value, this.integers(shape)])
  }

  toFloat(value: Name): Name {
    return this.add('Cast', [value], { to: DataType.FLOAT })
  }

  encode({ name, metadata }: Producer): Uint8Array<ArrayBuffer> {
    const [operations, used] = this.#needed()
    const model = create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: name,
      opsetImport: [{ domain: '', version: OPSET }],
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    })
    const graph = create(GraphProtoSchema, {
      ...{ name: 'detector', node: operations, input: this.#inputs, output: this.#outputs },
    })
    // The library copies a message for each one that it lies in: the weights are written beside it, once.
    const { initializer } = GraphProtoSchema.field
    const tensors = [...this.#tensors].flatMap(([tensor, of]) => {
      if (!used.has(tensor)) return []
      const parts = tensorProto(tensor, of)
      return [prefix(initializer, lengthOf(parts)), ...parts]
    })
    const parts = [toBinary(GraphProtoSchema, graph), ...tensors]
    const whole = [
      ...[toBinary(ModelProtoSchema, model), prefix(ModelProtoSchema.field.graph, lengthOf(parts))],
      ...parts,
    ]
    const file = new Uint8Array(lengthOf(whole))
    let at = 0
    for (const part of whole) {
      file.set(part, at)
      at += part.length
    }
    return file
  }

  /** The operations that the outputs depend on, and the names that those read. */
  #needed(): [NodeProto[], ReadonlySet<Name>] {
    const names = new Set(this.#outputs.map(({ name }) => name))
    const operations: NodeProto[] = []
    for (const operation of this.#nodes.toReversed()) {
      if (!operation.output.some((name) => names.has(name))) continue
      operations.unshift(operation)
      for (const name of operation.input) names.add(name)
    }
    return [operations, names]
  }

  #node(
    operation: string,
    inputs: readonly Name[],
    attributes: Readonly<Record<string, Attribute>>,
    outputs: readonly Name[],
  ): void {
    const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value))
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType: operation,
        name: outputs[0],
        input: [...inputs],
        output: [...outputs],
        attribute,
      }),
    )
  }
}

/** The pieces of its encoding. */
function tensorProto(name: Name, { type, shape, values }: Tensor): readonly Uint8Array[] {
  // Little-endian, as every machine that this program runs on.
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const head = create(TensorProtoSchema, { name, dataType: ELEMENTS[type], dims: shape.map(BigInt) })
  return [toBinary(TensorProtoSchema, head), prefix(TensorProtoSchema.field.rawData, data.length), data]
}

/** What stands before a field of that many bytes. */
const prefix = ({ number }: DescField, bytes: number): Uint8Array =>
  new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(bytes).finish()

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0)

function attributeProto(name: string, value: Attribute) {
  if (typeof value === 'string')
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    })
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) })
  if ('float' in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float })
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) })
}

function valueInfo(
  name: Name,
  type: keyof typeof ELEMENTS,
  dimensions: readonly Dimension[],
): ValueInfoProto {
  const dim = dimensions.map((of) =>
    typeof of === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(of) } }
      : { value: { case: 'dimParam' as const, value: of } },
  )
  const tensorType = { elemType: ELEMENTS[type], shape: { dim } }
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: tensorType } } })
}
