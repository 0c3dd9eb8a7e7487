/** What is shown of runs besides their summaries: curves, which grow while a run trains, and the steps of its pinned images. */
import { SvelteMap } from 'svelte/reactivity'
import type { Curves, RunChange, RunDetail, RunId } from '../../core/contract/studio/runs.ts'
import type { Context } from '../session/controller-context.ts'
import { append } from './curves.ts'

export interface FollowedRun {
  readonly curves: Curves
  readonly detail: RunDetail
}

export class FollowedRuns {
  readonly #studio: Context
  readonly #runs = new SvelteMap<RunId, FollowedRun>()
  readonly #asked = new Set<RunId>()

  constructor(studio: Context) {
    this.#studio = studio
  }

  /** Undefined until it has been loaded. */
  get(run: RunId): FollowedRun | undefined {
    return this.#runs.get(run)
  }

  /** For effects: follows these runs and forgets all others. */
  follow(ids: readonly RunId[]): void {
    for (const id of this.#runs.keys()) if (!ids.includes(id)) this.#runs.delete(id)
    for (const id of ids) if (!this.#runs.has(id)) void this.#load(id)
  }

  /** Returns a function that stops listening. */
  listen(): () => void {
    return this.#studio.client.on('run', (change) => this.#changed(change))
  }

  async #load(run: RunId): Promise<void> {
    if (this.#asked.has(run)) return
    this.#asked.add(run)
    const { client } = this.#studio
    const both = Promise.all([
      client.call('runs.curves', { run, after: 0 }),
      client.call('runs.detail', { run }),
    ])
    const found = await this.#studio.attempt(both)
    this.#asked.delete(run)
    if (found) this.#runs.set(run, { curves: found[0], detail: found[1] })
  }

  #changed({ run, curves, pinnedStep }: RunChange): void {
    const known = this.#runs.get(run.id)
    if (!known) return
    // The run's folder holds more from the first step on, and again once the run has ended.
    if (known.detail.options === null || run.live === null) return void this.#load(run.id)
    const { detail } = known
    const steps = detail.pinned.steps
    const fresh = pinnedStep !== null && steps.at(-1) !== pinnedStep
    const pinned = fresh
      ? { ...detail.pinned, steps: [...steps.filter((step) => step < pinnedStep), pinnedStep] }
      : detail.pinned
    if (!curves && !fresh) return
    const grown = curves ? append(known.curves, curves) : known.curves
    if (!grown) return void this.#load(run.id)
    this.#runs.set(run.id, { curves: grown, detail: { ...detail, pinned } })
  }
}
