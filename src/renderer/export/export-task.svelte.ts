/** One kind of export and its job. It continues while other places are shown. */

import type { Download } from '../../core/contract/studio/exports.ts'
import type { Job } from '../../core/contract/studio/jobs.ts'
import { CodedError } from '../../core/errors.ts'
import type { Studio } from '../session/studio.svelte.ts'

type Start = (overwrite: boolean) => Promise<{ readonly job: number }>

export class ExportTask<Result> {
  readonly #studio: Studio
  #id = $state<number | null>(null)
  #start: Start | undefined
  result = $state.raw<Result | null>(null)
  /** Where the result is or will be written. */
  path = $state('')
  /** What already exists at the target, until the user decides whether to replace it. */
  refused = $state.raw<string | null>(null)
  readonly job: Job | null = $derived.by(
    () => this.#studio.jobs.running.find(({ id }) => id === this.#id) ?? null,
  )

  constructor(studio: Studio) {
    this.#studio = studio
  }

  async run(path: string, start: Start, overwrite = false): Promise<void> {
    this.#start = start
    this.path = path
    this.result = null
    this.refused = null
    try {
      const job = await start(overwrite)
      this.#id = job.job
      this.result = (await this.#studio.jobs.result<Result>(job)) ?? null
    } catch (error) {
      if (error instanceof CodedError && error.code === 'DATA_EXISTS') this.refused = error.message
      else this.#studio.messages.showError(error)
    }
  }

  /** Exports into a zip that the browser downloads. @param run exports to a path; `name` is the file's or folder's. */
  async download(name: string, run: (out: string) => Promise<void>): Promise<void> {
    const { client, jobs } = this.#studio
    const place = await this.#studio.attempt(client.call('exports.beginDownload', { name }))
    if (!place) return
    await run(place.out)
    if (this.result === null) return
    const packed = await this.#studio.attempt(
      client.call('exports.packDownload', { id: place.id }).then((job) => jobs.result<Download>(job)),
    )
    if (!packed) {
      this.result = null
      return
    }
    this.path = `${packed.name}, in the downloads of this browser`
    const link = document.createElement('a')
    link.href = packed.url
    link.download = packed.name
    link.click()
  }

  replace(): void {
    if (this.#start) void this.run(this.path, this.#start, true)
  }

  cancel(): void {
    if (this.job) this.#studio.jobs.cancel(this.job)
  }
}
