/**
 * What windows and the studio remember for this user: one JSON file, replaced whole at every change. Studios that run side by
 * side share it, so it is read again whenever another one has replaced it.
 */
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CodedError } from '../../core/errors.ts'
import { replaceFileSync } from '../files/replace-file.ts'

const SettingsFile = z.record(z.string(), z.json())
export type Setting = z.infer<typeof SettingsFile>[string]

export class Settings {
  readonly #file: string
  #values: Record<string, Setting> = {}
  /** The version of the file that the values were read from. */
  #version = ''

  /** A file that is missing or damaged counts as empty: settings are a convenience, no data. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    this.#file = join(folder, 'settings.json')
  }

  all(): Readonly<Record<string, Setting>> {
    return this.#current()
  }

  get(key: string): Setting | undefined {
    return this.#current()[key]
  }

  /** Null forgets the key. Where the file cannot be written the value holds until the program ends. */
  set(key: string, value: Setting): void {
    const { [key]: _, ...others } = this.#current()
    this.#values = value === null ? others : { ...others, [key]: value }
    try {
      replaceFileSync(this.#file, JSON.stringify(this.#values, null, 2))
      this.#version = versionOf(this.#file)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
    }
  }

  #current(): Record<string, Setting> {
    const version = versionOf(this.#file)
    if (version !== this.#version) this.#values = readSettings(this.#file) ?? this.#values
    this.#version = version
    return this.#values
  }
}

/** Each replacement is another file, even within one tick of the file system's clock. */
function versionOf(file: string): string {
  const { ino, mtimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? {}
  return `${ino} ${mtimeMs} ${size}`
}

function readSettings(file: string): Record<string, Setting> | undefined {
  try {
    return SettingsFile.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}
