/** What an export may write. */
import { CodedError } from '../../../core/errors.ts'
import { refuseDevice } from '../../files/replace-file.ts'
import { kindOf } from '../datasets/files.ts'

/** Throws DATA_EXISTS where there is something that may not be replaced, IO_WRITE for a device. */
export async function requireFree(file: string, overwrite: boolean): Promise<void> {
  refuseDevice(file)
  const kind = await kindOf(file)
  if (kind === undefined || (kind === 'file' && overwrite)) return
  throw new CodedError(
    'DATA_EXISTS',
    `${file} ${kind === 'file' ? 'exists' : 'is a folder'}`,
    'Give another name',
  )
}
