import { CodedError, type ErrorCode } from '../../../core/errors.ts'

/** SQLite's primary result codes (sqlite.org/rescode.html) that have a cause outside the program. */
const CAUSES: Readonly<Record<number, readonly [code: ErrorCode, what: string, remedy: string]>> = {
  5: ['IO_PROJECT_LOCKED', 'another program is writing to it', 'Close that program, or try again'],
  6: ['IO_PROJECT_LOCKED', 'another program is writing to it', 'Close that program, or try again'],
  8: [
    'IO_PROJECT_READ_ONLY',
    'it cannot be written',
    'Nothing was changed. Check the permissions of its folder',
  ],
  10: ['IO_PROJECT', 'the disk reported an error', 'The last change was not saved. Check the disk'],
  11: ['DATA_PROJECT_DAMAGED', 'the file is damaged', 'Restore a copy of it'],
  13: [
    'IO_DISK_FULL',
    'the disk is full',
    'The last change was not saved; all earlier ones are. Free some space',
  ],
  14: ['IO_PROJECT', 'it cannot be opened', 'Check that the folder exists and is readable'],
  26: ['DATA_PROJECT_FORMAT', 'it is not a project of this program', 'Choose another file'],
}

/**
 * SQLite's error as one that a user can act on: IO_PROJECT_LOCKED, IO_PROJECT_READ_ONLY, IO_DISK_FULL, IO_PROJECT,
 * DATA_PROJECT_DAMAGED or DATA_PROJECT_FORMAT. Faults of the program, such as a broken constraint, stay as they are.
 */
export function databaseError(path: string, error: unknown): unknown {
  const result = (error as { errcode?: number }).errcode
  const known = result === undefined ? undefined : CAUSES[result & 0xff]
  if (known === undefined) return error
  const [code, what, remedy] = known
  return new CodedError(code, `${path}: ${what}`, remedy, { cause: error })
}
