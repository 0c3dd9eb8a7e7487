/** Training runs of the project, kept up to date by the studio's events. */
import type {
  Comparison,
  ComparisonRequest,
  RunId,
  RunPlan,
  RunState,
  RunSummary,
} from '../../core/contract/studio/runs.ts'
import type { Context } from './controller-context.ts'

const AT_WORK: readonly RunState[] = ['running', 'pausing', 'paused', 'stopping']

export const isAtWork = ({ state }: Pick<RunSummary, 'state'>): boolean => AT_WORK.includes(state)

const runsOf = (comparison: Comparison | null): RunId[] =>
  comparison?.entries.flatMap(({ run }) => run ?? []) ?? []

export class RunList {
  readonly #studio: Context
  /** Newest first. */
  all = $state.raw<readonly RunSummary[]>([])
  /** The run whose curves are shown. */
  #open = $state<RunId | null>(null)
  /** Runs that are being compared. */
  compared = $state.raw<ReadonlySet<RunId>>(new Set())
  /** The latest comparison of detectors; null where there was none. */
  comparison = $state.raw<Comparison | null>(null)
  /** The run that trains; Assist's gives way to it. */
  readonly atWork = $derived(this.all.find((run) => isAtWork(run) && !run.assist))

  constructor(studio: Context) {
    this.#studio = studio
    const { client, messages } = studio
    client.on('run', ({ run }) => {
      const before = this.all.find(({ id }) => id === run.id)
      this.#put(run)
      if (run.state === 'stopped' && before && isAtWork(before) && before.state !== 'stopping')
        messages.show(`${run.name} was saved at step ${run.step} and stopped`)
    })
    client.on('runs', () => void this.refresh())
  }

  /** The chosen run, or the newest. */
  get open(): RunSummary | undefined {
    return this.all.find(({ id }) => id === this.#open) ?? this.all[0]
  }

  show(run: RunId): void {
    this.#open = run
  }

  compare(run: RunId, wanted: boolean): void {
    const others = [...this.compared].filter((id) => id !== run)
    this.compared = new Set(wanted ? [...others, run] : others)
  }

  async refresh(): Promise<void> {
    const { client } = this.#studio
    const found = await this.#studio.attempt(
      Promise.all([client.call('runs.list', {}), client.call('runs.comparison', {})]),
    )
    if (!found) return
    const [all, comparison] = found
    this.all = all
    this.#compareNew(comparison)
    const known = new Set(all.map(({ id }) => id))
    this.compared = new Set([...this.compared].filter((id) => known.has(id)))
  }

  /** Undefined if the run did not start; the reason is shown. */
  async start(plan: RunPlan, images: readonly number[], every: number): Promise<RunSummary | undefined> {
    const call = this.#studio.client.call('runs.start', { plan, pinned: { images, every } })
    const run = await this.#studio.attempt(call)
    if (run) {
      this.#put(run)
      this.compared = new Set()
      this.show(run.id)
    }
    return run
  }

  /** Undefined if it did not start; the reason is shown. */
  async startComparison(request: ComparisonRequest): Promise<Comparison | undefined> {
    const comparison = await this.#studio.attempt(this.#studio.client.call('runs.compare', request))
    if (comparison) {
      this.comparison = null
      await this.refresh()
      this.showComparison()
    }
    return comparison
  }

  async continueComparison(): Promise<void> {
    await this.#studio.attempt(this.#studio.client.call('runs.continueComparison', {}))
    await this.refresh()
    this.showComparison()
  }

  async cancelComparison(): Promise<void> {
    await this.#studio.attempt(this.#studio.client.call('runs.cancelComparison', {}))
    await this.refresh()
  }

  /** Its runs side by side. */
  showComparison(): void {
    this.compared = new Set(runsOf(this.comparison))
  }

  /** While the comparison is shown, a run that begins joins it. */
  #compareNew(comparison: Comparison | null): void {
    const before = runsOf(this.comparison)
    const isShown = before.length > 0 && before.every((run) => this.compared.has(run))
    this.comparison = comparison
    if (isShown) this.compared = new Set([...this.compared, ...runsOf(comparison)])
  }

  #put(run: RunSummary): void {
    const index = this.all.findIndex(({ id }) => id === run.id)
    this.all = index < 0 ? [run, ...this.all] : this.all.with(index, run)
  }
}
