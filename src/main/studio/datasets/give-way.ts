import { setImmediate } from 'node:timers/promises'

/** How long a loop may keep the process to itself, in ms: windows are drawn and calls answered in between. */
const SPAN = 15

/**
 * For long loops: call it in each turn. It throws the signal's reason once that is aborted, and lets other work of the
 * process happen now and then.
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
