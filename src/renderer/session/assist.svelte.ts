/** Assist of the open project, as the studio tells it. */
import type { AssistState, Doubt } from '../../core/contract/studio/assist.ts'
import type { CurrentModel } from '../../core/contract/studio/models.ts'
import { countOf } from '../ui/numbers.ts'
import type { Context } from './controller-context.ts'
import type { Editor } from './editor.svelte.ts'
import type { ModelInUse } from './model-in-use.svelte.ts'
import type { ReviewTour } from './review-tour.svelte.ts'
import type { RunList } from './run-list.svelte.ts'

type AssistContext = Context & {
  readonly editor: Editor
  readonly tour: ReviewTour
  readonly runs: RunList
  readonly model: ModelInUse
}

export class AssistSwitch {
  readonly #studio: AssistContext
  /** Null until it is known. */
  state = $state.raw<AssistState | null>(null)

  constructor(studio: AssistContext) {
    this.#studio = studio
    studio.client.on('assist', (state) => {
      if (state.phase === 'failed' && this.state?.phase !== 'failed' && state.error) {
        studio.messages.show(`Assist has stopped: ${state.error.message}. No label was changed.`)
      }
      this.state = state
    })
  }

  get on(): boolean {
    return this.state !== null && this.state.phase !== 'off' && this.state.phase !== 'failed'
  }

  /** Whether proposals are those of Assist, above its own thresholds. */
  get proposing(): boolean {
    return this.on && this.state!.proposing && this.isInUse
  }

  /** Whether the model in use is Assist's: somebody may have chosen another meanwhile. */
  get isInUse(): boolean {
    const { runs, model } = this.#studio
    const own = runs.all.find(({ id }) => id === this.state?.run)?.checkpoint
    return own != null && own === model.current?.path
  }

  async refresh(): Promise<void> {
    const state = await this.#studio.attempt(this.#studio.client.call('assist.state', {}))
    if (state) this.state = state
  }

  toggle(): Promise<void> {
    return this.#switch(!this.on)
  }

  /** Also after a failure, which is then told no more. */
  off(): Promise<void> {
    return this.#switch(false)
  }

  async #switch(on: boolean): Promise<void> {
    const { client } = this.#studio
    const before = await this.#inUse()
    const call = on ? client.call('assist.start', {}) : client.call('assist.stop', {})
    const state = await this.#studio.attempt(call)
    if (!state) return
    this.state = state
    if (on) return
    const now = await this.#inUse()
    if (now?.path === before?.path) return
    const words = now ? `${now.title} is in use again` : 'no model is in use, as before'
    this.#studio.messages.show(`Assist is off: ${words}`)
  }

  #inUse(): Promise<CurrentModel | null> {
    return this.#studio.client.call('models.current', {}).catch(() => null)
  }

  /** Visits images that a figure counts. */
  async visit(ids: readonly number[], note: string): Promise<void> {
    const images = await this.#studio.attempt(this.#studio.client.call('images.list', { ids: [...ids] }))
    const stops = (images ?? []).map(({ id, width, height }) => ({
      ...{ imageId: id, annotationId: null, guess: null, note },
      box: [0, 0, width, height] as const,
    }))
    if (stops.length > 0) this.#studio.tour.start(stops, 0, () => {})
  }

  /** Visits the labels that the model contradicts: one key agrees with the model, another with the label. */
  async review(): Promise<void> {
    const doubts = await this.#studio.attempt(this.#studio.client.call('assist.doubts', {}))
    if (!doubts || doubts.length === 0) return
    const stops = doubts.map((doubt) => ({
      ...{ imageId: doubt.image, annotationId: doubt.annotation, box: doubt.box, guess: doubt.expected },
      note: this.#wordsOf(doubt),
      agree: { title: this.#answerTo(doubt), run: () => this.#agree(doubt) },
      keep: {
        run: () => this.#tell('assist.dismiss', doubt),
        undo: () => this.#tell('assist.restore', doubt),
      },
    }))
    this.#studio.tour.start(stops, 0, () => {})
  }

  #nameOf(id: number): string {
    return this.#studio.classById.get(id)?.name ?? '?'
  }

  #wordsOf({ labelled, expected }: Doubt): string {
    const guess = expected && `${expected.score.toFixed(2)} ${this.#nameOf(expected.classId)}`
    if (labelled === null) return `Nothing is labelled where ${guess} was expected`
    return expected
      ? `Labelled ${this.#nameOf(labelled)} where ${guess} was expected`
      : `Labelled ${this.#nameOf(labelled)} where nothing was expected`
  }

  /** What agreeing with the model does. */
  #answerTo({ labelled, expected }: Doubt): string {
    if (!expected) return 'Delete label'
    return `${labelled === null ? 'Add' : 'Change to'} ${this.#nameOf(expected.classId)}`
  }

  #agree({ annotation, expected }: Doubt): void {
    const { editor } = this.#studio
    if (annotation === null) {
      const { classId, box } = expected!
      editor.add([{ classId, box, source: 'drawn' }], 'Make detection a label')
      // Somebody may have deleted the label since.
    } else if (editor.image.annotations.every(({ id }) => id !== annotation)) return
    else if (expected) editor.update([annotation], { classId: expected.classId }, 'Change class')
    else editor.remove([annotation])
  }

  #tell(method: 'assist.dismiss' | 'assist.restore', { image, box }: Doubt): void {
    void this.#studio.attempt(this.#studio.client.call(method, { image, box }))
  }

  /** "Last 20 images" */
  get scope(): string {
    const { summary } = this.state ?? {}
    return summary ? `Last ${countOf(summary.images, 'image')}` : ''
  }
}
