/** Collects the files of a data set in a temporary folder beside their destination until all are complete. */
import { constants } from 'node:fs'
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { settleFile } from '../../files/replace-file.ts'
import { kindOf } from './files.ts'

/** Characters per write to the disk. */
const PIECE = 2 ** 16

export class Output {
  /** Number of files written so far. */
  files = 0
  readonly #target: string
  /** The target itself if it is a folder, otherwise the folder that will contain the file. */
  readonly #folder: string
  readonly #asFile: boolean
  readonly #partial: string
  readonly #made = new Set<string>()
  /** Paths relative to the temporary folder. */
  readonly #paths: string[] = []

  constructor(target: string, asFile: boolean) {
    this.#target = target
    this.#asFile = asFile
    this.#folder = asFile ? dirname(target) : target
    const unique = `${process.pid}-${Date.now().toString(36)}`
    this.#partial = join(dirname(target), `.${basename(target)}.partial-${unique}`)
  }

  /** `giveWay` is called after each piece of a text that comes in pieces. */
  async write(
    path: string,
    text: string | Iterable<string>,
    giveWay: () => Promise<void> | undefined,
  ): Promise<void> {
    const content = typeof text === 'string' ? text : gathered(text, giveWay)
    // 'wx' fails where two names are one, on file systems that ignore case.
    await writeFile(await this.#place(path), content, { flag: 'wx' })
  }

  /** Copies a file unless the target already has it. Returns false if there is nothing to copy. */
  async copy(from: string, path: string): Promise<boolean> {
    if (await kindOf(join(this.#folder, path))) return true
    if ((await kindOf(from)) !== 'file') return false
    await copyFile(from, await this.#place(path), constants.COPYFILE_FICLONE)
    return true
  }

  /** Moves everything to its destination. */
  async settle(): Promise<void> {
    await mkdir(this.#partial, { recursive: true })
    if (!this.#asFile && (await kindOf(this.#target)) === undefined) {
      await rename(this.#partial, this.#target)
      return
    }
    for (const path of this.#paths) {
      const to = join(this.#folder, this.#asFile && path === this.#paths[0] ? basename(this.#target) : path)
      await mkdir(dirname(to), { recursive: true })
      await settleFile(join(this.#partial, path), to)
    }
  }

  /** Removes the temporary folder. */
  async discard(): Promise<void> {
    // A folder that cannot be created cannot be removed either; the first error is the one to report.
    await rm(this.#partial, { recursive: true, force: true }).catch(() => undefined)
  }

  async #place(path: string): Promise<string> {
    const place = join(this.#partial, path)
    const folder = dirname(place)
    if (!this.#made.has(folder)) await mkdir(folder, { recursive: true })
    this.#made.add(folder)
    this.#paths.push(path)
    this.files++
    return place
  }
}

async function* gathered(
  pieces: Iterable<string>,
  giveWay: () => Promise<void> | undefined,
): AsyncGenerator<string> {
  let waiting = ''
  for (const piece of pieces) {
    waiting += piece
    if (waiting.length >= PIECE) {
      yield waiting
      waiting = ''
    }
    await giveWay()
  }
  yield waiting
}
