/** A Node program of this project in a child process: one way to start, call and stop all of them. */
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
  /** It calls `serve`, or handles the messages of messages.ts itself. */
  readonly entry: string
  readonly args?: readonly string[]
  /** Its complete environment; by default, that of this process. */
  readonly env?: Readonly<NodeJS.ProcessEnv>
  /** Runs at a lower priority than other programs. */
  readonly background?: boolean
}

export interface Death {
  /** A signal's name, `status 1`, or why the process could not be started. */
  readonly reason: string
  /** The end of its standard error output. */
  readonly diagnostics: string
}

/** Number of characters of standard error to keep. */
const KEPT = 4096

/** Milliseconds that a process gets to exit by itself. One training step of a large model takes seconds. */
const PATIENCE = 5000

/**
 * The child ends with this process: it is killed when this one exits, and exits by itself if this one is killed
 * (end-with-parent.ts). It has its own process group, so that Ctrl-C in the terminal reaches only this process, which then
 * stops the child cleanly.
 */
export class Child<Request, Event = never, Result = unknown> {
  /** What the child sends when it is ready; rejects with the reason if it fails to start. */
  readonly hello: Promise<unknown>
  /** Resolves when no more calls are accepted, because the child was closed or has failed. */
  readonly ended: Promise<void>
  readonly #title: string
  readonly #process: ChildProcess
  /** The process has exited, and everything that it sent has been read. */
  readonly #gone: Promise<void>
  readonly #greeting = Promise.withResolvers<unknown>()
  readonly #ended = Promise.withResolvers<void>()
  readonly #calls = new PendingCalls<Request, Event, Result>()
  /** Why no more calls are accepted. */
  #failure: unknown

  /** @param died creates the error of one or all calls if the process exits by itself. */
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
      // ('close' is not emitted if this side disconnects.)
      .then(async ([status, signal]) => {
        await Promise.all([!child.connected || once(child, 'disconnect'), finished(child.stderr!)])
        end(signal ?? `status ${status}`)
      })
      // The process could not be started.
      .catch((error: Error) => end(error.message))
  }

  /** Undefined if the process could not be started. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /**
   * Events arrive in order, all before the result. Aborting the signal asks the child to stop early; its answer still
   * counts.
   * @throws the child's error; the signal's reason if it is already aborted; the errors of `died` and `kill`.
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

  /** A call and its id, for requests that refer to other requests. */
  send(
    request: Request,
    onEvent: (event: Event) => void = () => {},
  ): { readonly id: number; readonly result: Promise<Result> } {
    const call = this.#calls.add(request, onEvent)
    if (this.#failure) this.#calls.fail(() => this.#failure)
    else this.#post({ id: call.id, request })
    return call
  }

  /**
   * Asks the process to exit, and kills it where it has not after some milliseconds. Pending calls fail with the
   * error.
   */
  async close(error: CodedError, patience = PATIENCE): Promise<void> {
    this.#end(() => error)
    if (this.#process.connected) this.#process.disconnect()
    const force = setTimeout(() => this.#process.kill('SIGKILL'), patience)
    await this.#gone
    clearTimeout(force)
  }

  /** Kills the process. Resolves when it has exited. */
  async kill(errorFor: (request?: Request) => unknown): Promise<void> {
    if (this.#end(errorFor)) this.#process.kill('SIGKILL')
    await this.#gone
  }

  /** Fails all pending calls; false if that was done before. */
  #end(errorFor: (request?: Request) => unknown): boolean {
    if (this.#failure) return false
    this.#failure = errorFor()
    this.#ended.resolve()
    this.#greeting.reject(this.#failure)
    this.#calls.fail(errorFor)
    return true
  }

  #post(call: Call<Request>): void {
    // A message cannot be sent only if the process has ended, which 'exit' reports.
    if (this.#process.connected) this.#process.send(call, () => {})
  }

  #receive(raw: unknown): void {
    const message = parseMessage<Event, Result>(this.#title, raw)
    if (message.kind === 'hello') this.#greeting.resolve(message.hello)
    else if (!this.#calls.receive(message) && !this.#failure) throw unexpected(this.#title, raw)
  }
}

/**
 * Makes one call to a new process, which is stopped after its answer, or at once when the signal is aborted.
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

/** Called before the process starts its threads, which inherit the priority of the thread that starts them. */
function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
    // Linux desktops divide the processor between sessions first, and a separate process group counts as one. A priority
    // then only matters within the session, unless the session's own priority is lowered too.
    if (process.platform === 'linux') {
      writeFileSync(`/proc/${pid}/autogroup`, String(constants.priority.PRIORITY_BELOW_NORMAL))
    }
  } catch {
    // Failure does not matter: the process may have ended already, and kernels without such groups have no such file.
  }
}
