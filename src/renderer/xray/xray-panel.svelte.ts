/**
 * What one canvas shows of a detector: the targets that the boxes of the open image are for it in their current state, or the
 * predictions of a model. It follows every frame of a drag, since the canvas reports drafts and the pointer before it draws.
 */
import { untrack } from 'svelte'
import type { ColourMap } from '../../core/colour/colour-maps.ts'
import type { CandidateStrip } from '../../core/detectors/assigner.ts'
import type { Detector } from '../../core/detectors/detector.ts'
import { detectorOf } from '../../core/detectors/detectors.ts'
import { AMBIGUITY_VIEW } from '../../core/detectors/views.ts'
import type { GridLevelName } from '../../core/pyramid/levels.ts'
import type { CanvasView } from '../canvas/canvas-view.ts'
import type { DraftShape, SceneImage } from '../canvas/editing.ts'
import type { Studio } from '../session/studio.svelte.ts'
import type { ModelRules } from './model-rules.ts'
import { type OverlaySource, XrayOverlay } from './paint/overlay.ts'
import type { Prediction } from './prediction.ts'
import { type ImagePoint, type LocationReading, readLocation } from './reading.ts'
import { type TargetBox, targetBoxes } from './target-boxes.ts'
import { type ComputedTargets, TargetComputer } from './targets.ts'
import { type AnyView, viewNamed, viewOf, type XraySource } from './views.ts'

/** A pinned point and level, whose reading stays visible. */
interface Pin {
  readonly point: ImagePoint
  readonly level: GridLevelName
}

export abstract class XrayPanel implements OverlaySource {
  readonly #session: Studio
  readonly #computer = new TargetComputer()
  /** Null while nothing is shown or no image is open. Replaced on every change. */
  targets = $state.raw<ComputedTargets | null>(null)
  /** Reading of the location under the pointer. */
  reading = $state.raw<LocationReading | null>(null)
  pinned = $state.raw<readonly LocationReading[]>([])
  #pins: readonly Pin[] = []
  #point: ImagePoint | null = null
  /** The targets have changed since they were read. */
  #unread = false
  #canvas: CanvasView | null = null

  constructor(studio: Studio) {
    this.#session = studio
  }

  /** What is shown: "ATSS". */
  abstract get title(): string
  abstract get on(): boolean
  /** The rules of the detector whose targets are shown. */
  abstract get model(): ModelRules
  /** The name of the chosen view; a detector without it shows its first. */
  abstract get viewName(): string
  abstract get colourMap(): ColourMap
  abstract get opacity(): number
  abstract get source(): XraySource
  abstract get wipe(): number
  abstract get prediction(): Prediction | null
  /** The only level that is shown and read; null for all levels. */
  abstract get level(): GridLevelName | null

  /** Null while it is not shown. */
  get canvas(): CanvasView | null {
    return this.#canvas
  }

  /** The detector of the model whose predictions are shown, else of the rules. */
  get detector(): Detector {
    return this.prediction?.detector ?? detectorOf(this.model)
  }

  get view(): AnyView {
    return viewNamed(this.detector, this.viewName)
  }

  /** What is other in this view than with other models of the detector; undefined where nothing is. */
  get note(): string | undefined {
    if (this.source === 'targets') return undefined
    return viewOf(this.view, this.prediction?.maps ?? null).note
  }

  /** "box 3 (RBC)" */
  readonly nameOf = ({ number, classId }: TargetBox): string => {
    const name = this.#session.classById.get(classId)?.name
    return name ? `box ${number} (${name})` : `box ${number}`
  }

  /** Call in an effect root that lives as long as the canvas. */
  follow(canvas: CanvasView, image: () => SceneImage | null): void {
    const overlay = new XrayOverlay(this)
    const { editor } = this.#session
    this.#canvas = canvas
    $effect(() => canvas.setOverlay(this.on ? overlay : null))
    const imageId = $derived(image()?.id)
    $effect(() => {
      if (imageId !== undefined) this.unpinAll()
    })
    // Drafts arrive through `drafted`, in time for their frame.
    $effect(() => {
      const targets = this.#compute(
        image(),
        untrack(() => editor.image.draft),
      )
      if (targets) this.#read(targets)
    })
    $effect(() => {
      // Another level is read where the pointer rests.
      void this.level
      untrack(() => {
        if (this.targets) this.#read(this.targets)
      })
    })
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
        this.explained,
        this.wipe,
      ]
      canvas.invalidateOverlay()
    })
    $effect(() => () => {
      this.#canvas = null
    })
  }

  /** The object that is explained: the only selected one, or else the one just drawn. */
  get explained(): number | null {
    const { selection, drawn } = this.#session.editor.image
    return selection.size === 1 ? [...selection][0]! : selection.size === 0 ? drawn : null
  }

  /** Its candidates, where the detector compares them and targets are shown. */
  get candidates(): CandidateStrip | null {
    const { explained, targets } = this
    if (!targets || explained === null || this.prediction) return null
    const gt = targets.boxes.findIndex(({ id }) => id === explained)
    return gt < 0 ? null : (targets.maps.assignment.strip?.(gt) ?? null)
  }

  /** Handles moved boxes of a drag; the result is shown in the frame being drawn, for which `pointed` is called next. */
  drafted(image: SceneImage | null, draft: readonly DraftShape[] | null): void {
    this.#compute(image, draft)
    this.#unread = true
    this.#canvas?.invalidateOverlay()
  }

  /** Handles a move of the pointer; null when it is outside the image. */
  pointed(point: ImagePoint | null): void {
    if (!this.#unread && point?.x === this.#point?.x && point?.y === this.#point?.y) return
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

  #compute(image: SceneImage | null, draft: readonly DraftShape[] | null): ComputedTargets | null {
    if (!this.on || !image) {
      this.targets = null
      this.reading = null
      return null
    }
    const { editor } = this.#session
    const boxes = targetBoxes(editor.image.annotations, draft, editor.penClass ?? -1)
    // Predictions are compared with the targets that their model was trained on.
    const rules = this.prediction?.rules ?? this.model
    const targets = this.#computer.compute(image, boxes, rules, { runnersUp: this.view === AMBIGUITY_VIEW })
    this.targets = targets
    return targets
  }

  #read(targets: ComputedTargets): void {
    const read = (point: ImagePoint, level: GridLevelName | null): LocationReading | undefined =>
      readLocation(targets, point, level, this.nameOf, this.prediction)
    const level = untrack(() => this.level)
    this.reading = (this.#point && read(this.#point, level)) ?? null
    this.pinned = this.#pins.flatMap(({ point, level }) => read(point, level) ?? [])
    this.#unread = false
    this.#canvas?.invalidateOverlay()
  }
}
