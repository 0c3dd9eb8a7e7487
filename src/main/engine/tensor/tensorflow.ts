/**
 * Loads TensorFlow's C library as recorded by setup. This takes a while, so only what needs TensorFlow imports this
 * file.
 */
import type * as tfjs from '@tensorflow/tfjs-core'
import { loadKernels, loadNodeBackend } from './node-backend.ts'
import { runtimeRecord } from './runtime-record.ts'

const record = runtimeRecord()

export const tf = loadNodeBackend()

/** Whether the fused kernels of native/ are there. They run on the CPU; a GPU takes the stock operations. */
export const hasNativeKernels = record.device === 'cpu' && loadKernels(record.kernelsPath)

interface Binding {
  readonly TF_ATTR_STRING: number
  readonly TF_ATTR_INT: number
  readonly TF_ATTR_FLOAT: number
  readonly TF_ATTR_BOOL: number
  readonly TF_ATTR_TYPE: number
  readonly TF_FLOAT: number
  readonly TF_Version: string
}
interface Attribute {
  readonly name: string
  readonly type: number
  readonly value: unknown
}
interface NodeBackend {
  readonly binding: Binding
  readonly isUsingGpuDevice: boolean
  executeSingleOutput(name: string, attributes: Attribute[], inputs: tfjs.Tensor[]): tfjs.Tensor
  executeMultipleOutputs(
    name: string,
    attributes: Attribute[],
    inputs: tfjs.Tensor[],
    outputs: number,
  ): tfjs.Tensor[]
}

const backend = tf.backend() as unknown as NodeBackend
const { binding } = backend

export const tensorflowVersion = binding.TF_Version
/** The device that computes. A GPU that setup found may no longer be there. */
export const device = backend.isUsingGpuDevice ? 'gpu' : 'cpu'

/** Constructors for the attributes of TensorFlow operations. */
export const attribute = {
  int: (name: string, value: number | readonly number[]): Attribute => ({
    name,
    type: binding.TF_ATTR_INT,
    value,
  }),
  float: (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_FLOAT, value }),
  string: (name: string, value: string): Attribute => ({ name, type: binding.TF_ATTR_STRING, value }),
  bool: (name: string, value: boolean): Attribute => ({ name, type: binding.TF_ATTR_BOOL, value }),
  /** The element type of an operation on float32 tensors. */
  float32: (name = 'T'): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }),
}

/** Runs a TensorFlow operation by its registered name. The caller owns the result. */
export function execute(name: string, attributes: Attribute[], inputs: tfjs.Tensor[]): tfjs.Tensor {
  return backend.executeSingleOutput(name, attributes, inputs)
}

export function executeAll(
  name: string,
  attributes: Attribute[],
  inputs: tfjs.Tensor[],
  outputs: number,
): tfjs.Tensor[] {
  return backend.executeMultipleOutputs(name, attributes, inputs, outputs)
}
