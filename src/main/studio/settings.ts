/** What windows and the studio remember for this user: one JSON file, replaced whole at every change. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CodedError } from '../../core/errors.ts'
import { replaceFileSync } from '../files/replace-file.ts'

const SettingsFile = z.record(z.string(), z.json())
export type Setting = z.infer<typeof SettingsFile>[string]

export class Settings {
  readonly #file: string
  #values: Record<string, Setting>

  /** A file that is missing or damaged counts as empty: settings are a convenience, no data. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    this.#file = join(folder, 'settings.json')
    this.#values = readSettings(this.#file)
  }

  all(): Readonly<Record<string, Setting>> {
    return this.#values
  }

  get(key: string): Setting | undefined {
    return this.#values[key]
  }

  /** Null forgets the key. Where the file cannot be written the value holds until the program ends. */
  set(key: string, value: Setting): void {
    const { [key]: _, ...others } = this.#values
    this.#values = value === null ? others : { ...others, [key]: value }
    try {
      replaceFileSync(this.#file, JSON.stringify(this.#values, null, 2))
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
    }
  }
}

function readSettings(file: string): Record<string, Setting> {
  try {
    return SettingsFile.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return {}
  }
}
