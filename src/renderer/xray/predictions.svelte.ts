/** The predictions of the model in use, fetched for the open image while they are shown. */
import { ModelAnswer } from '../session/model-answer.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'
import { fetchPrediction, type Prediction } from './prediction.ts'
import type { XraySource } from './views.ts'

export class Predictions {
  readonly #studio: Studio
  readonly #answer: ModelAnswer<Prediction>
  #source = $state<XraySource>('targets')
  /** Where predictions begin, from the left side of the image (0) to the right (1). */
  wipe = $state(0.5)

  constructor(studio: Studio) {
    this.#studio = studio
    this.#answer = new ModelAnswer(studio, fetchPrediction, () => {
      this.#source = 'targets'
    })
  }

  /** Whether targets, predictions or both are shown; without a model, only targets. */
  get source(): XraySource {
    return this.available ? this.#source : 'targets'
  }

  set source(source: XraySource) {
    this.#source = source
  }

  /** Null while no prediction is shown or it has not arrived. */
  get shown(): Prediction | null {
    return this.#answer.value
  }

  /** Whether the model is computing. */
  get looking(): boolean {
    return this.#answer.busy
  }

  /** Whether there is a model whose predictions can be shown. */
  get available(): boolean {
    return this.#studio.model.current !== null
  }

  /** Call in an effect root. @param image the open image; undefined for none */
  follow(image: () => number | undefined): void {
    this.#answer.follow(() => (this.source === 'targets' ? undefined : image()))
  }
}
