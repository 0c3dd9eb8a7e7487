/** Ctrl-C: the first asks a job to stop in good order, the second ends the program. */
import { CodedError, describe, toWire } from '../../core/errors.ts'

/** As shells report a program that Ctrl-C ended. */
export const INTERRUPTED = 130

/** The job was stopped before it had anything to hand out. */
export class Interrupted extends Error {}

/**
 * Runs a job under a signal that SIGINT and SIGTERM abort. Afterwards, if that happened, the program's exit status is
 * 130, whether the job returned what it had or threw.
 */
export async function interruptible<T>(
  say: (line: string) => void,
  job: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const stop = (): void => {
    // The engine ends with this process.
    if (abort.signal.aborted) process.exit(INTERRUPTED)
    say('Stopping. Once more ends at once')
    abort.abort()
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  try {
    return await job(abort.signal)
  } catch (error) {
    if (!abort.signal.aborted) throw error
    throw new Interrupted(error instanceof CodedError ? describe(toWire(error)) : 'Stopped before it began')
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
    if (abort.signal.aborted) process.exitCode = INTERRUPTED
  }
}
