/** What an export may write. */
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
