/** Ensures that only one process trains a run at a time, whether it was started from a window or the command line. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { acquireLock, type HeldLock } from '../project/lock.ts'

/**
 * @param run names it in the refusal: "Run 3"
 * @throws CodedError USAGE_TRAINING, naming the process that has it; those of acquireLock, IO_RUN.
 */
export function lockRun(folder: string, run: string, program: string): HeldLock {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw new CodedError(
      'IO_RUN',
      `${folder} cannot be created: ${(cause as Error).message}`,
      'Choose another folder',
      {
        cause,
      },
    )
  }
  const lock = acquireLock(path.join(folder, 'lock'), program)
  if (lock.held) return lock
  const holder = lock.holder
    ? `process ${lock.holder.pid} (${lock.holder.program}) on ${lock.holder.host}`
    : 'another program'
  throw new CodedError(
    'USAGE_TRAINING',
    `${run} is being trained by ${holder}`,
    'Wait for it, or stop it there first',
  )
}
