/** The model's guesses in the open image, as the sliders currently select them. */
import { untrack } from 'svelte'
import { z } from 'zod'
import type { ImageCandidates } from '../../core/contract/model-assets.ts'
import type { Detector } from '../../core/detectors/detector.ts'
import { detectorOf } from '../../core/detectors/detectors.ts'
import type { ProjectAnnotation } from '../../core/project/model.ts'
import { type Live, liveGuesses, withHeld } from '../../core/review/live-guesses.ts'
import { ModelAnswer } from '../session/model-answer.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'
import type { WindowSettings } from '../session/window-settings.svelte.ts'
import { fetchCandidates } from './candidates.ts'

const Share = z.number().min(0).max(1)
const Chosen = z.object({ on: z.boolean(), score: Share, centerness: z.boolean() })
type Chosen = z.infer<typeof Chosen>
/** By detector. */
const ChosenNms = z.record(z.string(), Share)

const DEFAULT_LOOK: Chosen = { on: false, score: 0.3, centerness: true }

type Look = Chosen & { readonly nms: number }

/** How the user last chose to see a detector's guesses; its authors' NMS until then. */
const lookOf = (settings: WindowSettings, { name, nms }: Detector): Look => ({
  ...settings.get('guesses.look', Chosen, DEFAULT_LOOK),
  nms: settings.get('guesses.nms', ChosenNms, {})[name] ?? nms,
})

/** Of the model in use, as far as the list of runs says it. */
const detectorInUse = ({ runs, model }: Pick<Studio, 'runs' | 'model'>): Detector =>
  detectorOf({ detector: runs.all.find(({ checkpoint }) => checkpoint === model.current?.path)?.detector })

export const lookInUse = (studio: Pick<Studio, 'runs' | 'model' | 'settings'>): Look =>
  lookOf(studio.settings, detectorInUse(studio))

const NOTHING: Live = { guesses: [], hidden: new Set() }

export class Guesses {
  readonly #studio: Studio
  readonly #answer: ModelAnswer<ImageCandidates>
  /** What made the guesses, or will. */
  readonly detector: Detector = $derived.by(() =>
    this.found ? detectorOf(this.found.model.config) : detectorInUse(this.#studio),
  )
  readonly look: Look = $derived.by(() => lookOf(this.#studio.settings, this.detector))
  /** Whether NMS makes detections of this model's candidates. */
  readonly hasNms = $derived.by(
    () => !this.found || this.detector.suppression?.(this.found.model.config) !== 'none',
  )

  /** By class, where Assist chooses them. */
  readonly #thresholds = $derived.by(() => {
    const { proposing, state } = this.#studio.assist
    return new Map(proposing ? state?.thresholds.map(({ classId, score }) => [classId, score]) : [])
  })
  /** Whether guesses are shown: because somebody looks at them, or because Assist proposes. */
  readonly on = $derived.by(() => this.look.on || this.#studio.assist.proposing)

  readonly live: Live = $derived.by(() => {
    const { editor, classes, model } = this.#studio
    if (!this.on || !this.found || !model.current || editor.image.loaded === null) return NOTHING
    const known = {
      ...{ image: editor.image.loaded, found: this.found, model: model.current.title, classes },
      ...{ annotations: editor.image.annotations, rejections: editor.image.rejections },
    }
    // Assist's thresholds stand in the place of the slider's.
    const look = this.#studio.assist.proposing ? { ...this.look, score: 0 } : this.look
    return liveGuesses(known, look, this.#thresholds)
  })

  constructor(studio: Studio) {
    this.#studio = studio
    this.#answer = new ModelAnswer(studio, fetchCandidates, () => this.show({ on: false }))
  }

  show(change: Partial<Look>): void {
    const { settings } = this.#studio
    const { nms, ...look } = { ...this.look, ...change }
    settings.set('guesses.look', look)
    if (change.nms !== undefined)
      settings.set('guesses.nms', {
        ...settings.get('guesses.nms', ChosenNms, {}),
        [this.detector.name]: nms,
      })
  }

  /** Whether the sliders hide a stored proposal. */
  hides(id: number, score: number | null): boolean {
    const least = this.#studio.assist.proposing ? 0 : this.look.score
    return this.on && ((score ?? 1) < least || this.live.hidden.has(id))
  }

  /** Candidates of the open image; null while they are unknown. */
  get found(): ImageCandidates | null {
    return this.#answer.value
  }

  /** Whether the model is detecting in the open image. */
  get looking(): boolean {
    return this.#answer.busy
  }

  /**
   * Call in an effect root.
   * @param pointer where the pointer is, in pixels of the image: a guess below it stays when newer weights guess anew.
   */
  follow(pointer: () => { readonly x: number; readonly y: number } | null): void {
    const { editor, images } = this.#studio
    $effect(() => {
      const { live } = this
      const { image } = editor
      untrack(() => {
        const at = pointer()
        const dragged = new Set(image.draft?.map(({ id }) => id))
        const isHeld = ({ id, box: [x1, y1, x2, y2] }: ProjectAnnotation): boolean =>
          image.selection.has(id) ||
          dragged.has(id) ||
          (at !== null && at.x >= x1 && at.x <= x2 && at.y >= y1 && at.y <= y2)
        const decided = { annotations: image.annotations, rejections: image.rejections }
        image.guesses = withHeld(live.guesses, this.on ? image.guesses.filter(isHeld) : [], decided)
      })
    })
    this.#answer.follow(() => (this.on ? (images.readable ?? undefined) : undefined))
  }
}
