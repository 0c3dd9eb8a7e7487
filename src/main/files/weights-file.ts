/** Paths that are given for weights. */
import { type Stats, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { CodedError, fileFault } from '../../core/errors.ts'
import { isOnnx } from '../../core/formats/onnx-metadata.ts'

/**
 * Refuses what is no file before anything opens it: a folder fails when it is read, and a pipe would wait for a writer.
 * @throws CodedError WEIGHTS_NOT_FOUND, or the code given.
 */
export function requireWeightsFile(
  path: string,
  code: 'WEIGHTS_NOT_FOUND' | 'USAGE_NO_FILE' = 'WEIGHTS_NOT_FOUND',
): void {
  let stats: Stats
  try {
    stats = statSync(path)
  } catch (cause) {
    const { reason } = fileFault(cause)
    throw new CodedError(
      code,
      `There is no weights file ${path}: ${reason}`,
      'Check the path of the weights',
      {
        cause,
      },
    )
  }
  if (stats.isFile()) return
  if (!stats.isDirectory()) {
    throw new CodedError(code, `${path} is a device, a pipe or a socket`, 'Name a file with weights')
  }
  throw new CodedError(code, `${path} is a folder`, 'Name a checkpoint in it, such as best.safetensors')
}

/** Whether it is an ONNX file, which detects and does nothing else. @throws CodedError WEIGHTS_NOT_FOUND. */
export async function isOnnxFile(path: string): Promise<boolean> {
  requireWeightsFile(path)
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(8), 0, 8, 0)
    return isOnnx(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}
