/** Builds pyramids, one at a time, while there are callers waiting for them. */
import { rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError } from '../../core/errors.ts'
import { callOnce, type Death } from '../process/child.ts'
import { complaintOf } from '../process/complaint.ts'
import type { CacheFolder } from './cache-folder.ts'
import { imageError } from './errors.ts'
import { NewestFirst } from './newest-first.ts'
import type { Picture } from './picture.ts'
import { pyramidName, TILE } from './pyramid.ts'

export interface PyramidTask extends Pick<Picture, 'file' | 'format' | 'depth' | 'channels'> {
  readonly output: string
  /** For temporary files; deleted afterwards. */
  readonly folder: string
  readonly tile: number
}

/** The folder of the program that makes tiles, laid out as a checkout, and the Node that runs it. */
export interface ProgramPlace {
  readonly node: string
  readonly root: string
}

export interface BuildOptions {
  readonly signal?: AbortSignal
  /** Called a few times a second with the completed fraction, 0 to 1. */
  readonly onProgress?: (done: number) => void
}

interface Build {
  readonly result: Promise<void>
  readonly stop: AbortController
  readonly listeners: Set<(done: number) => void>
  /** Number of waiting callers. */
  waiting: number
}

const ENTRY = 'src/main/images/pyramid-process.ts'

/** ms */
const BETWEEN_LOOKS = 200

/**
 * ms for which a build continues when no caller waits, because a user who moves around in a picture cancels tiles and
 * requests others.
 */
const GRACE = 2000

/** Maximum size of all stored pyramids in bytes: five pictures of 500 megapixels. */
const MOST_KEPT = 10 * 2 ** 30

export class PyramidBuilder {
  readonly #cache: CacheFolder
  readonly #queue = new NewestFirst(1)
  readonly #builds = new Map<string, Build>()
  /** Files for which no pyramid can be built, by key. */
  readonly #broken = new Map<string, CodedError>()
  readonly #place: ProgramPlace

  constructor(cache: CacheFolder, place: ProgramPlace) {
    this.#cache = cache
    this.#place = place
  }

  /**
   * Resolves when the picture's tiles can be read. Callers share one build, which is stopped soon after the last of them has
   * cancelled.
   * @throws the signal's reason; CodedError DATA_IMAGE_BROKEN, IO_DISK_FULL, IO_CACHE.
   */
  async build(picture: Picture, { signal, onProgress }: BuildOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (await this.isBuilt(picture)) return
    signal?.throwIfAborted()
    const broken = this.#broken.get(picture.key)
    if (broken) throw broken
    const build = this.#builds.get(picture.key) ?? this.#begin(picture)
    const listener = onProgress && ((done: number): void => onProgress(done))
    if (listener) build.listeners.add(listener)
    build.waiting++
    const aborted = Promise.withResolvers<never>()
    const abort = (): void => aborted.reject(signal!.reason)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      await Promise.race([build.result, aborted.promise])
    } finally {
      signal?.removeEventListener('abort', abort)
      if (listener) build.listeners.delete(listener)
      if (--build.waiting === 0) setTimeout(() => this.#stopUnwanted(picture, build), GRACE).unref()
    }
  }

  #stopUnwanted({ key }: Picture, build: Build): void {
    if (build.waiting > 0) return
    // A new caller starts a new build and does not share the one that is being stopped.
    if (this.#builds.get(key) === build) this.#builds.delete(key)
    build.stop.abort()
  }

  isBuilt(picture: Picture): Promise<boolean> {
    return this.#cache.touch(pyramidName(picture))
  }

  #begin(picture: Picture): Build {
    const stop = new AbortController()
    const listeners: Build['listeners'] = new Set()
    const onProgress = (done: number): void => {
      for (const listener of listeners) listener(done)
    }
    const result = this.#queue.run(() => this.#make(picture, onProgress, stop.signal), stop.signal)
    const build = { result, stop, listeners, waiting: 0 }
    this.#builds.set(picture.key, build)
    const end = (): void => {
      if (this.#builds.get(picture.key) === build) this.#builds.delete(picture.key)
    }
    result.then(end, (error) => {
      if (error instanceof CodedError && error.code === 'DATA_IMAGE_BROKEN')
        this.#broken.set(picture.key, error)
      end()
    })
    return build
  }

  async #make(picture: Picture, onProgress: (done: number) => void, signal: AbortSignal): Promise<void> {
    const bytes = pyramidBytes(picture)
    const { folder } = await this.#room(bytes)
    try {
      const { file, format, depth, channels } = picture
      const output = join(folder, 'pyramid.tif')
      const task: PyramidTask = { file, format, depth, channels, output, folder, tile: TILE }
      const timer = setInterval(async () => {
        const stats = await stat(output).catch(() => undefined)
        if (stats?.size && !signal.aborted) onProgress(Math.min(1, stats.size / bytes))
      }, BETWEEN_LOOKS)
      try {
        await runProcess(this.#place, task, signal)
      } finally {
        clearInterval(timer)
      }
      await this.#cache.adopt(output, pyramidName(picture)).catch((error) => {
        throw cacheError(error)
      })
      onProgress(1)
      await this.#cache.prune('pyramids', MOST_KEPT)
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
    }
  }

  async #room(bytes: number): Promise<{ folder: string }> {
    try {
      const folder = await this.#cache.workFolder()
      const { bavail, bsize } = await statfs(folder)
      // The reduced levels are written to separate files first.
      if (bavail * bsize > 1.5 * bytes) return { folder }
      await rm(folder, { recursive: true, force: true })
    } catch (error) {
      throw cacheError(error)
    }
    throw diskFull(`the tiles of a large picture need ${(1.5 * bytes) / 1e9} GB`)
  }
}

async function runProcess(
  { node, root }: ProgramPlace,
  task: PyramidTask,
  signal: AbortSignal,
): Promise<void> {
  // libvips' temporary files are as large as the picture.
  const env = { ...process.env, TMPDIR: task.folder, TEMP: task.folder, TMP: task.folder }
  const died = ({ reason, diagnostics }: Death): Error =>
    new Error(complaintOf(diagnostics) || `ended by ${reason}`)
  try {
    await callOnce({ title: 'The pyramid', node, entry: join(root, ENTRY), env }, task, died, signal)
  } catch (error) {
    signal.throwIfAborted()
    const { message } = error as Error
    if (/No space left|ENOSPC/i.test(message)) throw diskFull('the tiles of a large picture were being made')
    throw imageError(task.file, new Error(message))
  }
}

/** Of all levels, each a quarter of the one before. */
const pyramidBytes = ({ width, height, depth, channels }: Picture): number =>
  ((width * height * 4) / 3) * (channels < 3 ? 1 : 3) * (depth === 8 ? 1 : depth === 16 ? 2 : 4)

const diskFull = (what: string): CodedError =>
  new CodedError(
    'IO_DISK_FULL',
    `The disk of the cache is full: ${what}`,
    'None of your data is lost. Free some space on it',
  )

function cacheError(cause: unknown): CodedError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ENOSPC') return diskFull(message)
  return new CodedError('IO_CACHE', `The cache cannot be written: ${message}`, 'None of your data is lost', {
    cause,
  })
}
