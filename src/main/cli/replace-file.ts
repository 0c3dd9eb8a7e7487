import { rename, rm, writeFile } from 'node:fs/promises'
import { CodedError } from '../../core/errors.ts'

/** Writes a file whole or not at all: what was there before stays until the new one is complete. Throws IO_WRITE. */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const partial = `${path}.partial-${process.pid}`
  try {
    await writeFile(partial, content)
    await rename(partial, path)
  } catch (cause) {
    const { message } = cause as Error
    throw new CodedError('IO_WRITE', `Cannot write ${path}: ${message}`, undefined, { cause })
  } finally {
    // Where a folder is missing or a file is in its place, the first error is the one to tell.
    await rm(partial, { force: true }).catch(() => undefined)
  }
}
