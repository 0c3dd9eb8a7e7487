/** A Node program of this project in a child process: started, asked, and ended in one way for all of them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { finished } from 'node:stream/promises'
import { CodedError } from '../../core/errors.ts'
import { type Call, PARENT, PendingCalls, parseMessage, unexpected } from './messages.ts'

export interface Program {
  /** The subject of a sentence: "The engine". */
  readonly title: string
  readonly node: string
  /** Calls `serve`, or speaks the messages of messages.ts by itself. */
  readonly entry: string
  readonly args?: readonly string[]
  /** All of its variables; left out, those of this process. */
  readonly env?: Readonly<NodeJS.ProcessEnv>
  /** Gives way to whatever else wants the processor. */
  readonly background?: boolean
}

export interface Death {
  /** A signal's name, `status 1`, or why the process could not be started. */
  readonly reason: string
  /** The end of what it wrote to standard error. */
  readonly diagnostics: string
}

/** Characters of standard error that are kept. */
const KEPT = 4096

/** Milliseconds that a process is given to end by itself: one training step of a large model takes seconds. */
const PATIENCE = 5000

/**
 * The child ends with this process: it is killed when this one exits, and ends by itself where this one was killed
 * (end-with-parent.ts). It is in a process group of its own, so that Ctrl-C in the terminal reaches this process alone, which then
 * ends the child in order.
 */
export class Child<Request, Event = never, Result = unknown> {
  /** What it sends when it is ready; rejects with the reason why it never will. */
  readonly hello: Promise<unknown>
  /** Resolves when no more calls are taken, because the child was closed or has failed. */
  readonly ended: Promise<void>
  readonly #title: string
  readonly #process: ChildProcess
  /** The process is gone, and all that it sent has been read. */
  readonly #gone: Promise<void>
  readonly #greeting = Promise.withResolvers<unknown>()
  readonly #ended = Promise.withResolvers<void>()
  readonly #calls = new PendingCalls<Request, Event, Result>()
  /** Why no more calls are taken. */
  #failure: unknown

  /** @param died the error for a call, or for any call, when the process ends by itself. */
  constructor(program: Program, died: (death: Death, request?: Request) => Error) {
    this.#title = program.title
    this.#process = start(program)
    this.hello = this.#greeting.promise
    this.hello.catch(() => {})
    this.ended = this.#ended.promise
    const child = this.#process
    let diagnostics = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      diagnostics = (diagnostics + text).slice(-KEPT)
    })
    child.on('message', (message) => {
      try {
        this.#receive(message)
      } catch (error) {
        this.kill(() => error)
      }
    })
    const end = (reason: string): void => void this.#end((request) => died({ reason, diagnostics }, request))
    this.#gone = once(child, 'exit')
      // ('close' does not come if it is this side that disconnects.)
      .then(async ([status, signal]) => {
        await Promise.all([!child.connected || once(child, 'disconnect'), finished(child.stderr!)])
        end(signal ?? `status ${status}`)
      })
      // It could not be started.
      .catch((error: Error) => end(error.message))
  }

  /** Undefined where the process could not be started. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /**
   * Events come in order, all of them before the result. A signal asks for an early end; the answer still counts.
   * @throws what the child answers; the signal's reason if it is aborted already; what `died` and `kill` give.
   */
  async call(
    request: Request,
    onEvent: (event: Event) => void = () => {},
    signal?: AbortSignal,
  ): Promise<Result> {
    signal?.throwIfAborted()
    const { id, result } = this.send(request, onEvent)
    const cancel = (): void => this.#post({ id, cancel: true })
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      return await result
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  /** A call with its id, for requests that are about other requests. */
  send(
    request: Request,
    onEvent: (event: Event) => void = () => {},
  ): { readonly id: number; readonly result: Promise<Result> } {
    const call = this.#calls.add(request, onEvent)
    if (this.#failure) this.#calls.fail(() => this.#failure)
    else this.#post({ id: call.id, request })
    return call
  }

  /** Ends the process at its own pace, by force after a few seconds. Calls that wait fail with the error. */
  async close(error: CodedError): Promise<void> {
    this.#end(() => error)
    if (this.#process.connected) this.#process.disconnect()
    const force = setTimeout(() => this.#process.kill('SIGKILL'), PATIENCE)
    await this.#gone
    clearTimeout(force)
  }

  /** Ends the process at once. Resolves when it is gone. */
  async kill(errorFor: (request?: Request) => unknown): Promise<void> {
    if (this.#end(errorFor)) this.#process.kill('SIGKILL')
    await this.#gone
  }

  /** Fails everything that waits; false if that has happened before. */
  #end(errorFor: (request?: Request) => unknown): boolean {
    if (this.#failure) return false
    this.#failure = errorFor()
    this.#ended.resolve()
    this.#greeting.reject(this.#failure)
    this.#calls.fail(errorFor)
    return true
  }

  #post(call: Call<Request>): void {
    // A message that cannot be sent means that the process has ended, which its 'exit' reports.
    if (this.#process.connected) this.#process.send(call, () => {})
  }

  #receive(raw: unknown): void {
    const message = parseMessage<Event, Result>(this.#title, raw)
    if (message.kind === 'hello') this.#greeting.resolve(message.hello)
    else if (!this.#calls.receive(message) && !this.#failure) throw unexpected(this.#title, raw)
  }
}

/**
 * One call to a process of its own, which is ended with its answer, or at once when the signal is aborted.
 * @throws as Child.call; the signal's reason.
 */
export async function callOnce<Request, Result>(
  program: Program,
  request: Request,
  died: (death: Death) => Error,
  signal: AbortSignal,
): Promise<Result> {
  signal.throwIfAborted()
  const child = new Child<Request, never, Result>(program, died)
  const stop = (): void => void child.kill(() => signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await child.call(request)
  } finally {
    signal.removeEventListener('abort', stop)
    await child.kill(() => new CodedError('ENGINE_CLOSED', `${program.title} was closed`))
  }
}

function start({ node, entry, args = [], env = process.env, background = false }: Program): ChildProcess {
  const child = spawn(node, [entry, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    env: { ...env, [PARENT]: String(process.pid) },
    detached: process.platform !== 'win32',
  })
  if (background && child.pid !== undefined) giveWay(child.pid)
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  return child
}

/** Called before the process starts its threads, which take over the priority of the one that starts them. */
function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
    // Linux desktops share the processor between sessions first, and a process group of its own is one: there a priority
    // counts within the session only, unless the session's own is lowered too.
    if (process.platform === 'linux') {
      writeFileSync(`/proc/${pid}/autogroup`, String(constants.priority.PRIORITY_BELOW_NORMAL))
    }
  } catch {
    // A matter of comfort: the process may have ended already, and kernels without such groups have no such file.
  }
}
