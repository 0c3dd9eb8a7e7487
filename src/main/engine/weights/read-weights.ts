/** Weights from any file that the studio takes: safetensors, or what torch.save writes. Told apart by their content. */
import { type FileHandle, open } from 'node:fs/promises'
import { CodedError } from '../../../core/errors.ts'
import { isOnnx } from '../../../core/formats/onnx-metadata.ts'
import { decodeSafetensors } from '../../../core/formats/safetensors.ts'
import { requireWeightsFile } from '../../files/weights-file.ts'
import { unsupported } from './pth/errors.ts'
import { isLegacy, readLegacy } from './pth/legacy.ts'
import { readZip } from './pth/zip.ts'
import type { StateDict } from './state-dict.ts'

export interface Weights {
  /** Under the names that the file uses. */
  readonly tensors: StateDict
  /** safetensors' __metadata__; empty for PyTorch files. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Throws WEIGHTS_… errors that name the file: not found, not weights, malformed, cut off, or asking for code to be run. */
export async function readWeights(path: string): Promise<Weights> {
  const file = await openFile(path)
  try {
    return await readOpen(file)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new CodedError(error.code, `${path}: ${error.message}`, error.remedy, { cause: error })
  } finally {
    await file.close()
  }
}

async function openFile(path: string): Promise<FileHandle> {
  requireWeightsFile(path)
  try {
    return await open(path)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be opened (${code})`
    throw new CodedError('WEIGHTS_NOT_FOUND', `${path}: ${why}`, 'Check the path of the weights', { cause })
  }
}

async function readOpen(file: FileHandle): Promise<Weights> {
  const start = new Uint8Array(512)
  await file.read(start, 0, start.length, 0)
  const text = (from: number, to: number) => String.fromCharCode(...start.subarray(from, to))
  if (text(0, 4) === 'PK\x03\x04') return { tensors: await readZip(file), metadata: {} }
  if (isLegacy(start)) return { tensors: readLegacy(await file.readFile()), metadata: {} }
  if (text(257, 262) === 'ustar') {
    throw unsupported('This is the tar format that PyTorch wrote before version 0.1.10')
  }
  // A safetensors header is JSON after 8 bytes of length; space may come before the brace.
  if (/^\s*\{/.test(text(8, 40))) {
    const { tensors, metadata } = decodeSafetensors(await file.readFile())
    return { tensors: new Map(tensors), metadata }
  }
  if (isOnnx(start))
    throw new CodedError(
      'WEIGHTS_FORMAT',
      'This is an ONNX file, which can detect but not be trained on or exported again',
      'Give the checkpoint that it was exported from',
    )
  throw new CodedError('WEIGHTS_FORMAT', 'This is neither a safetensors file nor one that torch.save wrote')
}
