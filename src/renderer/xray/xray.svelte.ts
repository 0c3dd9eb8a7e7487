/** The X-ray of the open image: what the model would learn from the boxes in their current state. */
import { createContext } from 'svelte'
import { z } from 'zod'
import { COLOUR_MAPS } from '../../core/colour/colour-maps.ts'
import { detectorOf, detectors } from '../../core/detectors/detectors.ts'
import { FCOS } from '../../core/detectors/fcos/index.ts'
import { type GridLevelName, LEVEL_NAMES } from '../../core/pyramid/levels.ts'
import type { CanvasView } from '../canvas/canvas-view.ts'
import type { SceneImage } from '../canvas/editing.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { Changes, MODELS, ModelRules, rulesOfDetector } from './model-rules.ts'
import type { Prediction } from './prediction.ts'
import { Predictions } from './predictions.svelte.ts'
import { markAt, type ShareMark } from './shares.ts'
import type { XraySource } from './views.ts'
import { XrayPanel } from './xray-panel.svelte.ts'

export const [useXray, provideXray] = createContext<Xray>()

const Look = z.object({
  on: z.boolean(),
  /** The name of a view; a detector without it shows its first. */
  view: z.string(),
  colourMap: z.enum(COLOUR_MAPS),
  opacity: z.number().min(0.1).max(1),
})
export type Look = z.infer<typeof Look>

const DEFAULT_LOOK: Look = { on: false, view: 'levels', colourMap: 'viridis', opacity: 0.75 }

export class Xray extends XrayPanel {
  readonly #studio: Studio
  readonly #look: Look = $derived.by(() => this.#studio.settings.get('xray.look', Look, DEFAULT_LOOK))
  /** The rules of the model in use, possibly changed. */
  readonly fcos: ModelRules = $derived.by(() =>
    this.#studio.settings.get('xray.model', ModelRules, MODELS.lite0.rules),
  )
  /** What the user changed of the rules of other detectors, by name. */
  readonly #changed = $derived.by(() => this.#studio.settings.get('xray.rules', Changes, {}))
  /** The chosen detector's name. */
  readonly detectorName = $derived.by(() => {
    const name = this.#studio.settings.get('xray.detector', z.string(), FCOS.name)
    return detectors().some((one) => one.name === name) ? name : FCOS.name
  })
  readonly model: ModelRules = $derived(this.rulesFor(this.detectorName))
  /** The only level that is shown and read; null for all levels. */
  get level(): GridLevelName | null {
    return this.#level !== null && this.levels.includes(this.#level) ? this.#level : null
  }
  set level(level: GridLevelName | null) {
    this.#level = level
  }
  #level = $state<GridLevelName | null>(null)
  readonly predictions: Predictions
  /** The open image as a training run would see it. */
  trainerShown = $state(false)
  readonly #indexOf = $derived(new Map(this.targets?.boxes.map(({ id }, gt) => [id, gt])))

  constructor(studio: Studio) {
    super(studio)
    this.#studio = studio
    this.predictions = new Predictions(studio)
  }

  get title(): string {
    if (!this.prediction) return this.detector.title
    const { current } = this.#studio.model
    return `${current ? `${current.title}, ` : ''}${this.detector.title}`
  }

  get on(): boolean {
    return this.#look.on
  }
  get viewName(): string {
    return this.#look.view
  }
  get colourMap(): Look['colourMap'] {
    return this.#look.colourMap
  }
  get source(): XraySource {
    return this.predictions.source
  }
  get wipe(): number {
    return this.predictions.wipe
  }
  get prediction(): Prediction | null {
    return this.predictions.shown
  }
  get opacity(): number {
    return this.#look.opacity
  }

  show(change: Partial<Look>): void {
    this.#studio.settings.set('xray.look', { ...this.#look, ...change })
  }

  /** Rules of any detector; the input size is the same for all. */
  use(model: ModelRules): void {
    const { name } = detectorOf(model)
    if (name === FCOS.name) this.#studio.settings.set('xray.model', model)
    else {
      this.#studio.settings.set('xray.model', { ...this.fcos, input: model.input })
      this.#studio.settings.set('xray.rules', { ...this.#changed, [name]: model.rules })
    }
  }

  /** A detector's rules, as the user changed them. */
  rulesFor(detector: string): ModelRules {
    if (detector === FCOS.name) return this.fcos
    return rulesOfDetector(detector, this.fcos.input, this.#changed[detector])
  }

  choose(detector: string): void {
    this.#studio.settings.set('xray.detector', detector)
  }

  /** Of the detector's grid. */
  get levels(): readonly GridLevelName[] {
    return this.targets?.maps.pyramid.levels.map(({ name }) => name) ?? LEVEL_NAMES
  }

  /** Switches from all levels to each level alone, and back. */
  stepLevel(by: 1 | -1): void {
    const choices = [null, ...this.levels]
    this.level = choices[(choices.indexOf(this.level) + by + choices.length) % choices.length]!
  }

  /** The index of an object among the targets; undefined if the object is not a target. */
  indexOf(id: number): number | undefined {
    return this.#indexOf.get(id)
  }

  markOf(id: number): ShareMark | null {
    const gt = this.#indexOf.get(id)
    return this.targets && gt !== undefined ? markAt(this.targets, gt) : null
  }

  /** Call in an effect root that lives as long as the canvas. */
  override follow(canvas: CanvasView, image: () => SceneImage | null): void {
    super.follow(canvas, image)
    this.predictions.follow(() => (this.on ? image()?.id : undefined))
  }
}
