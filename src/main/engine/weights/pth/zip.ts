/**
 * torch.save since PyTorch 1.6: an uncompressed zip of NAME/data.pkl, NAME/byteorder and one NAME/data/KEY per storage.
 * Storages are read one by one when asked for, so that the optimizer's state beside the weights never enters memory.
 */
import type { FileHandle } from 'node:fs/promises'
import { BufferReader } from 'pickleparser'
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl'
import { CodedError } from '../../../../core/errors.ts'
import { BYTES_PER_ELEMENT } from '../../../../core/formats/safetensors.ts'
import type { StateDict } from '../state-dict.ts'
import { malformed, unsupported } from './errors.ts'
import { stateDictIn } from './state-dict-in.ts'
import { readTensor, type StorageReference } from './tensor-reference.ts'
import { unpickle } from './unpickle.ts'

export async function readZip(file: FileHandle): Promise<StateDict> {
  const archive = await openArchive(file)
  const pickle = [...archive.entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name))
  if (!pickle) throw unsupported('The zip file is not one of PyTorch: it has no data.pkl')
  const root = pickle.slice(0, -'data.pkl'.length)
  if (archive.entries.has(`${root}byteorder`)) {
    const order = new TextDecoder().decode(await readEntry(archive, `${root}byteorder`))
    if (order !== 'little') throw unsupported(`The PyTorch file was written on a ${order}-endian machine`)
  }

  const references = stateDictIn(unpickle(new BufferReader(await readEntry(archive, pickle))))
  const storages = new Map<string, Uint8Array<ArrayBuffer>>()
  const tensors: StateDict = new Map()
  for (const [name, reference] of references) {
    const { key } = reference.storage
    let storage = storages.get(key)
    if (!storage) storages.set(key, (storage = await readEntry(archive, `${root}data/${key}`)))
    checkLength(reference.storage, storage)
    tensors.set(name, readTensor(reference, storage))
  }
  return tensors
}

function checkLength({ key, dtype, count }: StorageReference, bytes: Uint8Array): void {
  if (bytes.length !== count * BYTES_PER_ELEMENT[dtype]) {
    throw malformed(`storage ${key} has ${bytes.length} bytes instead of ${count} elements of ${dtype}`)
  }
}

interface Archive {
  readonly file: FileHandle
  readonly zip: ZipFile
  /** By path. The central directory, since PyTorch writes sizes after the data and leaves the local headers' at 0. */
  readonly entries: ReadonlyMap<string, Entry>
}

async function openArchive(file: FileHandle): Promise<Archive> {
  try {
    const zip = await fromFdPromise(file.fd, { autoClose: false })
    const entries = new Map<string, Entry>()
    for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry)
    return { file, zip, entries }
  } catch (cause) {
    throw malformed(`its zip directory cannot be read (${cause instanceof Error ? cause.message : cause})`, {
      cause,
    })
  }
}

async function readEntry({ file, zip, entries }: Archive, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const entry = entries.get(path)
  if (!entry) throw malformed(`${path} is missing`)
  if (entry.compressionMethod !== 0) throw unsupported(`${path} is compressed, which PyTorch does not do`)
  const { size } = await file.stat()
  if (entry.uncompressedSize > size) throw truncated(path)
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true }).catch((cause) => {
    throw malformed(`${path} cannot be read (${cause.message})`, { cause })
  })
  const bytes = new Uint8Array(entry.uncompressedSize)
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, fileDataStart + done)
    if (bytesRead === 0) throw truncated(path)
    done += bytesRead
  }
  return bytes
}

function truncated(path: string): CodedError {
  return new CodedError(
    'WEIGHTS_TRUNCATED',
    `The PyTorch file ends inside ${path}`,
    'Copy or download it again',
  )
}
