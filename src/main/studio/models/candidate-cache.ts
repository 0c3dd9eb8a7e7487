/**
 * What a model found in images, kept on disk so that nobody waits for it twice: one file (core/contract/model-assets.ts)
 * for each version of a checkpoint and of an image. The folder may be deleted at any time.
 */
import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import {
  decodeCandidateFile,
  encodeCandidates,
  type ImageCandidates,
} from '../../../core/contract/model-assets.ts'
import { CodedError } from '../../../core/errors.ts'
import { replaceFile } from '../../files/replace-file.ts'

/** Number of models whose candidates are kept: the one in use, and some to compare it with. */
const KEPT_MODELS = 8
/** Of what is found in an image: from 2 on, large ones are taken in tiles. Files of other versions are never read, and pruned. */
const VERSION = 2
/** Milliseconds during which another use of a model is not recorded again. */
const NOTED = 60_000

export class CandidateCache {
  readonly folder: string
  /** When the use of each model was last recorded. */
  readonly #noted = new Map<string, number>()

  constructor(folder: string) {
    this.folder = folder
  }

  /**
   * Undefined where they are not known.
   * @param model and `image` are keys of files, as keyOf of the assets gives them
   */
  async read(model: string, image: string): Promise<ImageCandidates | undefined> {
    const file = await this.readFile(model, image)
    try {
      return file && decodeCandidateFile(file)
    } catch {
      // The file is of another version of this program, or was truncated by a full disk, so it is computed again.
      await rm(this.#path(model, image), { force: true })
      return undefined
    }
  }

  async readFile(model: string, image: string): Promise<Buffer | undefined> {
    await this.noteUse(model)
    return readFile(this.#path(model, image)).catch(() => undefined)
  }

  async has(model: string, image: string): Promise<boolean> {
    await this.noteUse(model)
    return stat(this.#path(model, image)).then(
      () => true,
      () => false,
    )
  }

  /**
   * What another process is to read, and was there a moment ago.
   * @throws CodedError IO_CACHE: images whose candidates are gone must not count as images in which nothing was found.
   */
  async require(model: string, image: string): Promise<ImageCandidates> {
    const found = await this.read(model, image)
    if (found) return found
    throw new CodedError(
      'IO_CACHE',
      `What the model found in some images is missing from ${this.folder} or damaged`,
      'No label has changed. Start again to compute it',
    )
  }

  /** @throws CodedError IO_DISK_FULL, IO_WRITE. */
  async write(model: string, image: string, found: ImageCandidates): Promise<void> {
    const path = this.#path(model, image)
    await mkdir(join(this.folder, model), { recursive: true })
    await replaceFile(path, encodeCandidates(found))
  }

  /** The models that have candidates here, in the order given: most versions of one that learns are never asked. */
  async kept(models: readonly string[]): Promise<string[]> {
    const there = new Set(await readdir(this.folder).catch(() => []))
    return models.filter((model) => there.has(model))
  }

  /**
   * Deletes the candidates of the models that were not used for the longest time.
   * @param versions keys of one model that learns: it has a new version every few seconds, which must not drive out the others
   */
  async prune(versions: readonly string[] = []): Promise<void> {
    const models = await readdir(this.folder).catch(() => [])
    const used = await Promise.all(
      models.map(async (name) => {
        const path = join(this.folder, name)
        return { name, path, at: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 }
      }),
    )
    const learning = new Set(versions)
    const old = [true, false].flatMap((is) =>
      used
        .filter(({ name }) => learning.has(name) === is)
        .sort((a, b) => b.at - a.at)
        .slice(KEPT_MODELS),
    )
    await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })))
  }

  /** The folder's own time changes only with a new file, and a model in daily use may get none. */
  async noteUse(model: string): Promise<void> {
    const now = Date.now()
    if (now - (this.#noted.get(model) ?? 0) < NOTED) return
    this.#noted.set(model, now)
    await utimes(join(this.folder, model), now / 1000, now / 1000).catch(() => {})
  }

  readonly #path = (model: string, image: string): string =>
    join(this.folder, model, `${image}-${VERSION}.safetensors`)
}
