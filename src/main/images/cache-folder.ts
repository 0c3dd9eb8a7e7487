/** A folder of files that can be recreated. It may be deleted, partly or completely, at any time. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { replaceFile, settleFile } from '../files/replace-file.ts'

export class CacheFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** The bytes of a cached file, or newly made ones. If the cache cannot be written, it is not used. */
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

  /** A new folder for one task. */
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

  /** Records that a file is used now. False if it does not exist. */
  async touch(name: string): Promise<boolean> {
    const now = new Date()
    return utimes(join(this.path, name), now, now).then(
      () => true,
      () => false,
    )
  }

  /** Deletes the least recently used files of a subfolder until the rest has at most this many bytes. */
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
      // Some systems do not delete open files; they are deleted next time.
      if (bytes > most) await rm(file.path, { force: true }).catch(() => {})
    }
  }
}
