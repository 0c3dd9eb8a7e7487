/**
 * The one place that loads TensorFlow: tfjs-node's binding, then this project's own kernels where set-up built them.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import type * as tfjs from '@tensorflow/tfjs-node-gpu'
import { runtimeRecord } from './runtime-record.ts'

const require = createRequire(import.meta.url)

// tfjs-node 4.22 calls two functions that Node 23 removed or deprecates. They must be there before its first import, on the CommonJS
// object that it requires.
const util: Record<string, unknown> = require('node:util')
util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
util.isArray = Array.isArray

export const tf: typeof tfjs = require('@tensorflow/tfjs-node-gpu')

const record = runtimeRecord()
/** Whether the fused kernels of native/ are there. They run on the CPU; a GPU takes the stock operations. */
export const hasNativeKernels =
  record.device === 'cpu' && record.kernelsPath !== null && existsSync(record.kernelsPath)
if (hasNativeKernels) require(record.kernelsPath as string)

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
export const usesGpu = backend.isUsingGpuDevice

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
