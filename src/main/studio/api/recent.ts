/** The projects that this user opened last, latest first. */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import type { RecentProject } from '../../../core/contract/studio/app.ts'
import { PROJECT_FILE } from '../project/index.ts'
import type { Settings } from '../settings.ts'

const KEY = 'recent'
const MOST = 12

const Entries = z.array(z.object({ path: z.string(), at: z.string() }))

export class Recent {
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
  }

  list(): RecentProject[] {
    return this.#entries().map(({ path, at }) => ({
      path,
      at,
      name: basename(path),
      exists: existsSync(join(path, PROJECT_FILE)),
    }))
  }

  /** `path` is a project's folder. */
  add(path: string): void {
    const others = this.#entries().filter((entry) => entry.path !== path)
    this.#settings.set(KEY, [{ path, at: new Date().toISOString() }, ...others].slice(0, MOST))
  }

  forget(path: string): void {
    this.#settings.set(
      KEY,
      this.#entries().filter((entry) => entry.path !== path),
    )
  }

  #entries(): z.infer<typeof Entries> {
    return Entries.safeParse(this.#settings.get(KEY)).data ?? []
  }
}
