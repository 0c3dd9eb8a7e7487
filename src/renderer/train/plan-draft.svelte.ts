/** A run that is being planned: what the user has set, the resulting options, and what the run would cost. */

import type {
  Proposal,
  RunCost,
  RunPlan,
  StartingModel,
  TrainingPlace,
} from '../../core/contract/studio/runs.ts'
import type { TrainingFile, TrainingOptions } from '../../core/contract/training.ts'
import { ARCHITECTURES } from '../../core/detectors/architectures.ts'
import { USUAL_MASK_RULES } from '../../core/detectors/fcos/config.ts'
import { errorWords } from '../session/error-words.ts'
import type { Studio } from '../session/studio.svelte.ts'

type Chosen = NonNullable<TrainingFile['training']>
type Splits = Pick<RunPlan, 'learnFrom' | 'measureWith'>

/** Typing a number must not start an engine for each digit. */
const PROBE_DELAY_MS = 800
/** How often a run predicts on its pinned images, unless the user sets an interval. */
const LOOKS = 30
const MOST_PINNED = 4

export type Measuring =
  | { readonly kind: 'waiting' | 'measuring' }
  | { readonly kind: 'impossible'; readonly reason: string }

export class PlanDraft {
  readonly #studio: Studio
  model = $state.raw<StartingModel>({ kind: 'pretrained', architecture: ARCHITECTURES[0] })
  splits = $state.raw<Splits>({ learnFrom: null, measureWith: null })
  overfit = $state<number | null>(null)
  /** Null: this studio's engine. */
  place = $state.raw<TrainingPlace | null>(null)
  chosen = $state.raw<Chosen>({})
  /** Null: that of the weights, FCOS for published ones. */
  #detector = $state<string | null>(null)
  /** Whether outlines decide which locations learn an object, where the weights do not say so themselves; null: as advised. */
  #masks = $state<boolean | null>(null)
  #advised = $state(false)
  pinned = $state.raw<readonly number[]>([])
  #pinnedEvery = $state<number | null>(null)
  proposal = $state.raw<Proposal | null>(null)
  cost = $state.raw<RunCost | null>(null)
  measuring = $state.raw<Measuring>({ kind: 'waiting' })
  readonly plan = $derived<RunPlan>({
    model: this.model,
    ...this.splits,
    overfit: this.overfit,
    options: {
      training: this.chosen,
      ...((this.#detector !== null || this.masks) && {
        model: {
          ...(this.#detector !== null && { detector: this.#detector }),
          ...(this.masks && { assignment: { masks: USUAL_MASK_RULES } }),
        },
      }),
    },
    ...(this.place && { place: this.place }),
  })
  readonly options = $derived<TrainingOptions | null>(this.proposal?.options ?? null)
  /** Duration without evaluations; null until it has been measured. */
  readonly seconds = $derived(
    this.cost && this.options && this.cost.prepareSeconds + this.cost.secondsPerStep * this.options.steps,
  )
  #timer: ReturnType<typeof setTimeout> | undefined
  #job: number | null = null
  /** Key of the latest measurement. */
  #measured = ''
  #changes = 0
  readonly #unsubscribe: () => void

  constructor(studio: Studio, model: StartingModel) {
    this.#studio = studio
    this.model = model
    this.#unsubscribe = studio.client.on('app', () => {
      // What was not measured for want of an engine is measured now.
      this.#measured = ''
      void this.renew()
    })
  }

  /** Sets the defaults for this project. */
  async begin(): Promise<void> {
    const { client, images } = this.#studio
    const splits = await this.#studio.attempt(client.call('runs.splits', {}))
    if (!splits) return
    this.splits = splits
    const split = splits.measureWith ?? splits.learnFrom
    const query = `state:in-progress,done -count:0${split ? ` split:${split}` : ''}`
    const found = await this.#studio.attempt(client.call('images.find', { query }))
    const open = images.readable
    this.pinned = [...new Set([...(found?.ids.slice(0, 2) ?? []), ...(open === null ? [] : [open])])].slice(
      0,
      2,
    )
    await this.renew()
  }

  get pinnedEvery(): number {
    return this.#pinnedEvery ?? Math.max(1, Math.round((this.options?.steps ?? LOOKS) / LOOKS))
  }

  set pinnedEvery(every: number | null) {
    this.#pinnedEvery = every
  }

  /** undefined restores the preset. */
  set<Key extends keyof Chosen>(key: Key, value: Chosen[Key] | undefined): void {
    const { [key]: _, ...others } = this.chosen
    this.chosen = value === undefined ? others : { ...others, [key]: value }
    void this.renew()
  }

  /** The detector of the weights is theirs again with every other choice of weights. */
  startFrom(model: StartingModel): void {
    this.model = model
    this.#detector = null
    this.#forgetMasks()
    void this.renew()
  }

  chooseDetector(name: string | null): void {
    this.#detector = name
    this.#forgetMasks()
    void this.renew()
  }

  get masks(): boolean {
    return this.#masks ?? this.#advised
  }

  #forgetMasks(): void {
    this.#masks = null
    this.#advised = false
  }

  set masks(on: boolean) {
    this.#masks = on
    void this.renew()
  }

  pin(image: number): void {
    if (this.pinned.length < MOST_PINNED && !this.pinned.includes(image))
      this.pinned = [...this.pinned, image]
  }

  unpin(image: number): void {
    this.pinned = this.pinned.filter((id) => id !== image)
  }

  /** Proposes and measures again; call after any change. */
  async renew(): Promise<void> {
    const { plan } = this
    const change = ++this.#changes
    const proposal = await this.#studio.attempt(this.#studio.client.call('runs.propose', plan))
    if (!proposal || change !== this.#changes) return
    this.proposal = proposal
    const isAdvised = proposal.masksAdvised && this.place === null
    if (isAdvised !== this.#advised) {
      this.#advised = isAdvised
      if (this.#masks === null) return this.renew()
    }
    const { size, batch, accumulate, learn, tile, cacheFeatures } = proposal.options
    const { learnFrom } = this.splits
    const measured = JSON.stringify([
      plan.place,
      plan.model,
      plan.options.model,
      learnFrom,
      plan.overfit,
      size,
      batch,
      accumulate,
      learn,
      tile,
      cacheFeatures,
    ])
    if (measured === this.#measured) return
    this.#measured = measured
    clearTimeout(this.#timer)
    this.cost = null
    this.#cancel()
    const reason = this.#hindrance(proposal)
    this.measuring = reason === null ? { kind: 'measuring' } : { kind: 'impossible', reason }
    if (reason === null) this.#timer = setTimeout(() => void this.#probe(plan), PROBE_DELAY_MS)
  }

  /** Stops measuring. */
  close(): void {
    this.#unsubscribe()
    this.#measured = ''
    clearTimeout(this.#timer)
    this.#cancel()
  }

  #hindrance({ warnings }: Proposal): string | null {
    if (this.place) return 'not measured elsewhere than in this studio’s engine'
    if (this.#studio.runs.atWork) return `not measured while ${this.#studio.runs.atWork.name} trains`
    const hindrance = warnings.find(({ kind }) => kind === 'cannot-train' || kind === 'no-boxes')
    return hindrance ? 'not measured' : null
  }

  async #probe(plan: RunPlan): Promise<void> {
    const { client, jobs } = this.#studio
    const measured = this.#measured
    try {
      const started = await client.call('runs.probe', plan)
      if (measured !== this.#measured) return void client.call('jobs.cancel', started)
      this.#job = started.job
      const cost = await jobs.result<RunCost>(started)
      if (measured !== this.#measured) return
      this.cost = cost ?? null
      this.measuring = cost ? { kind: 'waiting' } : { kind: 'impossible', reason: 'not measured' }
    } catch (error) {
      if (measured === this.#measured) this.measuring = { kind: 'impossible', reason: errorWords(error) }
    }
  }

  #cancel(): void {
    if (this.#job !== null) void this.#studio.client.call('jobs.cancel', { job: this.#job })
    this.#job = null
  }
}
