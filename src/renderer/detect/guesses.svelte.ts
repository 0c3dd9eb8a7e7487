/** The model's guesses in the open image, as the sliders select them at this moment. */
import { z } from 'zod'
import type { ImageCandidates } from '../../core/contract/model-assets.ts'
import { CodedError } from '../../core/errors.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { fetchCandidates, type Live, liveGuesses } from './live.ts'
import { ModelInUse } from './model-in-use.svelte.ts'

const Share = z.number().min(0).max(1)
const Look = z.object({ on: z.boolean(), score: Share, nms: Share, centerness: z.boolean() })
type Look = z.infer<typeof Look>

const DEFAULT_LOOK: Look = { on: false, score: 0.3, nms: 0.6, centerness: true }

const NOTHING: Live = { guesses: [], hidden: new Set() }

export class Guesses {
  readonly #studio: Studio
  readonly model: ModelInUse
  readonly look: Look = $derived.by(() => this.#studio.settings.get('guesses.look', Look, DEFAULT_LOOK))
  /** Of the open image; null while they are not known. */
  found = $state.raw<ImageCandidates | null>(null)
  /** The model is at work on the open image. */
  looking = $state(false)

  readonly live: Live = $derived.by(() => {
    const { editor, classes } = this.#studio
    if (!this.look.on || !this.found || !this.model.current || editor.image.loaded === null) return NOTHING
    const known = {
      ...{ image: editor.image.loaded, found: this.found, model: this.model.current.title, classes },
      ...{ annotations: editor.image.annotations, rejections: editor.image.rejections },
    }
    return liveGuesses(known, this.look)
  })

  constructor(studio: Studio) {
    this.#studio = studio
    this.model = new ModelInUse(studio)
  }

  show(change: Partial<Look>): void {
    this.#studio.settings.set('guesses.look', { ...this.look, ...change })
  }

  /** Whether a stored proposal is not to be seen. */
  hides(id: number, score: number | null): boolean {
    return this.look.on && ((score ?? 1) < this.look.score || this.live.hidden.has(id))
  }

  /** In an effect root. */
  follow(): void {
    const { editor } = this.#studio
    $effect(() => this.model.follow())
    $effect(() => {
      editor.image.guesses = this.live.guesses
    })
    // Rows come anew with every step; only another image or model is looked at anew.
    const image = $derived(this.#image)
    const key = $derived(this.look.on ? this.model.current?.key : undefined)
    $effect(() => (image === undefined || key === undefined ? undefined : this.#fetch(image, key)))
  }

  /** The open image, where its file can be read. */
  get #image(): number | undefined {
    const row = this.#studio.images.currentRow
    return row?.error === null ? row.id : undefined
  }

  /** Returns how to give up. */
  #fetch(image: number, key: string): () => void {
    const abort = new AbortController()
    this.looking = true
    const end = (found: ImageCandidates | null): void => {
      this.found = found
      this.looking = false
    }
    fetchCandidates(image, key, abort.signal).then(
      (found) => {
        if (!abort.signal.aborted) end(found)
      },
      (error: unknown) => {
        if (abort.signal.aborted) return
        end(null)
        if (error instanceof CodedError && error.code === 'USAGE_MODEL') {
          void this.model.refresh()
          return
        }
        this.show({ on: false })
        this.#studio.messages.showError(error)
      },
    )
    return () => {
      abort.abort()
      end(null)
    }
  }
}
