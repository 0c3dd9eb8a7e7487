/** Files that are written whole or not at all. */
import { rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { kindOf } from '../datasets/files.ts'

/** Throws DATA_EXISTS where there is something that may not be replaced. */
export async function requireFree(file: string, overwrite: boolean): Promise<void> {
  const kind = await kindOf(file)
  if (kind === undefined || (kind === 'file' && overwrite)) return
  throw new CodedError(
    'DATA_EXISTS',
    `${file} ${kind === 'file' ? 'exists' : 'is a folder'}`,
    'Give another name',
  )
}

/** Where a file is made before it is put in place: beside it, so that renaming does so in one step. */
export const unfinished = (file: string): string => {
  const { dir, base } = path.parse(file)
  return path.join(dir, `.${base}.partial-${process.pid}`)
}

/** Replaces what is there. Throws IO_WRITE; what was there before is then untouched. */
export async function writeWhole(file: string, content: string): Promise<void> {
  const partial = unfinished(file)
  try {
    await writeFile(partial, content)
    await rename(partial, file)
  } catch (cause) {
    throw unwritable(file, cause)
  } finally {
    await rm(partial, { force: true }).catch(() => undefined)
  }
}

export function unwritable(file: string, cause: unknown): CodedError {
  const { code, message } = cause as NodeJS.ErrnoException
  const reason = code === 'ENOSPC' ? 'the disk is full' : message
  return new CodedError(
    'IO_WRITE',
    `${file} was not written: ${reason}`,
    'Nothing was left there. Try another place',
    {
      cause,
    },
  )
}
