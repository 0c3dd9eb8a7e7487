/** The model's guesses in the open image, as the sliders currently select them. */
import { z } from 'zod'
import type { ImageCandidates } from '../../core/contract/model-assets.ts'
import { type Live, liveGuesses } from '../../core/review/live-guesses.ts'
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

  readonly live: Live = $derived.by(() => {
    const { editor, classes, model } = this.#studio
    if (!this.look.on || !this.found || !model.current || editor.image.loaded === null) return NOTHING
    const known = {
      ...{ image: editor.image.loaded, found: this.found, model: model.current.title, classes },
      ...{ annotations: editor.image.annotations, rejections: editor.image.rejections },
    }
    return liveGuesses(known, this.look)
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
    return this.look.on && ((score ?? 1) < this.look.score || this.live.hidden.has(id))
  }

  /** Candidates of the open image; null while they are unknown. */
  get found(): ImageCandidates | null {
    return this.#answer.value
  }

  /** Whether the model is detecting in the open image. */
  get looking(): boolean {
    return this.#answer.busy
  }

  /** Call in an effect root. */
  follow(): void {
    const { editor, images } = this.#studio
    $effect(() => {
      editor.image.guesses = this.live.guesses
    })
    this.#answer.follow(() => (this.look.on ? (images.readable ?? undefined) : undefined))
  }
}
