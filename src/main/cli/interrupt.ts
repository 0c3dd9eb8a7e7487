/** Ctrl-C: the first asks a job to stop cleanly, the second ends the program. */
import { CodedError, describe, toWire } from '../../core/errors.ts'

/** The status with which shells report a program that Ctrl-C stopped. */
export const INTERRUPTED = 130

/** Milliseconds for stopping cleanly after SIGTERM, since senders often follow it with SIGKILL. */
const GRACE = 1500

/** The job was stopped before it had any result. */
export class Interrupted extends Error {}

/**
 * Calls `stop` when a signal asks the program to stop. At a second signal, or if the program is still running shortly after
 * SIGTERM or SIGHUP, it exits at once with the given status, and its children with it. Returns a function that stops
 * listening.
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
 * Runs a job with a signal that is aborted when the program is asked to stop. If that happens, the program's exit status is
 * 130, whether the job returns what it has or throws.
 */
export async function interruptible<T>(
  say: (line: string) => void,
  job: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const stopListening = onEnd(() => {
    say('Stopping. Press Ctrl-C again to stop immediately')
    abort.abort()
  }, INTERRUPTED)
  try {
    return await job(abort.signal)
  } catch (error) {
    if (!abort.signal.aborted) throw error
    throw new Interrupted(error instanceof CodedError ? describe(toWire(error)) : 'Stopped before it started')
  } finally {
    stopListening()
    if (abort.signal.aborted) process.exitCode = INTERRUPTED
  }
}
