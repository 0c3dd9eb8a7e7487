/** The model in use for the open project, and all models that could be used; one for the whole window. */
import type { CurrentModel, ModelEntry } from '../../core/contract/studio/models.ts'
import type { Chooser } from './chooser.svelte.ts'
import type { Context } from './controller-context.ts'

type ModelContext = Context & { readonly chooser: Chooser }

export class ModelInUse {
  readonly #studio: ModelContext
  /** Null if there is none or it is not known yet. */
  current = $state.raw<CurrentModel | null>(null)
  all = $state.raw<readonly ModelEntry[]>([])
  #asked = 0

  constructor(studio: ModelContext) {
    this.#studio = studio
    const { client } = studio
    client.on('model', () => void this.refresh())
    // A checkpoint also changes while its run trains.
    client.on('runs', () => void this.refresh())
  }

  /** For lists of models: "Run 2 (in use)". */
  titleOf(path: string): string {
    const title = this.all.find((model) => model.path === path)?.title ?? path.split(/[/\\]/).at(-1)!
    return path === this.current?.path ? `${title} (in use)` : title
  }

  /** The path of a checkpoint; null for none. Undefined if it cannot be used, which the window says. */
  use(path: string | null): Promise<CurrentModel | null | undefined> {
    return this.#studio.attempt(this.#studio.client.call('models.use', { path }))
  }

  async chooseFile(): Promise<void> {
    const path = await this.#studio.chooser.choose({
      title: 'Choose a checkpoint',
      verb: 'Use',
      kinds: ['weights'],
    })
    if (path !== undefined) await this.use(path)
  }

  async refresh(): Promise<void> {
    const asked = ++this.#asked
    const { client } = this.#studio
    const [current, all] = await Promise.all([
      client.call('models.current', {}),
      client.call('models.list', {}),
    ]).catch(() => [null, []] as const)
    // An older answer may name a model that is no longer in use.
    if (asked !== this.#asked) return
    this.current = current
    this.all = all
  }
}
