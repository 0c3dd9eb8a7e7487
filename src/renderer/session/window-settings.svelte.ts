/** Remembered settings, each with its default. Changes take effect at once and are saved a moment later. */
import type { z } from 'zod'
import type { Result } from '../../core/contract/studio.ts'
import type { StudioClient } from '../../core/contract/wire.ts'

type Stored = Result<'settings.all'>
type Value = Stored[string]

const SAVE_DELAY_MS = 300

export class WindowSettings {
  readonly #client: StudioClient
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #values = $state.raw<Stored>({})

  constructor(client: StudioClient, stored: Stored) {
    this.#client = client
    this.#values = stored
  }

  /** Returns the default if nothing is stored or the schema refuses it, as with values of another version. */
  get<T>(key: string, schema: z.ZodType<T>, otherwise: T): T {
    return schema.safeParse(this.#values[key]).data ?? otherwise
  }

  /** The value must be plain JSON. */
  set(key: string, value: unknown): void {
    const plain = value as Value
    this.#values = { ...this.#values, [key]: plain }
    clearTimeout(this.#timers.get(key))
    const save = (): void => void this.#client.call('settings.set', { key, value: plain })
    this.#timers.set(key, setTimeout(save, SAVE_DELAY_MS))
  }
}
