import { statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CodedError, fileFault } from '../../core/errors.ts'
import { replaceFile, writeError } from '../files/replace-file.ts'

/** @throws CodedError USAGE_NO_FILE where there is none, or a folder in its place. */
export function requireFile(file: string, kind: string, remedy: string): void {
  try {
    if (!statSync(file).isDirectory()) return
  } catch (cause) {
    throw new CodedError('USAGE_NO_FILE', `There is no ${kind} ${file}: ${fileFault(cause).reason}`, remedy, {
      cause,
    })
  }
  throw new CodedError('USAGE_NO_FILE', `${file} is a folder, not a ${kind}`, remedy)
}

/** Writes a file that the user named, and makes its folder. Throws IO_DISK_FULL, IO_WRITE. */
export async function writeOutput(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true }).catch((error) => {
    throw writeError(path, error)
  })
  await replaceFile(path, content)
}
