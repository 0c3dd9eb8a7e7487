/**
 * What FCOS would learn from the open project under the X-ray's rules: loaded from the studio part by part, kept while
 * other places are shown, and reloaded when labels or rules have changed.
 */
import { createContext } from 'svelte'
import type {
  BoxFilter,
  DetectorsScope,
  ReportBox,
  ReportBoxes,
  ReportDetectors,
  ReportInspection,
  ReportLadders,
  ReportOutlines,
  ReportScope,
} from '../../core/contract/studio/report.ts'
import { detectors } from '../../core/detectors/detectors.ts'
import { FCOS } from '../../core/detectors/fcos/index.ts'
import type { BoxXyxy } from '../../core/geometry/box.ts'
import { STARVED_BELOW } from '../../core/inspect/report.ts'
import type { Split } from '../../core/project/model.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { Changes, MODELS, ModelRules, rulesOfDetector } from '../xray/model-rules.ts'
import { reasonOf } from './words.ts'

export const [useReport, provideReport] = createContext<ProjectReport>()

/** Boxes to list, and their title. */
export interface Listing {
  readonly title: string
  readonly filter: BoxFilter
}

/** Boxes that training cannot learn well. */
export const HARD: Listing = {
  title: 'Unlearnable and starved boxes',
  filter: { positives: { from: 0, to: STARVED_BELOW - 1 } },
}

/** A report that takes no longer than this is refreshed automatically. */
const CHEAP_MS = 2000
/** Steps follow each other quickly while the user draws. */
const DELAY_MS = 400

export class ProjectReport {
  readonly #studio: Studio
  split = $state<Split | null>(null)
  inspection = $state.raw<ReportInspection | null>(null)
  /** Null until loaded, like `boxes`. */
  ladders = $state.raw<ReportLadders | null>(null)
  boxes = $state.raw<ReportBoxes | null>(null)
  detectors = $state.raw<ReportDetectors | null>(null)
  /** Null, too, where no object has an outline. */
  outlines = $state.raw<ReportOutlines | null>(null)
  listing = $state.raw<Listing>(HARD)
  /** The list's state, restored when the user returns to it: index of the active box, and pixels scrolled. */
  active = $state(0)
  listOffset = 0
  /** Whether the active box takes the focus. */
  focusWanted = false
  pageOffset = 0
  busy = $state(false)
  /** Whether labels have changed since the report was created. */
  outdated = $state(false)
  /** The scope that is shown or being loaded. */
  #shown: string | null = null
  #run = 0
  #job: number | null = null
  #tookMs = 0

  readonly model = $derived.by(() => this.#studio.settings.get('xray.model', ModelRules, MODELS.lite0.rules))
  readonly scope: ReportScope = $derived({
    setting: { input: this.model.input, rules: this.model.rules },
    split: this.split,
  })

  /** Every detector that learns boxes, at the same input size, with the X-ray's rules for it. */
  readonly #detectorsScope: DetectorsScope = $derived.by(() => {
    const changed = this.#studio.settings.get('xray.rules', Changes, {})
    const { input } = this.model
    return {
      split: this.split,
      settings: detectors()
        .filter(({ learnsOutlines }) => !learnsOutlines)
        .map(({ name }) => {
          const { rules } = name === FCOS.name ? this.model : rulesOfDetector(name, input, changed[name])
          return { detector: name, input, rules: rules as never }
        }),
    }
  })

  constructor(studio: Studio) {
    this.#studio = studio
    const changed = (): void => {
      this.outdated = this.#shown !== null
    }
    studio.client.on('step', changed)
    studio.client.on('images', changed)
  }

  /** Call in an effect while the report is shown. Returns a function that stops waiting. */
  follow(): (() => void) | undefined {
    const wanted = JSON.stringify([this.scope, this.#detectorsScope])
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
    const detectorsScope = this.#detectorsScope
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
      const compared = await this.#ask<ReportDetectors>('report.detectors', detectorsScope)
      if (!isLatest()) return
      if (compared) this.detectors = compared
      const outlines = await this.#ask<ReportOutlines | null>('report.outlines', scope)
      if (!isLatest()) return
      if (outlines !== undefined) this.outlines = outlines
    }
    this.busy = false
  }

  /** Lists the boxes behind a mark of a chart. */
  async show(listing: Listing): Promise<void> {
    this.listing = listing
    this.active = 0
    this.listOffset = 0
    this.boxes = null
    await this.#list(() => this.listing === listing)
  }

  /** Visits the boxes on the canvas, starting with one of the list; afterwards the window returns here. */
  startTour(boxes: readonly ReportBox[], at: number): void {
    const { tour, classById } = this.#studio
    this.active = at
    tour.start(
      boxes.map((one) => ({
        imageId: one.image,
        annotationId: one.annotation,
        box: withContext(one.box),
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

  /** Undefined if the job fails, which is shown, or is cancelled. */
  async #ask<Answer>(
    method: 'report.inspect' | 'report.ladders' | 'report.outlines' | 'report.boxes' | 'report.detectors',
    params: (ReportScope & { readonly filter?: BoxFilter }) | DetectorsScope,
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

/** The smallest part of the image that is shown, in pixels, so that a small box is seen in context. */
const CONTEXT = 48

function withContext([x1, y1, x2, y2]: BoxXyxy): BoxXyxy {
  const x = Math.max(0, (CONTEXT - (x2 - x1)) / 2)
  const y = Math.max(0, (CONTEXT - (y2 - y1)) / 2)
  return [x1 - x, y1 - y, x2 + x, y2 + y]
}
