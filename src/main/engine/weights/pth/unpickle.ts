/**
 * Reads the pickles inside PyTorch files without running any of their code. A pickle is a program that names Python
 * functions and calls them; here each name must be in the table below, whose functions only build plain data.
 *
 * pickleparser decodes the opcodes. It calls nothing but what `resolve` returns.
 */
import { type BufferReader, Parser } from 'pickleparser'
import { CodedError } from '../../../../core/errors.ts'
import type { Dtype } from '../../../../core/formats/safetensors.ts'
import { malformed, unsafe, unsupported } from './errors.ts'
import { type StorageReference, TensorReference } from './tensor-reference.ts'

/** Python's dicts as Maps, tuples and lists as arrays, tensors as TensorReferences. */
export type PickleValue = unknown

/**
 * The next pickle of `reader`, which then stands behind it. `onStorage` hears of each storage that is referred to.
 * Throws WEIGHTS_UNSAFE on a name outside the table, WEIGHTS_PICKLE on anything malformed.
 */
export function unpickle(reader: BufferReader, onStorage?: (storage: StorageReference) => void): PickleValue {
  const parser = new Parser({
    unpicklingTypeOfDictionary: 'Map',
    nameResolver: { resolve: (module, name) => resolve(module, name) },
    persistentResolver: {
      resolve: (id: unknown) => {
        const storage = storageOf(id)
        onStorage?.(storage)
        return storage
      },
    },
  })
  try {
    return parser.read(reader)
  } catch (error) {
    if (error instanceof CodedError) throw error
    throw malformed(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** A class of torch that stands for a dtype. */
class StorageType {
  readonly dtype: Dtype
  constructor(dtype: Dtype) {
    this.dtype = dtype
    Object.freeze(this)
  }
}

class Storage implements StorageReference {
  readonly key: string
  readonly dtype: Dtype
  readonly count: number
  constructor(key: string, dtype: Dtype, count: number) {
    this.key = key
    this.dtype = dtype
    this.count = count
    Object.freeze(this)
  }
}

/** Command-line arguments, which training scripts keep beside the weights. Read as an empty thing with fields. */
class Namespace {}

const GLOBALS = new Map<string, unknown>([
  ['collections.OrderedDict', Object.freeze((items: unknown = []) => new Map(pairs(items)))],
  ['collections.Counter', Object.freeze((counts: unknown = []) => counts)],
  ['argparse.Namespace', Namespace],
  ['torch.Size', Object.freeze((sizes: unknown = []) => sizes)],
  ['torch._utils._rebuild_tensor', Object.freeze(rebuildTensor)],
  ['torch._utils._rebuild_tensor_v2', Object.freeze(rebuildTensor)],
  ['torch._utils._rebuild_parameter', Object.freeze((tensor: unknown) => tensor)],
  ['torch.DoubleStorage', new StorageType('F64')],
  ['torch.FloatStorage', new StorageType('F32')],
  ['torch.HalfStorage', new StorageType('F16')],
  ['torch.BFloat16Storage', new StorageType('BF16')],
  ['torch.LongStorage', new StorageType('I64')],
  ['torch.IntStorage', new StorageType('I32')],
  ['torch.ShortStorage', new StorageType('I16')],
  ['torch.CharStorage', new StorageType('I8')],
  ['torch.ByteStorage', new StorageType('U8')],
  ['torch.BoolStorage', new StorageType('BOOL')],
])

// biome-ignore lint/suspicious/noExplicitAny: pickleparser's own type; a StorageType is neither called nor constructed.
function resolve(module: string, name: string): any {
  const global = GLOBALS.get(`${module}.${name}`)
  if (global === undefined) throw unsafe(`${module}.${name}`)
  return global
}

/** ('storage', type, key, location, count) and, in legacy files, view metadata that PyTorch stopped writing at 0.4. */
function storageOf(id: unknown): StorageReference {
  if (!Array.isArray(id)) throw malformed('a storage has no description')
  const [kind, type, key, , count, view] = id
  if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string' || !isSize(count)) {
    throw malformed('the description of a storage is wrong')
  }
  if (view != null) throw unsupported('The PyTorch file keeps views of storages as PyTorch before 0.4 did')
  return new Storage(key, type.dtype, count)
}

function rebuildTensor(storage: unknown, offset: unknown, shape: unknown, strides: unknown): TensorReference {
  if (!(storage instanceof Storage) || !isSize(offset) || !isSizes(shape) || !isSizes(strides)) {
    throw malformed('the description of a tensor is wrong')
  }
  return new TensorReference(storage, offset, Object.freeze([...shape]), Object.freeze([...strides]))
}

/** Python 2 wrote OrderedDict's items as its argument; Python 3 sets them afterwards. */
function pairs(items: unknown): [unknown, unknown][] {
  if (!Array.isArray(items) || !items.every((item) => Array.isArray(item) && item.length === 2)) {
    throw malformed('the items of a dict are wrong')
  }
  return items
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every(isSize)
