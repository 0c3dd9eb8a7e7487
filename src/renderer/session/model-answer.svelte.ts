/** The model's answer for the open image: fetched while it is needed, dropped with the image or the model. */
import { CodedError } from '../../core/errors.ts'
import type { Context } from './controller-context.ts'
import type { ModelInUse } from './model-in-use.svelte.ts'

type Fetch<T> = (image: number, model: string, signal: AbortSignal) => Promise<T>

export class ModelAnswer<T> {
  readonly #studio: Context & { readonly model: ModelInUse }
  readonly #fetch: Fetch<T>
  readonly #failed: () => void
  /** Null while no answer is needed or it has not arrived. */
  value = $state.raw<T | null>(null)
  /** Whether the model is computing. */
  busy = $state(false)

  /** @param failed called when the answer cannot be computed; the error itself is shown */
  constructor(studio: Context & { readonly model: ModelInUse }, fetch: Fetch<T>, failed: () => void) {
    this.#studio = studio
    this.#fetch = fetch
    this.#failed = failed
  }

  /** Call in an effect root. No answer is needed while `image` returns undefined. */
  follow(image: () => number | undefined): void {
    // Rows are reloaded with every step; only another image or model needs a new answer.
    const id = $derived(image())
    const model = $derived(this.#studio.model.current?.key)
    const path = $derived(this.#studio.model.current?.path)
    // What an older version of the same checkpoint answered stays until the newer one has.
    $effect(() => {
      void [id, path]
      return () => {
        this.value = null
      }
    })
    $effect(() => (id === undefined || model === undefined ? undefined : this.#ask(id, model)))
  }

  /** Returns a function that cancels the request. */
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
        // A model that is still training may have changed since the request: ask again with its new key.
        if (error instanceof CodedError && error.code === 'USAGE_MODEL') {
          await this.#studio.model.refresh()
          if (this.#studio.model.current?.key !== model) return
        }
        fail(error)
      },
    )
    return () => {
      abort.abort()
      this.busy = false
    }
  }
}
