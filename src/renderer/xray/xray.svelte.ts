/**
 * The X-ray of the open image: what the model would learn from the boxes in their current state. It follows every frame of
 * a drag, since the canvas reports drafts and the pointer before it draws.
 */
import { createContext, untrack } from 'svelte'
import { z } from 'zod'
import { COLOUR_MAPS } from '../../core/colour/colour-maps.ts'
import type { Detector } from '../../core/detectors/detector.ts'
import { detectorOf, detectors } from '../../core/detectors/detectors.ts'
import { FCOS } from '../../core/detectors/fcos/index.ts'
import { AMBIGUITY_VIEW } from '../../core/detectors/views.ts'
import { type GridLevelName, LEVEL_NAMES } from '../../core/pyramid/levels.ts'
import type { CanvasView } from '../canvas/canvas-view.ts'
import type { DraftShape, SceneImage } from '../canvas/editing.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { MODELS, ModelRules, rulesOfDetector } from './model-rules.ts'
import { type OverlaySource, XrayOverlay } from './paint/overlay.ts'
import type { Prediction } from './prediction.ts'
import { Predictions } from './predictions.svelte.ts'
import { type ImagePoint, type LocationReading, readLocation } from './reading.ts'
import { markAt, type ShareMark } from './shares.ts'
import { type TargetBox, targetBoxes } from './target-boxes.ts'
import { type ComputedTargets, TargetComputer } from './targets.ts'
import { type AnyView, viewNamed, type XraySource } from './views.ts'

export const [useXray, provideXray] = createContext<Xray>()

const Look = z.object({
  on: z.boolean(),
  /** The name of a view; a detector without it shows its first. */
  view: z.string(),
  colourMap: z.enum(COLOUR_MAPS),
  opacity: z.number().min(0.1).max(1),
})
export type Look = z.infer<typeof Look>

const Changes = z.record(z.string(), z.unknown())

const DEFAULT_LOOK: Look = { on: false, view: 'levels', colourMap: 'viridis', opacity: 0.75 }

/** A pinned point and level, whose reading stays visible. */
interface Pin {
  readonly point: ImagePoint
  readonly level: GridLevelName
}

export class Xray implements OverlaySource {
  readonly #studio: Studio
  readonly #computer = new TargetComputer()
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
  readonly model: ModelRules = $derived(
    this.detectorName === FCOS.name
      ? this.fcos
      : rulesOfDetector(this.detectorName, this.fcos.input, this.#changed[this.detectorName]),
  )
  /** The only level that is shown and read; null for all levels. */
  get level(): GridLevelName | null {
    return this.#level !== null && this.levels.includes(this.#level) ? this.#level : null
  }
  set level(level: GridLevelName | null) {
    this.#level = level
  }
  #level = $state<GridLevelName | null>(null)
  /** Null while the X-ray is off or no image is open. Replaced on every change. */
  targets = $state.raw<ComputedTargets | null>(null)
  /** Reading of the location under the pointer. */
  reading = $state.raw<LocationReading | null>(null)
  pinned = $state.raw<readonly LocationReading[]>([])
  readonly predictions: Predictions
  /** The open image as a training run would see it. */
  trainerShown = $state(false)
  #pins: readonly Pin[] = []
  #point: ImagePoint | null = null
  #canvas: CanvasView | null = null
  readonly #indexOf = $derived(new Map(this.targets?.boxes.map(({ id }, gt) => [id, gt])))

  constructor(studio: Studio) {
    this.#studio = studio
    this.predictions = new Predictions(studio)
  }

  get on(): boolean {
    return this.#look.on
  }
  /** The detector of the model whose predictions are shown, else of the rules. */
  get detector(): Detector {
    return this.prediction?.detector ?? detectorOf(this.model)
  }
  get shown(): AnyView {
    return viewNamed(this.detector, this.#look.view)
  }
  get view(): AnyView {
    return this.shown
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

  /** "box 3 (RBC)" */
  readonly nameOf = ({ number, classId }: TargetBox): string => {
    const name = this.#studio.classById.get(classId)?.name
    return name ? `box ${number} (${name})` : `box ${number}`
  }

  /** Call in an effect root that lives as long as the canvas. */
  follow(canvas: CanvasView, image: () => SceneImage | null): void {
    const overlay = new XrayOverlay(this)
    const { editor } = this.#studio
    this.#canvas = canvas
    $effect(() => canvas.setOverlay(this.on ? overlay : null))
    const imageId = $derived(image()?.id)
    $effect(() => {
      if (imageId !== undefined) this.unpinAll()
    })
    this.predictions.follow(() => (this.on ? imageId : undefined))
    // Drafts arrive through `drafted`, in time for their frame.
    $effect(() =>
      this.#compute(
        image(),
        untrack(() => editor.image.draft),
      ),
    )
    $effect(() => {
      // Dependencies of the drawing only.
      void [
        this.view,
        this.colourMap,
        this.opacity,
        this.level,
        this.reading,
        this.pinned,
        this.source,
        this.wipe,
      ]
      canvas.invalidateOverlay()
    })
    $effect(() => () => {
      this.#canvas = null
    })
  }

  /** Handles moved boxes of a drag; the result is shown in the frame being drawn. */
  drafted(image: SceneImage | null, draft: readonly DraftShape[] | null): void {
    this.#compute(image, draft)
  }

  /** Handles a move of the pointer; null when it is outside the image. */
  pointed(point: ImagePoint | null): void {
    if (point?.x === this.#point?.x && point?.y === this.#point?.y) return
    this.#point = point
    if (this.targets) this.#read(this.targets)
  }

  /** Keeps the reading under the pointer, to compare it with others. */
  pin(): void {
    if (!this.reading || !this.#point || !this.targets) return
    this.#pins = [...this.#pins, { point: this.reading.at, level: this.reading.level }]
    this.#read(this.targets)
  }

  unpin(index: number): void {
    this.#pins = this.#pins.toSpliced(index, 1)
    this.pinned = this.pinned.toSpliced(index, 1)
  }

  unpinAll(): void {
    this.#pins = []
    this.pinned = []
  }

  #compute(image: SceneImage | null, draft: readonly DraftShape[] | null): void {
    if (!this.on || !image) {
      this.targets = null
      this.reading = null
      return
    }
    const { editor } = this.#studio
    const boxes = targetBoxes(editor.image.annotations, draft, editor.penClass ?? -1)
    // Predictions are compared with the targets that their model was trained on.
    const rules = this.prediction?.rules ?? this.model
    const targets = this.#computer.compute(image, boxes, rules, { runnersUp: this.shown === AMBIGUITY_VIEW })
    this.targets = targets
    this.#read(targets)
  }

  #read(targets: ComputedTargets): void {
    const read = (point: ImagePoint, level: GridLevelName | null): LocationReading | undefined =>
      readLocation(targets, point, level, this.nameOf, this.prediction)
    // Not `this.level`: the effect that sets the targets would depend on them.
    const level = targets.maps.pyramid.levels.find(({ name }) => name === this.#level)?.name ?? null
    this.reading = (this.#point && read(this.#point, level)) ?? null
    this.pinned = this.#pins.flatMap(({ point, level }) => read(point, level) ?? [])
    this.#canvas?.invalidateOverlay()
  }
}
