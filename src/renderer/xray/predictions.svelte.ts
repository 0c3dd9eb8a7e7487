/** The predictions of the model in use, fetched for the open image while they are shown. */
import type { Studio } from '../session/studio.svelte.ts'
import { fetchPrediction, type Prediction } from './prediction.ts'
import type { XraySource } from './views.ts'

export class Predictions {
  readonly #studio: Studio
  /** What is shown of targets and predictions. */
  source = $state<XraySource>('targets')
  /** Where predictions begin, from the left side of the image (0) to the right (1). */
  wipe = $state(0.5)
  /** Null while none is asked for, or it is not there yet. */
  shown = $state.raw<Prediction | null>(null)
  /** The model is at work. */
  looking = $state(false)
  /** Names the model in use; null: there is none. */
  #model = $state<string | null>(null)

  constructor(studio: Studio) {
    this.#studio = studio
  }

  /** Whether there is a model whose predictions can be shown. */
  get available(): boolean {
    return this.#model !== null
  }

  /** In an effect root. `image` is that which is looked at; undefined: none. */
  follow(image: () => number | undefined): void {
    const { client } = this.#studio
    const use = (model: { readonly key: string } | null): void => {
      this.#model = model?.key ?? null
      if (model === null) this.source = 'targets'
    }
    $effect(() => {
      client.call('models.current', {}).then(use, () => use(null))
      return client.on('model', use)
    })
    $effect(() => {
      const id = image()
      if (this.source === 'targets' || this.#model === null || id === undefined) return undefined
      return this.#fetch(id, this.#model)
    })
  }

  /** Returns how to give up. */
  #fetch(image: number, model: string): () => void {
    const abort = new AbortController()
    this.looking = true
    const end = (prediction: Prediction | null): void => {
      this.shown = prediction
      this.looking = false
    }
    fetchPrediction(image, model, abort.signal).then(
      (prediction) => {
        if (!abort.signal.aborted) end(prediction)
      },
      (error: unknown) => {
        if (abort.signal.aborted) return
        end(null)
        this.source = 'targets'
        this.#studio.messages.showError(error)
      },
    )
    return () => {
      abort.abort()
      end(null)
    }
  }
}
