/**
 * torch.save before PyTorch 1.6: five pickles (magic number, protocol, machine, the object, storage keys), then each
 * storage as an 8-byte element count and its raw elements, in the order of the keys.
 */
import { BufferReader } from 'pickleparser'
import { CodedError } from '../../../../core/errors.ts'
import { BYTES_PER_ELEMENT } from '../../../../core/formats/safetensors.ts'
import type { StateDict } from '../state-dict.ts'
import { malformed, unsupported } from './errors.ts'
import { stateDictIn } from './state-dict-in.ts'
import { readTensor, type StorageReference } from './tensor-reference.ts'
import { unpickle } from './unpickle.ts'

/** The magic number 0x1950a86a20f9469cfc6c as PyTorch pickles it: PROTO 2, LONG1 of 10 bytes, STOP. */
const MAGIC = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex')
const PROTOCOL = 1001

export const isLegacy = (start: Uint8Array): boolean => MAGIC.equals(start.subarray(0, MAGIC.length))

/** Reads a whole file; tensors in row-major order are views of it. */
export function readLegacy(file: Uint8Array<ArrayBuffer>): StateDict {
  const reader = new BufferReader(file)
  reader.skip(MAGIC.length)
  const protocol = unpickle(reader)
  if (protocol !== PROTOCOL)
    throw unsupported(`The PyTorch file has protocol ${protocol} instead of ${PROTOCOL}`)
  const machine = unpickle(reader)
  if (machine instanceof Map && machine.get('little_endian') === false) {
    throw unsupported('The PyTorch file was written on a big-endian machine')
  }
  const described = new Map<string, StorageReference>()
  const references = stateDictIn(unpickle(reader, (storage) => described.set(storage.key, storage)))
  const keys = unpickle(reader)
  if (!Array.isArray(keys)) throw malformed('it has no list of storages')

  const storages = readStorages(file, reader.position, keys, described)
  const tensors: StateDict = new Map()
  for (const [name, reference] of references) {
    const storage = storages.get(reference.storage.key)
    if (!storage) throw malformed(`storage ${reference.storage.key} is missing`)
    tensors.set(name, readTensor(reference, storage))
  }
  return tensors
}

function readStorages(
  file: Uint8Array<ArrayBuffer>,
  start: number,
  keys: readonly unknown[],
  described: ReadonlyMap<string, StorageReference>,
): Map<string, Uint8Array<ArrayBuffer>> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const storages = new Map<string, Uint8Array<ArrayBuffer>>()
  let position = start
  for (const key of keys) {
    const storage = described.get(String(key))
    if (!storage) throw malformed(`storage ${key} belongs to nothing`)
    if (position + 8 > file.length) throw truncated(file.length)
    const count = view.getBigInt64(position, true)
    if (count !== BigInt(storage.count)) {
      throw malformed(`storage ${key} has ${count} elements instead of ${storage.count}`)
    }
    const end = position + 8 + storage.count * BYTES_PER_ELEMENT[storage.dtype]
    if (end > file.length) throw truncated(file.length)
    storages.set(storage.key, file.subarray(position + 8, end))
    position = end
  }
  return storages
}

function truncated(length: number): CodedError {
  return new CodedError(
    'WEIGHTS_TRUNCATED',
    `The PyTorch file ends after ${length} bytes inside a storage`,
    'Copy or download it again',
  )
}
