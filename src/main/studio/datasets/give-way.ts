import { setImmediate } from 'node:timers/promises'

/** Milliseconds that a loop may run before it yields, so that windows are drawn and calls are answered. */
const SPAN = 15

/**
 * Call this in every turn of a long loop. It yields to other work from time to time, and throws the signal's
 * reason once the signal is aborted.
 */
export function givingWay(signal?: AbortSignal): () => Promise<void> | undefined {
  let since = performance.now()
  const rest = async (): Promise<void> => {
    await setImmediate()
    signal?.throwIfAborted()
    since = performance.now()
  }
  return () => {
    signal?.throwIfAborted()
    return performance.now() - since < SPAN ? undefined : rest()
  }
}
