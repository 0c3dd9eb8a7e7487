/** The model that looks at the open project's images, and those that could. */
import type { CurrentModel, ModelEntry } from '../../core/contract/studio/models.ts'
import type { Studio } from '../session/studio.svelte.ts'

export class ModelInUse {
  readonly #studio: Studio
  /** Null: none, or not known yet. */
  current = $state.raw<CurrentModel | null>(null)
  all = $state.raw<readonly ModelEntry[]>([])

  constructor(studio: Studio) {
    this.#studio = studio
  }

  /** In an effect. */
  follow(): () => void {
    const { client } = this.#studio
    void this.refresh()
    const offs = [client.on('model', () => this.refresh()), client.on('runs', () => this.refresh())]
    return () => {
      for (const off of offs) off()
    }
  }

  /** The path of a checkpoint; null for none. */
  async use(path: string | null): Promise<void> {
    await this.#studio.attempt(this.#studio.client.call('models.use', { path }))
  }

  async chooseFile(): Promise<void> {
    const path = await this.#studio.chooser.choose({
      title: 'Choose a checkpoint',
      verb: 'Use',
      kinds: ['weights'],
    })
    if (path !== undefined) await this.use(path)
  }

  /** A checkpoint also changes while its run trains. */
  async refresh(): Promise<void> {
    const { client } = this.#studio
    const [current, all] = await Promise.all([
      client.call('models.current', {}),
      client.call('models.list', {}),
    ]).catch(() => [null, []] as const)
    this.current = current
    this.all = all
  }
}
