/**
 * What FCOS would learn from the open project, for the X-ray's rules: asked of the studio part by part, kept while
 * other places are shown, and asked anew when labels or rules have changed.
 */
import { createContext } from 'svelte'
import type {
  BoxFilter,
  ReportBox,
  ReportBoxes,
  ReportInspection,
  ReportLadders,
  ReportScope,
} from '../../core/contract/studio/report.ts'
import type { BoxXyxy } from '../../core/geometry/box.ts'
import { STARVED_BELOW } from '../../core/inspect/report.ts'
import type { Split } from '../../core/project/model.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { MODELS, ModelRules } from '../xray/model-rules.ts'
import { reasonOf } from './words.ts'

export const [useReport, provideReport] = createContext<ProjectReport>()

/** Boxes to list, and what they are called. */
export interface Listing {
  readonly title: string
  readonly filter: BoxFilter
}

/** Those that are not learned well, whatever the training. */
export const HARD: Listing = {
  title: 'Unlearnable and starved boxes',
  filter: { positives: { from: 0, to: STARVED_BELOW - 1 } },
}

/** What takes no longer is done anew without being asked. */
const CHEAP_MS = 2000
/** Steps follow each other quickly while somebody draws. */
const DELAY_MS = 400

export class ProjectReport {
  readonly #studio: Studio
  split = $state<Split | null>(null)
  inspection = $state.raw<ReportInspection | null>(null)
  /** Null until they have come, as is what is below. */
  ladders = $state.raw<ReportLadders | null>(null)
  boxes = $state.raw<ReportBoxes | null>(null)
  listing = $state.raw<Listing>(HARD)
  /** Of the list, for who comes back to it: index of the box, and pixels scrolled. */
  active = $state(0)
  listOffset = 0
  /** Whether the active box is to get the keys. */
  focusWanted = false
  pageOffset = 0
  busy = $state(false)
  /** Labels have changed since it was made. */
  outdated = $state(false)
  /** Scope that is shown or on its way. */
  #shown: string | null = null
  #run = 0
  #job: number | null = null
  #tookMs = 0

  readonly model = $derived.by(() => this.#studio.settings.get('xray.model', ModelRules, MODELS.lite0.rules))
  readonly scope: ReportScope = $derived({
    setting: { input: this.model.input, rules: this.model.rules },
    split: this.split,
  })

  constructor(studio: Studio) {
    this.#studio = studio
    const changed = (): void => {
      this.outdated = this.#shown !== null
    }
    studio.client.on('step', changed)
    studio.client.on('images', changed)
  }

  /** In an effect of whoever shows it. Returns how to stop waiting. */
  follow(): (() => void) | undefined {
    const wanted = JSON.stringify(this.scope)
    if (wanted !== this.#shown) {
      this.#shown = wanted
      void this.refresh()
      return undefined
    }
    if (!this.outdated || this.#tookMs > CHEAP_MS) return undefined
    const timer = setTimeout(() => void this.refresh(), DELAY_MS)
    return () => clearTimeout(timer)
  }

  async refresh(): Promise<void> {
    const run = ++this.#run
    const { scope } = this
    const isLatest = (): boolean => run === this.#run
    this.outdated = false
    this.busy = true
    const since = performance.now()
    const inspection = await this.#ask<ReportInspection>('report.inspect', scope)
    if (!isLatest()) return
    if (inspection) {
      this.#tookMs = performance.now() - since
      this.inspection = inspection
      await this.#list(isLatest)
      if (!isLatest()) return
      const ladders = await this.#ask<ReportLadders>('report.ladders', scope)
      if (!isLatest()) return
      if (ladders) this.ladders = ladders
    }
    this.busy = false
  }

  /** Lists the boxes behind a mark. */
  async show(listing: Listing): Promise<void> {
    this.listing = listing
    this.active = 0
    this.listOffset = 0
    this.boxes = null
    await this.#list(() => this.listing === listing)
  }

  /** From box to box on the canvas, beginning with one of the list; then back here. */
  startTour(boxes: readonly ReportBox[], at: number): void {
    const { tour, classById } = this.#studio
    this.active = at
    tour.start(
      boxes.map((one) => ({
        imageId: one.image,
        annotationId: one.annotation,
        box: withSurroundings(one.box),
        guess: null,
        note: [classById.get(one.classId)?.name ?? '?', reasonOf(one), one.cure].filter(Boolean).join(' · '),
      })),
      at,
      (next) => {
        this.active = next
        this.focusWanted = true
        this.#studio.place = 'report'
      },
    )
  }

  use(change: Partial<ModelRules>): void {
    this.#studio.settings.set('xray.model', { ...this.model, ...change })
  }

  async #list(isWanted: () => boolean): Promise<void> {
    const { filter } = this.listing
    const boxes = await this.#ask<ReportBoxes>('report.boxes', { ...this.scope, filter })
    if (boxes && isWanted()) this.boxes = boxes
  }

  /** Undefined where it fails, which is told, or is cancelled. */
  async #ask<Answer>(
    method: 'report.inspect' | 'report.ladders' | 'report.boxes',
    params: ReportScope & { readonly filter?: BoxFilter },
  ): Promise<Answer | undefined> {
    const { client, jobs } = this.#studio
    if (this.#job !== null) void client.call('jobs.cancel', { job: this.#job })
    return this.#studio.attempt(
      (async () => {
        const started = await client.call(method, params as never)
        this.#job = started.job
        const answer = await jobs.result<Answer>(started)
        if (this.#job === started.job) this.#job = null
        return answer
      })(),
    )
  }
}

/** Pixels of the image that are shown at least, so that a small box is seen among its neighbours. */
const SURROUNDINGS = 48

function withSurroundings([x1, y1, x2, y2]: BoxXyxy): BoxXyxy {
  const x = Math.max(0, (SURROUNDINGS - (x2 - x1)) / 2)
  const y = Math.max(0, (SURROUNDINGS - (y2 - y1)) / 2)
  return [x1 - x, y1 - y, x2 + x, y2 + y]
}
