/** The engine as the studio sees it: requests over a process channel, each answered with events and one result. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import type {
  EngineCall,
  EngineEvent,
  EngineHello,
  EngineRequest,
  EngineResults,
} from '../../../core/contract/engine.ts'
import { CodedError, fromWire } from '../../../core/errors.ts'
import { death } from './death.ts'
import { parseMessage, unexpected } from './messages.ts'
import type { PauseSwitch } from './pause-switch.ts'

/** Whatever has an answer of its own; cancelling and pausing go with the request that they are about. */
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
  /** Settles when it takes no more requests, because it was closed or failed. */
  readonly ended: Promise<void>
  /** Ends the process: at its own pace, by force after a few seconds. Jobs under way fail with ENGINE_CLOSED. */
  close(): Promise<void>
}

/**
 * Waits for the engine's greeting. The connection owns the child: whatever goes wrong, it is ended.
 *
 * @param diagnostics what the engine last wrote to its standard error.
 * @param helloTimeout milliseconds.
 * @throws CodedError ENGINE_TIMEOUT, ENGINE_DIED, ENGINE_PROTOCOL.
 */
export async function connect(
  child: ChildProcess,
  diagnostics: () => string,
  helloTimeout: number,
): Promise<Engine> {
  const connection = new Connection(child, diagnostics)
  const late = setTimeout(() => {
    const message = `The engine did not start within ${helloTimeout / 1000} s`
    connection.fail(() => new CodedError('ENGINE_TIMEOUT', message, '`fcos doctor` checks it'))
  }, helloTimeout)
  try {
    const hello = await connection.hello
    return {
      hello,
      ended: connection.ended.promise,
      call: (...call) => connection.call(...call),
      close: () => connection.close(),
    }
  } finally {
    clearTimeout(late)
  }
}

type Result = EngineResults[keyof EngineResults]

interface Pending {
  readonly request: EngineRequest
  readonly onEvent: (event: EngineEvent) => void
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** Milliseconds that an engine is given to end by itself: one training step of a large model takes seconds. */
const PATIENCE = 5000

class Connection {
  readonly hello: Promise<EngineHello>
  readonly ended = Promise.withResolvers<void>()
  readonly #greeting = Promise.withResolvers<EngineHello>()
  readonly #child: ChildProcess
  readonly #closed: Promise<void>
  readonly #pending = new Map<number, Pending>()
  #nextId = 1
  /** Why no more requests are taken. */
  #failure: unknown

  constructor(child: ChildProcess, diagnostics: () => string) {
    this.#child = child
    this.hello = this.#greeting.promise
    const died = (reason: string): void =>
      this.fail((request) => death({ reason, diagnostics: diagnostics() }, request))
    child.on('message', (message) => {
      try {
        this.#receive(message)
      } catch (error) {
        this.fail(() => error)
      }
    })
    const exit = once(child, 'exit')
    this.#closed = exit
      // By then all that it sent and wrote has been read. ('close' does not come if it is this side that disconnects.)
      .then(async ([status, signal]) => {
        await Promise.all([!child.connected || once(child, 'disconnect'), finished(child.stderr!)])
        died(signal ?? `status ${status}`)
      })
      // It could not be started.
      .catch((error: Error) => died(error.message))
  }

  async call<R extends WorkRequest>(
    request: R,
    onEvent: Pending['onEvent'],
    signal?: AbortSignal,
    pause?: PauseSwitch,
  ): Promise<EngineResults[R['method']]> {
    signal?.throwIfAborted()
    const [job, result] = this.#send(request, onEvent)
    const tell = (method: 'cancel' | 'pause' | 'continue'): void => {
      const [, answer] = this.#send({ method, job }, () => {})
      // Whether the job was told in time shows in its own events and result.
      answer.catch(() => {})
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

  async close(): Promise<void> {
    this.#end(() => new CodedError('ENGINE_CLOSED', 'The engine was closed'))
    if (this.#child.connected) this.#child.disconnect()
    const force = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE)
    await this.#closed
    clearTimeout(force)
  }

  fail(errorFor: (request?: EngineRequest) => unknown): void {
    if (this.#end(errorFor)) this.#child.kill('SIGKILL')
  }

  /** Fails everything that waits; false if that has happened before. */
  #end(errorFor: (request?: EngineRequest) => unknown): boolean {
    if (this.#failure) return false
    this.#failure = errorFor()
    this.ended.resolve()
    this.#greeting.reject(this.#failure)
    for (const { request, reject } of this.#pending.values()) reject(errorFor(request))
    this.#pending.clear()
    return true
  }

  #send(request: EngineRequest, onEvent: Pending['onEvent']): [id: number, result: Promise<Result>] {
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    if (this.#failure) {
      reject(this.#failure)
    } else {
      this.#pending.set(id, { request, onEvent, resolve, reject })
      // A message that cannot be sent means that the process has ended, which its 'close' reports.
      this.#child.send({ id, request } satisfies EngineCall, () => {})
    }
    return [id, promise]
  }

  #receive(raw: unknown): void {
    const message = parseMessage(raw)
    if (message.kind === 'hello') {
      this.#greeting.resolve(message.hello)
      return
    }
    const job = this.#pending.get(message.id)
    if (!job) throw unexpected(raw)
    if (message.kind === 'event') {
      job.onEvent(message.event)
      return
    }
    this.#pending.delete(message.id)
    if (message.kind === 'error') job.reject(fromWire(message.error))
    else job.resolve(message.result)
  }
}
