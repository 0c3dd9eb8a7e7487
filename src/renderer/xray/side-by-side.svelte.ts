/** Up to three more canvases beside the X-ray's own: each with the targets of another detector, or a model's predictions. */
import { createContext } from 'svelte'
import { z } from 'zod'
import { detectors } from '../../core/detectors/detectors.ts'
import { FCOS } from '../../core/detectors/fcos/index.ts'
import type { GridLevelName } from '../../core/pyramid/levels.ts'
import type { CanvasView } from '../canvas/canvas-view.ts'
import type { SceneImage } from '../canvas/editing.ts'
import { errorWords } from '../session/error-words.ts'
import type { Studio } from '../session/studio.svelte.ts'
import type { ModelRules } from './model-rules.ts'
import { fetchPredictionOf, type Prediction } from './prediction.ts'
import type { XraySource } from './views.ts'
import type { Xray } from './xray.svelte.ts'
import { XrayPanel } from './xray-panel.svelte.ts'

export const [useSideBySide, provideSideBySide] = createContext<SideBySide>()

/** What a panel shows: the targets of a detector, or the predictions of a checkpoint. */
const PanelChoice = z.object({
  shows: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('targets'), detector: z.string() }),
    z.object({ kind: z.literal('predictions'), model: z.string() }),
  ]),
  view: z.string(),
})
export type PanelChoice = z.infer<typeof PanelChoice>

/** Beside the X-ray's own. */
export const MOST_PANELS = 3

const Layout = z.object({ on: z.boolean(), panels: z.array(PanelChoice).min(1).max(MOST_PANELS) })
type Layout = z.infer<typeof Layout>

const targetsOf = (detector: string): PanelChoice => ({
  shows: { kind: 'targets', detector },
  view: 'levels',
})

const DEFAULT_LAYOUT: Layout = { on: false, panels: ['retinanet', 'atss', 'centernet'].map(targetsOf) }

export class SideBySide {
  readonly #studio: Studio
  readonly #xray: Xray
  readonly #layout: Layout = $derived.by(() =>
    this.#studio.settings.get('xray.sideBySide', Layout, DEFAULT_LAYOUT),
  )
  /** By place. A panel keeps its place when others change what they show. */
  readonly #panels: readonly SidePanel[]

  constructor(studio: Studio, xray: Xray) {
    this.#studio = studio
    this.#xray = xray
    this.#panels = Array.from({ length: MOST_PANELS }, (_, place) => new SidePanel(studio, xray, this, place))
  }

  get on(): boolean {
    return this.#xray.on && this.#layout.on
  }

  get panels(): readonly SidePanel[] {
    return this.on ? this.#panels.slice(0, this.#layout.panels.length) : []
  }

  choiceAt(place: number): PanelChoice {
    return this.#layout.panels[place] ?? targetsOf(FCOS.name)
  }

  show(on: boolean): void {
    this.#change({ on })
    if (on) this.#xray.show({ on: true })
  }

  choose(place: number, choice: Partial<PanelChoice>): void {
    this.#change({ panels: this.#layout.panels.with(place, { ...this.choiceAt(place), ...choice }) })
  }

  /** With the first detector that no panel shows yet. */
  add(): void {
    const { panels } = this.#layout
    const shown = new Set([
      this.#xray.detector.name,
      ...panels.flatMap(({ shows }) => (shows.kind === 'targets' ? [shows.detector] : [])),
    ])
    const next = detectors().find(({ name }) => !shown.has(name)) ?? FCOS
    if (this.canAdd) this.#change({ panels: [...panels, targetsOf(next.name)] })
  }

  get canAdd(): boolean {
    return this.#layout.panels.length < MOST_PANELS
  }

  /** Without any the X-ray is alone again; the next time there is the usual choice. */
  remove(place: number): void {
    const panels = this.#layout.panels.toSpliced(place, 1)
    this.#change(panels.length > 0 ? { panels } : { ...DEFAULT_LAYOUT, on: false })
  }

  /** Of all canvases. */
  pin(): void {
    for (const panel of [this.#xray, ...this.panels]) panel.pin()
  }

  unpinAll(): void {
    for (const panel of [this.#xray, ...this.panels]) panel.unpinAll()
  }

  stepLevel(by: 1 | -1): void {
    this.#xray.stepLevel(by)
  }

  #change(change: Partial<Layout>): void {
    this.#studio.settings.set('xray.sideBySide', { ...this.#layout, ...change })
  }
}

export class SidePanel extends XrayPanel {
  readonly #studio: Studio
  readonly #xray: Xray
  readonly #sides: SideBySide
  readonly #place: number
  readonly model: ModelRules = $derived.by(() => {
    const { shows } = this.choice
    const known = shows.kind === 'targets' && detectors().some(({ name }) => name === shows.detector)
    return this.#xray.rulesFor(known ? shows.detector : FCOS.name)
  })
  prediction = $state.raw<Prediction | null>(null)
  /** Whether its model is computing. */
  busy = $state(false)
  /** Why there are no predictions, as a sentence. */
  failure = $state<string | null>(null)

  constructor(studio: Studio, xray: Xray, sides: SideBySide, place: number) {
    super(studio)
    this.#studio = studio
    this.#xray = xray
    this.#sides = sides
    this.#place = place
  }

  get choice(): PanelChoice {
    return this.#sides.choiceAt(this.#place)
  }

  choose(choice: Partial<PanelChoice>): void {
    this.#sides.choose(this.#place, choice)
  }

  remove(): void {
    this.#sides.remove(this.#place)
  }

  /** "ATSS" */
  get title(): string {
    const { shows } = this.choice
    if (shows.kind === 'targets') return this.detector.title
    return `${this.#studio.model.titleOf(shows.model)}${this.prediction ? `, ${this.detector.title}` : ''}`
  }

  get on(): boolean {
    return this.#sides.on
  }

  get viewName(): string {
    return this.choice.view
  }

  get source(): XraySource {
    return this.choice.shows.kind
  }

  get colourMap() {
    return this.#xray.colourMap
  }

  get opacity(): number {
    return this.#xray.opacity
  }

  get wipe(): number {
    return this.#xray.wipe
  }

  /** The X-ray's, where the detector has it. */
  get level(): GridLevelName | null {
    const { level } = this.#xray
    return this.targets?.maps.pyramid.levels.some(({ name }) => name === level) ? level : null
  }

  override follow(canvas: CanvasView, image: () => SceneImage | null): void {
    super.follow(canvas, image)
    const { model, runs } = this.#studio
    const wanted = $derived.by(() => {
      const { shows } = this.choice
      return this.on && shows.kind === 'predictions' ? shows.model : null
    })
    const id = $derived(image()?.id)
    // A run that trains writes its checkpoint anew with each better evaluation.
    const version = $derived(runs.all.find(({ checkpoint }) => checkpoint === wanted)?.best?.step)
    const isListed = $derived(model.all.some(({ path }) => path === wanted))
    $effect(() => {
      void version
      if (wanted === null || id === undefined) return undefined
      if (isListed) return this.#ask(id, wanted)
      this.failure = 'This model is no longer there. Choose another one above.'
      return () => {
        this.failure = null
      }
    })
  }

  /** Returns a function that drops the answer. */
  #ask(image: number, model: string): () => void {
    const abort = new AbortController()
    this.busy = true
    fetchPredictionOf(image, model, abort.signal).then(
      (prediction) => {
        if (abort.signal.aborted) return
        this.prediction = prediction
        this.busy = false
      },
      (error: unknown) => {
        if (abort.signal.aborted) return
        this.failure = errorWords(error)
        this.busy = false
      },
    )
    return () => {
      abort.abort()
      this.prediction = null
      this.failure = null
      this.busy = false
    }
  }
}
