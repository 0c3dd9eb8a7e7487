/** The engine as the studio sees it: requests over a process channel, each answered with events and one result. */
import { z } from 'zod'
import type { EngineEvent, EngineHello, EngineRequest, EngineResults } from '../../../core/contract/engine.ts'
import { CodedError } from '../../../core/errors.ts'
import { Child, type Program } from '../../process/child.ts'
import { unexpected } from '../../process/messages.ts'
import { death } from './death.ts'
import type { PauseSwitch } from './pause-switch.ts'

/** Requests with an answer of their own. Cancelling and pausing belong to the request that they concern. */
export type WorkRequest = Exclude<EngineRequest, { method: 'cancel' | 'pause' | 'continue' }>

export interface Engine {
  readonly hello: EngineHello
  /**
   * Runs a job, or answers a request beside it. Events come in order, and all of them before the result. A signal
   * cancels: a job stops at its next step and still answers, with a result that says that it is not complete; another
   * request fails with ENGINE_CANCELLED if its turn had not come. A switch pauses the job and lets it go on.
   *
   * @throws CodedError the engine's own errors; ENGINE_DIED if its process ended, ENGINE_PROTOCOL if it sent nonsense.
   */
  call<R extends WorkRequest>(
    request: R,
    onEvent: (event: EngineEvent) => void,
    signal?: AbortSignal,
    pause?: PauseSwitch,
  ): Promise<EngineResults[R['method']]>
  /** Settles when the engine takes no more requests, because it was closed or has failed. */
  readonly ended: Promise<void>
  /**
   * Ends the process: it may finish by itself, and is killed where it has not after some milliseconds, by default a few
   * seconds. Jobs in progress fail with ENGINE_CLOSED.
   */
  close(patience?: number): Promise<void>
}

type EngineChild = Child<EngineRequest, EngineEvent, EngineResults[keyof EngineResults]>

/** A typed array that arrives damaged shows that the structured clones of the two programs are incompatible. */
const Hello = z.custom<EngineHello>(
  (value) => z.object({ probe: z.instanceof(Float32Array) }).safeParse(value).success,
)

/**
 * Starts the engine's process and waits for its greeting. Whatever goes wrong, the process is ended.
 *
 * @param helloTimeout milliseconds.
 * @param signal ends a process that has not greeted yet.
 * @throws CodedError ENGINE_TIMEOUT, ENGINE_DIED, ENGINE_PROTOCOL; the signal's reason.
 */
export async function connect(program: Program, helloTimeout: number, signal?: AbortSignal): Promise<Engine> {
  signal?.throwIfAborted()
  const child: EngineChild = new Child(program, death)
  const late = setTimeout(() => {
    const message = `The engine did not start within ${helloTimeout / 1000} s`
    void child.kill(() => new CodedError('ENGINE_TIMEOUT', message, '`fcos doctor` checks it'))
  }, helloTimeout)
  const giveUp = (): void => void child.kill(() => signal!.reason)
  signal?.addEventListener('abort', giveUp)
  try {
    const greeting = await child.hello
    const hello = Hello.safeParse(greeting).data
    if (hello === undefined) {
      const error = unexpected(program.title, greeting)
      await child.kill(() => error)
      throw error
    }
    return {
      hello,
      ended: child.ended,
      call: (...request) => call(child, ...request),
      close: (patience) => child.close(new CodedError('ENGINE_CLOSED', 'The engine was closed'), patience),
    }
  } finally {
    clearTimeout(late)
    signal?.removeEventListener('abort', giveUp)
  }
}

async function call<R extends WorkRequest>(
  child: EngineChild,
  request: R,
  onEvent: (event: EngineEvent) => void,
  signal?: AbortSignal,
  pause?: PauseSwitch,
): Promise<EngineResults[R['method']]> {
  signal?.throwIfAborted()
  const { id: job, result } = child.send(request, onEvent)
  const tell = (method: 'cancel' | 'pause' | 'continue'): void => {
    // The job's own events and result show whether the message arrived in time.
    child.send({ method, job }).result.catch(() => {})
  }
  const cancel = (): void => tell('cancel')
  const turn = (): void => tell(pause?.isPaused ? 'pause' : 'continue')
  signal?.addEventListener('abort', cancel, { once: true })
  pause?.addEventListener('change', turn)
  if (pause?.isPaused) turn()
  try {
    return (await result) as EngineResults[R['method']]
  } finally {
    signal?.removeEventListener('abort', cancel)
    pause?.removeEventListener('change', turn)
  }
}
