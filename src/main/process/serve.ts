/** The child's side: receives calls and answers them. A program that imports this ends with its parent. */
import './end-with-parent.ts'
import { CodedError } from '../../core/errors.ts'
import { type Answer, type Call, failure, type Greeting } from './messages.ts'

export interface CallContext<Event> {
  /** Aborted, with USAGE_CANCELLED, when the parent asks the call to stop early. */
  readonly signal: AbortSignal
  readonly emit: (event: Event) => void
}

/** Answers every call as it arrives; several may run at the same time. */
export function serve<Request, Event = never>(
  answer: (request: Request, context: CallContext<Event>) => Promise<unknown>,
): void {
  const running = new Map<number, AbortController>()
  process.on('message', async (call: Call<Request>) => {
    const { id } = call
    if ('cancel' in call) {
      running.get(id)?.abort(new CodedError('USAGE_CANCELLED', 'Cancelled'))
      return
    }
    const abort = new AbortController()
    running.set(id, abort)
    const emit = (event: Event): void => void post({ kind: 'event', id, event })
    try {
      await post({ kind: 'result', id, result: await answer(call.request, { signal: abort.signal, emit }) })
    } catch (error) {
      await post(failure(id, error))
    } finally {
      running.delete(id)
    }
  })
}

/** Resolves when the message has left the process. */
export function post(message: Greeting | Answer<unknown, unknown>): Promise<void> {
  // If the channel has closed meanwhile, 'disconnect' reports it.
  return new Promise((resolve) => {
    if (process.connected) process.send!(message, () => resolve())
    else resolve()
  })
}
