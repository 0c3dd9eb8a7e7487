/** A folder of files that can be made again. It may be deleted, in part or whole, at any time. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { replaceFile, settleFile } from '../files/replace-file.ts'

export class CacheFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** The bytes of a file that was kept, or those that are made now. A cache that cannot be written is done without. */
  async keep(name: string, make: () => Promise<Buffer>): Promise<Buffer> {
    const path = join(this.path, name)
    const kept = await readFile(path).catch(() => undefined)
    if (kept) return kept
    const made = await make()
    await mkdir(dirname(path), { recursive: true })
      .then(() => replaceFile(path, made))
      .catch(() => {})
    return made
  }

  /** A new folder for one piece of work. */
  async workFolder(): Promise<string> {
    const parent = join(this.path, 'work')
    await mkdir(parent, { recursive: true })
    return mkdtemp(join(parent, 'w-'))
  }

  /** Moves a finished file in. */
  async adopt(file: string, name: string): Promise<void> {
    const path = join(this.path, name)
    await mkdir(dirname(path), { recursive: true })
    await settleFile(file, path)
  }

  /** Notes that a file is used now. False where there is none. */
  async touch(name: string): Promise<boolean> {
    const now = new Date()
    return utimes(join(this.path, name), now, now).then(
      () => true,
      () => false,
    )
  }

  /** Deletes the files of a sub-folder that were not used for the longest time, until the rest has so many bytes. */
  async prune(folder: string, most: number): Promise<void> {
    const names = await readdir(join(this.path, folder)).catch(() => [])
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.path, folder, name)
        const stats = await stat(path).catch(() => undefined)
        return { path, bytes: stats?.size ?? 0, used: stats?.mtimeMs ?? 0 }
      }),
    )
    let bytes = 0
    for (const file of files.sort((a, b) => b.used - a.used)) {
      bytes += file.bytes
      // One that is open may not go on some systems: then it goes next time.
      if (bytes > most) await rm(file.path, { force: true }).catch(() => {})
    }
  }
}
