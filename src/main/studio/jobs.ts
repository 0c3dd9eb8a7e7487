/** Runs long work so that windows can watch and cancel it. */
import { setTimeout } from 'node:timers/promises'
import type { Job } from '../../core/contract/studio/jobs.ts'
import type { JobResult } from '../../core/contract/studio.ts'
import { CodedError, isInputError, toWire } from '../../core/errors.ts'

/** What a job's work is given. */
export interface JobContext {
  /** Aborted by cancelling; the work then throws the signal's reason. */
  readonly signal: AbortSignal
  /** `progress` is a share in [0, 1], or null. Windows hear of it at most ten times a second. */
  report(progress: number | null, detail: string): void
}

export interface JobOptions {
  /** The method that started the job. */
  readonly kind: string
  readonly title: string
  readonly cancellable?: boolean
}

/** Number of ended jobs that are still listed. */
const KEPT = 20
const TELL_EVERY_MS = 100

interface Entry {
  job: Job
  readonly abort: AbortController
  ended: Promise<void>
  toldAt: number
}

export class Jobs {
  readonly #entries = new Map<number, Entry>()
  readonly #tell: (job: Job) => void
  #nextId = 1

  constructor(tell: (job: Job) => void) {
    this.#tell = tell
  }

  /** Starts the work at once. Its errors become the job's, never this call's. */
  start<Kind extends string>(
    { kind, title, cancellable = true }: JobOptions & { readonly kind: Kind },
    work: (control: JobContext) => Promise<JobResult<Kind>>,
  ): { job: number } {
    const id = this.#nextId++
    const job: Job = {
      id,
      kind,
      title,
      state: 'running',
      progress: null,
      detail: '',
      cancellable,
      result: null,
      error: null,
    }
    const entry: Entry = { job, abort: new AbortController(), ended: Promise.resolve(), toldAt: 0 }
    this.#entries.set(id, entry)
    this.#update(entry, {})
    const control: JobContext = {
      signal: entry.abort.signal,
      report: (progress, detail) => {
        const changed = { ...entry.job, progress, detail }
        if (Date.now() - entry.toldAt < TELL_EVERY_MS) entry.job = changed
        else this.#update(entry, changed)
      },
    }
    entry.ended = this.#run(entry, control, work)
    return { job: id }
  }

  list(): Job[] {
    return [...this.#entries.values()].map(({ job }) => job)
  }

  cancel(id: number): void {
    this.#entries.get(id)?.abort.abort(new CodedError('USAGE_CANCELLED', 'Cancelled'))
  }

  /** Cancels the job and resolves when it has ended. */
  async stop(id: number): Promise<void> {
    this.cancel(id)
    await this.#entries.get(id)?.ended
  }

  /** Resolves when no job is running any more. */
  async cancelAll(): Promise<void> {
    const running = [...this.#entries.values()].filter(({ job }) => job.state === 'running')
    await Promise.all(running.map(({ job }) => this.stop(job.id)))
  }

  async #run(
    entry: Entry,
    control: JobContext,
    work: (control: JobContext) => Promise<unknown>,
  ): Promise<void> {
    // The caller is given the job's id before it hears of the job's end.
    await setTimeout(0)
    try {
      const result = (await work(control)) as Job['result']
      this.#update(entry, { state: 'done', progress: 1, result })
    } catch (error) {
      if (control.signal.aborted) this.#update(entry, { state: 'cancelled' })
      else {
        // Windows are only told the message. The stack, of this process or of a child, goes to the log.
        const wire = toWire(error)
        if (!isInputError(wire.code)) console.error(`${entry.job.title} has failed:`, error)
        this.#update(entry, { state: 'failed', error: wire })
      }
    }
    const ended = [...this.#entries.values()].filter(({ job }) => job.state !== 'running')
    for (const { job } of ended.slice(0, -KEPT)) this.#entries.delete(job.id)
  }

  #update(entry: Entry, change: Partial<Job>): void {
    entry.job = { ...entry.job, ...change }
    entry.toldAt = Date.now()
    this.#tell(entry.job)
  }
}
