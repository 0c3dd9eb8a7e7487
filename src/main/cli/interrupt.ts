/** Ctrl-C: the first asks a job to stop in good order, the second ends the program. */
import { CodedError, describe, toWire } from '../../core/errors.ts'

/** As shells report a program that Ctrl-C ended. */
export const INTERRUPTED = 130

/** Milliseconds for ending in good order after SIGTERM: who sends it soon follows with SIGKILL. */
const GRACE = 1500

/** The job was stopped before it had anything to hand out. */
export class Interrupted extends Error {}

/**
 * Calls `stop` when the program is told to end. Told again, or not at its end soon after SIGTERM or SIGHUP, the program
 * ends at once with the given status; its children end with it. Returns how to stop listening.
 */
export function onEnd(stop: () => void, status: number): () => void {
  let told = false
  const end = (signal: NodeJS.Signals): void => {
    if (told) process.exit(status)
    told = true
    if (signal !== 'SIGINT') setTimeout(() => process.exit(status), GRACE).unref()
    stop()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, end)
  return () => {
    for (const signal of signals) process.off(signal, end)
  }
}

/**
 * Runs a job under a signal that is aborted when the program is told to end. Afterwards, if that happened, the program's
 * exit status is 130, whether the job returned what it had or threw.
 */
export async function interruptible<T>(
  say: (line: string) => void,
  job: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const stopListening = onEnd(() => {
    say('Stopping. Once more ends at once')
    abort.abort()
  }, INTERRUPTED)
  try {
    return await job(abort.signal)
  } catch (error) {
    if (!abort.signal.aborted) throw error
    throw new Interrupted(error instanceof CodedError ? describe(toWire(error)) : 'Stopped before it began')
  } finally {
    stopListening()
    if (abort.signal.aborted) process.exitCode = INTERRUPTED
  }
}
