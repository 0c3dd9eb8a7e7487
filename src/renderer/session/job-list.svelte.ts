/** The studio's jobs: those running, and those that ended while this window was open. */

import type { Job } from '../../core/contract/studio/jobs.ts'
import { fromWire } from '../../core/errors.ts'
import type { ProjectClient } from './controller-context.ts'

/** Number of ended jobs kept, since their results may be large. */
const KEPT = 20

export class JobList {
  readonly #client: ProjectClient
  readonly #waiting = new Map<number, (job: Job) => void>()
  all = $state.raw<readonly Job[]>([])
  readonly running = $derived(this.all.filter(({ state }) => state === 'running'))

  constructor(client: ProjectClient) {
    this.#client = client
    client.on('job', (job) => this.#update(job))
    void client.call('jobs.list', {}).then((jobs) => {
      for (const job of jobs) this.#update(job)
    })
  }

  cancel(job: Job): void {
    void this.#client.call('jobs.cancel', { job: job.id })
  }

  /** Resolves to the job's result, or to undefined if the job is cancelled. Rejects with the job's error. */
  async result<T>({ job: id }: { readonly job: number }): Promise<T | undefined> {
    const known = this.all.find((job) => job.id === id && job.state !== 'running')
    const job = known ?? (await new Promise<Job>((resolve) => this.#waiting.set(id, resolve)))
    if (job.error) throw fromWire(job.error)
    return job.state === 'done' ? (job.result as T) : undefined
  }

  #update(job: Job): void {
    const index = this.all.findIndex(({ id }) => id === job.id)
    this.all = index < 0 ? [...this.all, job] : this.all.with(index, job)
    if (job.state === 'running') return
    const ended = this.all.filter(({ state }) => state !== 'running').slice(0, -KEPT)
    if (ended.length > 0) this.all = this.all.filter((entry) => !ended.includes(entry))
    this.#waiting.get(job.id)?.(job)
    this.#waiting.delete(job.id)
  }
}
