/** Models that stay loaded between requests. */
import { stat } from 'node:fs/promises'
import type { ModelInfo } from '../../../core/contract/engine.ts'
import type { Tiling } from '../../../core/detectors/shared/tiles.ts'
import { isOnnxFile } from '../../files/weights-file.ts'
import { openExported } from '../onnx/exported.ts'
import { readCheckpoint } from '../weights/checkpoint.ts'
import { learntSide, learntTiling } from './learnt-side.ts'
import type { Runner } from './runner.ts'
import { canRound, openRunner } from './runtimes.ts'

export interface LoadedModel {
  readonly runner: Runner
  readonly thresholds: ModelInfo['thresholds']
  /** Typical long side of the images or tiles that the model was trained on; null if unknown. */
  readonly learntSide: number | null
  /** As asked for in its training. */
  readonly tiling: Tiling
}

interface Entry {
  readonly loaded: Promise<LoadedModel>
  users: number
}

export class LoadedModels {
  readonly #limit: number
  /** Keyed by path and version of the file, least recently used first. */
  readonly #entries = new Map<string, Entry>()

  /** @param limit models that are kept while nobody uses them. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Runs `body` with the model of a checkpoint or of an exported ONNX file, as the file is now.
   * @param note is told what takes a moment.
   * @param mayRound whether the network may compute in bfloat16.
   * @throws CodedError WEIGHTS_*, as readCheckpoint and openExported; USAGE_RUNTIME.
   */
  async use<T>(
    path: string,
    body: (model: LoadedModel) => Promise<T>,
    note: (message: string) => void = () => {},
    mayRound = false,
  ): Promise<T> {
    const version = await stat(path).then(
      ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
      () => 'missing',
    )
    const key = `${path} ${version} ${mayRound && canRound()}`
    const entry = this.#entries.get(key) ?? { loaded: load(path, note, mayRound), users: 0 }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    entry.users++
    try {
      return await body(await entry.loaded)
    } finally {
      entry.users--
      await entry.loaded.catch(() => this.#entries.delete(key))
      await this.#keep(this.#limit)
    }
  }

  /** Frees all models that are not in use, because training needs the memory. */
  async clear(): Promise<void> {
    await this.#keep(0)
  }

  async #keep(limit: number): Promise<void> {
    for (const [key, { loaded, users }] of this.#entries) {
      if (this.#entries.size <= limit) return
      if (users > 0) continue
      this.#entries.delete(key)
      const { runner } = await loaded
      runner.dispose()
    }
  }
}

async function load(path: string, note: (message: string) => void, mayRound: boolean): Promise<LoadedModel> {
  if (await isOnnxFile(path)) {
    const { runner, thresholds, training } = await openExported(path)
    return {
      ...{ runner, thresholds: thresholds ?? null },
      ...{ learntSide: await learntSide(path, { training }), tiling: learntTiling({ training }) },
    }
  }
  const checkpoint = await readCheckpoint(path)
  const [runner, side] = await Promise.all([
    openRunner(checkpoint, note, mayRound),
    learntSide(path, checkpoint),
  ])
  return {
    runner,
    thresholds: checkpoint.thresholds ?? null,
    learntSide: side,
    tiling: learntTiling(checkpoint),
  }
}
