/** Tensors as a PyTorch pickle describes them: views of storages that lie elsewhere in the file. */
import {
  BYTES_PER_ELEMENT,
  type Dtype,
  elementCount,
  type Tensor,
} from '../../../../core/formats/safetensors.ts'
import { malformed } from './errors.ts'

export interface StorageReference {
  /** Names the storage inside its file. */
  readonly key: string
  readonly dtype: Dtype
  /** Elements. */
  readonly count: number
}

/** Frozen class instances: a pickle can neither forge one nor change it. */
export class TensorReference {
  readonly storage: StorageReference
  /** First element, counted in elements from the start of the storage. */
  readonly offset: number
  readonly shape: readonly number[]
  /** Steps per dimension, in elements. */
  readonly strides: readonly number[]

  /** Throws WEIGHTS_PICKLE where the view reaches outside its storage. */
  constructor(
    storage: StorageReference,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    const last = shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, offset)
    if (shape.length !== strides.length || (!shape.includes(0) && last >= storage.count)) {
      throw malformed(`a tensor of shape [${shape}] reaches outside its storage of ${storage.count} elements`)
    }
    // A stride of 0 repeats elements, so that a small file could declare a tensor of any size.
    if (elementCount(shape) > Math.max(storage.count, MAX_REPEATED)) {
      throw malformed(`a tensor of shape [${shape}] repeats a storage of ${storage.count} elements`)
    }
    this.storage = storage
    this.offset = offset
    this.shape = shape
    this.strides = strides
    Object.freeze(this)
  }
}

const MAX_REPEATED = 2 ** 24

/**
 * The tensor in row-major order: a view of the storage's bytes where it lies there in that order already, else a copy.
 * `storage` holds exactly the reference's storage.
 */
export function readTensor(reference: TensorReference, storage: Uint8Array<ArrayBuffer>): Tensor {
  const { offset, shape } = reference
  const { dtype } = reference.storage
  const width = BYTES_PER_ELEMENT[dtype]
  const count = elementCount(shape)
  if (isRowMajor(reference)) {
    return { dtype, shape, bytes: storage.subarray(offset * width, (offset + count) * width) }
  }
  const aligned = storage.byteOffset % width === 0 ? storage : Uint8Array.from(storage)
  const source = new WORDS[width](aligned.buffer, aligned.byteOffset, reference.storage.count)
  const target = new WORDS[width](count)
  gather(reference, source, target)
  return { dtype, shape, bytes: new Uint8Array(target.buffer) }
}

function isRowMajor({ shape, strides }: TensorReference): boolean {
  let expected = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return shape.includes(0)
    expected *= shape[i]!
  }
  return true
}

/** Elements are moved as integers, since moving floats may change the bits of a NaN. */
const WORDS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array }
type Words = InstanceType<(typeof WORDS)[keyof typeof WORDS]>

/** Walks the tensor row by row, a row being its last dimension. */
function gather({ offset, shape, strides }: TensorReference, source: Words, target: Words): void {
  const columns = shape.at(-1)!
  const step = strides.at(-1)!
  const index = new Array<number>(shape.length - 1).fill(0)
  let row = offset
  for (let to = 0; to < target.length; ) {
    for (let column = 0, from = row; column < columns; column++, from += step) target[to++] = source[from]!
    for (let d = index.length - 1; d >= 0; d--) {
      row += strides[d]!
      if (++index[d]! < shape[d]!) break
      row -= strides[d]! * shape[d]!
      index[d] = 0
    }
  }
}
