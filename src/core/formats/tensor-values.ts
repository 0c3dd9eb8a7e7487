/** Between the bytes of a safetensors tensor and typed arrays of numbers. */
import { BYTES_PER_ELEMENT, type Dtype, type Tensor } from './safetensors.ts'

const DTYPES = [
  [Float32Array, 'F32'],
  [Int32Array, 'I32'],
  [BigInt64Array, 'I64'],
  [Uint8Array, 'U8'],
] as const

/** A tensor over the array's own memory. */
export function tensorOf(
  values: Float32Array | Int32Array | BigInt64Array | Uint8Array,
  shape: readonly number[],
): Tensor {
  const dtype = DTYPES.find(([Values]) => values instanceof Values)![1]
  return { dtype, shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }
}

/**
 * The values as float32, row-major: F32 as a view where the alignment allows it, F16 and BF16 exactly, F64 and wide
 * integers rounded to nearest, BOOL as 0 and 1.
 */
export function toFloat32(tensor: Tensor): Float32Array {
  const { dtype } = tensor
  const bytes =
    tensor.bytes.byteOffset % BYTES_PER_ELEMENT[dtype] === 0 ? tensor.bytes : Uint8Array.from(tensor.bytes)
  return VALUES[dtype](bytes.buffer, bytes.byteOffset, bytes.length / BYTES_PER_ELEMENT[dtype])
}

type Read = (buffer: ArrayBufferLike, offset: number, count: number) => Float32Array

const VALUES: Record<Dtype, Read> = {
  F64: (b, o, n) => Float32Array.from(new Float64Array(b, o, n)),
  F32: (b, o, n) => new Float32Array(b, o, n),
  F16: (b, o, n) => new Float32Array(new Float16Array(b, o, n)),
  BF16: (b, o, n) => {
    // bfloat16 is the upper half of a float32.
    const bits = Uint32Array.from(new Uint16Array(b, o, n), (upper) => upper << 16)
    return new Float32Array(bits.buffer)
  },
  I64: (b, o, n) => Float32Array.from(new BigInt64Array(b, o, n), Number),
  I32: (b, o, n) => Float32Array.from(new Int32Array(b, o, n)),
  I16: (b, o, n) => Float32Array.from(new Int16Array(b, o, n)),
  I8: (b, o, n) => Float32Array.from(new Int8Array(b, o, n)),
  U8: (b, o, n) => Float32Array.from(new Uint8Array(b, o, n)),
  BOOL: (b, o, n) => Float32Array.from(new Uint8Array(b, o, n), (byte) => (byte === 0 ? 0 : 1)),
}
