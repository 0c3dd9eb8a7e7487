/**
 * Operations on tensors that are rounded to bfloat16 just for the operation. TensorFlow.js knows no such type, so
 * these tensors never leave the binding. Processors with AMX multiply them several times faster than float32.
 */
import type { Tensor } from '@tensorflow/tfjs-node-gpu'
import { attribute, tf } from './tensorflow.ts'

/** Whether convolutions may round: the engine's environment decides for TensorFlow's own, and for these alike. */
export const fastMath = process.env.ONEDNN_DEFAULT_FPMATH_MODE === 'BF16'

type Attribute = ReturnType<typeof attribute.int>
interface RawTensor {
  readonly id: number
  readonly shape: number[]
  readonly dtype: number
}
interface RawBackend {
  readonly binding: {
    readonly TF_FLOAT: number
    readonly TF_ATTR_TYPE: number
    executeOp(name: string, attributes: Attribute[], inputs: number[], outputs: number): RawTensor[]
    deleteTensor(id: number): void
  }
  getInputTensorIds(tensors: Tensor[]): number[]
  createOutputTensor(raw: RawTensor): Tensor
}

/** DT_BFLOAT16 in TensorFlow's types.proto. */
const BFLOAT16 = 14

const type = (backend: RawBackend, name: string, value: number): Attribute => ({
  name,
  type: backend.binding.TF_ATTR_TYPE,
  value,
})

function cast(backend: RawBackend, id: number, from: number, to: number): RawTensor {
  const attributes = [
    type(backend, 'SrcT', from),
    type(backend, 'DstT', to),
    attribute.bool('Truncate', false),
  ]
  return backend.binding.executeOp('Cast', attributes, [id], 1)[0]
}

/**
 * Runs an operation with element type T on `rounded` inputs; inputs of other types (shapes) pass as they are. The
 * result is float32 again, and the caller's.
 */
export function executeRounded(
  name: string,
  attributes: Attribute[],
  inputs: readonly { readonly tensor: Tensor; readonly rounded: boolean }[],
): Tensor {
  const backend = tf.backend() as unknown as RawBackend
  const { binding } = backend
  const temporary: RawTensor[] = []
  try {
    const ids = backend.getInputTensorIds(inputs.map(({ tensor }) => tensor)).map((id, i) => {
      if (!inputs[i].rounded) return id
      const raw = cast(backend, id, binding.TF_FLOAT, BFLOAT16)
      temporary.push(raw)
      return raw.id
    })
    const [result] = binding.executeOp(name, [type(backend, 'T', BFLOAT16), ...attributes], ids, 1)
    temporary.push(result)
    return backend.createOutputTensor(cast(backend, result.id, BFLOAT16, binding.TF_FLOAT))
  } finally {
    for (const { id } of temporary) binding.deleteTensor(id)
  }
}
