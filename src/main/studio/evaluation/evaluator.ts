/** The evaluator's process as the studio sees it: started when it is first asked, and again if it died. */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { CodedError, fromWire } from '../../../core/errors.ts'
import type { EnginePlace } from '../engine/place.ts'
import type { Answer, Ask, Asked } from './analyst.ts'
import type { FromEvaluator, ToEvaluator } from './messages.ts'
import type { Watch } from './watch.ts'

const ENTRY = 'src/main/studio/evaluation/evaluator-process.ts'

/** ms without a question after which the memory is given back. */
const IDLE = 300_000

interface Waiting {
  readonly child: ChildProcess
  readonly settle: PromiseWithResolvers<unknown>
  readonly report: Watch['report'] | undefined
}

export class Evaluator {
  readonly #place: EnginePlace
  readonly #projectFile: string
  readonly #waiting = new Map<number, Waiting>()
  #child: ChildProcess | undefined
  #idle: NodeJS.Timeout | undefined
  #nextId = 1

  constructor(place: EnginePlace, projectFile: string) {
    this.#place = place
    this.#projectFile = projectFile
  }

  /** Throws what the analyst throws, the signal's reason, and ENGINE_DIED where the process ended. */
  async ask<Name extends Ask>(ask: Name, params: Asked<Name>, watch?: Watch): Promise<Answer<Name>> {
    watch?.signal.throwIfAborted()
    clearTimeout(this.#idle)
    const child = this.#start()
    const id = this.#nextId++
    const settle = Promise.withResolvers<unknown>()
    this.#waiting.set(id, { child, settle, report: watch?.report })
    const send = (message: ToEvaluator): void =>
      void child.send(message, (error) => error && settle.reject(died()))
    const abort = (): void => send({ id, abort: true })
    watch?.signal.addEventListener('abort', abort, { once: true })
    send({ id, ask, params })
    try {
      return (await settle.promise) as Answer<Name>
    } finally {
      watch?.signal.removeEventListener('abort', abort)
      this.#waiting.delete(id)
      if (this.#waiting.size === 0) this.#idle = setTimeout(() => this.close(), IDLE).unref()
    }
  }

  close(): void {
    clearTimeout(this.#idle)
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }

  #start(): ChildProcess {
    if (this.#child) return this.#child
    const { node, root } = this.#place
    const child = spawn(node, [join(root, ENTRY), this.#projectFile], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
    this.#child = child
    child.on('message', (message: FromEvaluator) => this.#heard(message))
    const end = (): void => {
      if (this.#child === child) this.#child = undefined
      for (const one of this.#waiting.values()) if (one.child === child) one.settle.reject(died())
    }
    child.once('error', end)
    child.once('exit', end)
    // Who draws comes first.
    if (child.pid) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL)
    return child
  }

  #heard(message: FromEvaluator): void {
    const waiting = this.#waiting.get(message.id)
    if (waiting === undefined) return
    if ('progress' in message) waiting.report?.(message.progress, message.detail)
    else if ('error' in message) waiting.settle.reject(fromWire(message.error))
    else waiting.settle.resolve(message.answer)
  }
}

const died = (): CodedError =>
  new CodedError(
    'ENGINE_DIED',
    'The evaluator’s process ended',
    'Labels, models and earlier evaluations are as they were. Try again; a smaller split needs less memory',
  )
