/** What the model in use says about the open image: fetched while it is wanted, dropped with the image or the model. */
import { CodedError } from '../../core/errors.ts'
import type { Context } from './controller-context.ts'
import type { ModelInUse } from './model-in-use.svelte.ts'

type Fetch<T> = (image: number, model: string, signal: AbortSignal) => Promise<T>

export class ModelAnswer<T> {
  readonly #studio: Context & { readonly model: ModelInUse }
  readonly #fetch: Fetch<T>
  readonly #failed: () => void
  /** Null while none is wanted, or it is not there yet. */
  value = $state.raw<T | null>(null)
  /** The model is at work. */
  busy = $state(false)

  /** `failed` hears that none can be had; why is shown. */
  constructor(studio: Context & { readonly model: ModelInUse }, fetch: Fetch<T>, failed: () => void) {
    this.#studio = studio
    this.#fetch = fetch
    this.#failed = failed
  }

  /** In an effect root. `image` undefined: none is wanted. */
  follow(image: () => number | undefined): void {
    // Rows come anew with every step; only another image or model is looked at anew.
    const id = $derived(image())
    const model = $derived(this.#studio.model.current?.key)
    $effect(() => (id === undefined || model === undefined ? undefined : this.#ask(id, model)))
  }

  /** Returns how to give up. */
  #ask(image: number, model: string): () => void {
    const abort = new AbortController()
    const end = (value: T | null): void => {
      this.value = value
      this.busy = false
    }
    const fail = (error: unknown): void => {
      if (abort.signal.aborted) return
      end(null)
      this.#failed()
      this.#studio.messages.showError(error)
    }
    this.busy = true
    this.#fetch(image, model, abort.signal).then(
      (value) => abort.signal.aborted || end(value),
      async (error: unknown) => {
        // A model that trains has changed since it was asked about: it is asked again by its new key.
        if (error instanceof CodedError && error.code === 'USAGE_MODEL') {
          await this.#studio.model.refresh()
          if (this.#studio.model.current?.key !== model) return
        }
        fail(error)
      },
    )
    return () => {
      abort.abort()
      end(null)
    }
  }
}
