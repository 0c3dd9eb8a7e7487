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
  /** Two entries of a record are saved one after the other. */
  #saving = Promise.resolve()
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
    this.#later(key, () => void this.#client.call('settings.set', { key, value: plain }))
  }

  /**
   * Changes one entry of a record and moves it to the end; more than `most` entries drop the first. Other windows write other
   * entries, so the change is made to the record as it is when it is saved.
   */
  setEntry<T>(key: string, schema: z.ZodType<Record<string, T>>, name: string, value: T, most: number): void {
    const changed = (record: Record<string, T>): Value => {
      const { [name]: _, ...others } = record
      return { ...Object.fromEntries(Object.entries(others).slice(1 - most)), [name]: value } as Value
    }
    this.#values = { ...this.#values, [key]: changed(this.get(key, schema, {})) }
    const save = async (): Promise<void> => {
      const { [key]: stored } = await this.#client.call('settings.all', {})
      await this.#client.call('settings.set', { key, value: changed(schema.safeParse(stored).data ?? {}) })
    }
    this.#later(`${key} ${name}`, () => {
      this.#saving = this.#saving.then(save, save)
    })
  }

  #later(key: string, save: () => void): void {
    clearTimeout(this.#timers.get(key))
    this.#timers.set(key, setTimeout(save, SAVE_DELAY_MS))
  }
}
