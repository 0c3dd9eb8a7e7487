/** The model's guesses in the open image, as the sliders currently select them. */
import { untrack } from 'svelte'
import { z } from 'zod'
import type { ImageCandidates } from '../../core/contract/model-assets.ts'
import type { ProjectAnnotation } from '../../core/project/model.ts'
import { type Live, liveGuesses, withHeld } from '../../core/review/live-guesses.ts'
import { ModelAnswer } from '../session/model-answer.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'
import type { WindowSettings } from '../session/window-settings.svelte.ts'
import { fetchCandidates } from './candidates.ts'

const Share = z.number().min(0).max(1)
const Look = z.object({ on: z.boolean(), score: Share, nms: Share, centerness: z.boolean() })
type Look = z.infer<typeof Look>

const DEFAULT_LOOK: Look = { on: false, score: 0.3, nms: 0.6, centerness: true }

/** How the user last chose to see the model's guesses. */
export const lookOf = (settings: WindowSettings): Look => settings.get('guesses.look', Look, DEFAULT_LOOK)

const NOTHING: Live = { guesses: [], hidden: new Set() }

export class Guesses {
  readonly #studio: Studio
  readonly #answer: ModelAnswer<ImageCandidates>
  readonly look: Look = $derived.by(() => lookOf(this.#studio.settings))

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
    this.#studio.settings.set('guesses.look', { ...this.look, ...change })
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
