/**
 * The models of the open project: which one is in use, and the engine in which it looks at images. That engine is one for
 * all windows; it starts when it is first needed and keeps its model.
 */
import { join } from 'node:path'
import type { CurrentModel, ModelEntry } from '../../../core/contract/studio/models.ts'
import { CodedError } from '../../../core/errors.ts'
import { requireIntactWeights } from '../../setup/weights.ts'
import type { EnginePlace } from '../engine/place.ts'
import { startEngine } from '../engine/spawn.ts'
import { ViewingEngine } from '../engine/viewing-engine.ts'
import type { Settings } from '../settings.ts'
import { CandidateCache } from './candidate-cache.ts'
import { ModelChoice } from './model-choice.ts'
import { PredictionService } from './prediction-service.ts'

export interface ModelsOptions {
  readonly settings: Settings
  readonly cacheFolder: string
  /** Left out: this checkout and the Node that runs it. */
  readonly place?: EnginePlace
  /** Checkpoints of the open project's runs, newest first. */
  readonly ofRuns: () => ModelEntry[]
  /** Another model is in use, or none. */
  readonly tell: (model: CurrentModel | null) => void
}

export class Models {
  readonly engine: ViewingEngine
  readonly cache: CandidateCache
  readonly predictions: PredictionService
  readonly #choice: ModelChoice
  readonly #tell: ModelsOptions['tell']
  /** The model that windows know, with the keys of all versions of it that they may know. */
  #told: {
    readonly project: string
    readonly model: CurrentModel | null
    readonly keys: Set<string>
  } | null = null
  #lastTurn: Promise<void> = Promise.resolve()

  constructor({ settings, cacheFolder, place, ofRuns, tell }: ModelsOptions) {
    this.engine = new ViewingEngine(() => startEngine({ ...(place && { place }) }))
    this.cache = new CandidateCache(join(cacheFolder, 'candidates'))
    this.predictions = new PredictionService(this.engine, this.cache)
    this.#choice = new ModelChoice(settings, ofRuns)
    this.#tell = tell
  }

  list(): ModelEntry[] {
    return this.#choice.list()
  }

  /**
   * The model in use for a project, in the version that its file has now. Windows are told of a new one, such as a run that
   * trains writes time and again, and of one that is gone.
   * @param project its file
   */
  async current(project: string): Promise<CurrentModel | null> {
    const model = await this.#choice.current(project)
    const told = this.#told
    if (told?.project === project && told.model?.key === model?.key) return model
    const isNewVersion = told?.project === project && told.model?.path === model?.path
    this.#told = {
      project,
      model,
      keys: new Set([...(isNewVersion ? told.keys : []), ...(model ? [model.key] : [])]),
    }
    if (told?.project === project) this.#tell(model)
    return model
  }

  /** Keys of the versions of the model in use that were there since it is in use, the newest first. */
  get versions(): readonly string[] {
    return [...(this.#told?.keys ?? [])].toReversed()
  }

  /**
   * The same, for what was asked of one version of it: a version of the same checkpoint that has been replaced meanwhile
   * stands for the one that is there now. Throws USAGE_NO_MODEL, USAGE_MODEL.
   */
  async inUse(project: string, key: string | null): Promise<CurrentModel> {
    const model = await this.require(project)
    if (key !== null && this.#told?.keys.has(key)) return model
    throw new CodedError('USAGE_MODEL', 'Another model is now in use')
  }

  /** Throws USAGE_NO_MODEL, WEIGHTS_DAMAGED. */
  async require(project: string): Promise<CurrentModel> {
    const model = await this.current(project)
    if (model) {
      await requireIntactWeights(model.path)
      return model
    }
    throw new CodedError('USAGE_NO_MODEL', 'No model is in use', 'Train one, or choose a checkpoint')
  }

  /** A checkpoint that the window lists, in use or not. Throws USAGE_MODEL, WEIGHTS_DAMAGED. */
  async listed(path: string): Promise<CurrentModel> {
    if (this.list().some((model) => model.path === path)) return this.#choice.at(path)
    throw new CodedError('USAGE_MODEL', 'This model is no longer there', 'Choose another one')
  }

  /** Any checkpoint, in use or not. Throws WEIGHTS_NOT_FOUND. */
  at(path: string): Promise<CurrentModel> {
    return this.#choice.at(path)
  }

  /** Null: none any more. Throws WEIGHTS_NOT_FOUND. */
  async use(project: string, path: string | null): Promise<CurrentModel | null> {
    this.#choice.use(project, path)
    return this.#changed(project)
  }

  /** The studio's own choice: what was in use is remembered, and told with the model. Throws WEIGHTS_NOT_FOUND. */
  async putInUse(project: string, path: string): Promise<void> {
    this.#choice.putInUse(project, path)
    await this.#changed(project)
  }

  /**
   * Uses again what was in use before the studio itself put `path` in use, unless somebody has chosen since. Throws
   * WEIGHTS_NOT_FOUND where that is gone.
   */
  async bringBack(project: string, path: string): Promise<void> {
    const before = this.#choice.before(project, path)
    if (before !== undefined) await this.use(project, before)
  }

  async #changed(project: string): Promise<CurrentModel | null> {
    this.#told = null
    const model = await this.current(project)
    this.#tell(model)
    if (model) await this.cache.noteUse(model.key)
    await this.prune()
    return model
  }

  /** Deletes candidates that are not likely to be used again. */
  prune(): Promise<void> {
    return this.cache.prune(this.versions)
  }

  /** Runs a job that keeps what it finds, when those before it are through: the engine takes one at a time. */
  async inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#lastTurn
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#lastTurn = before.then(() => promise)
    try {
      await before
      signal.throwIfAborted()
      return await work()
    } catch (error) {
      throw error instanceof CodedError && error.code === 'ENGINE_DIED' ? resumable(error) : error
    } finally {
      resolve()
    }
  }

  close(): Promise<void> {
    return this.engine.close()
  }
}

const resumable = (cause: CodedError): CodedError =>
  new CodedError(
    'ENGINE_DIED',
    cause.message,
    'What was found so far is kept, and no label has changed. Start again to continue from there',
    { cause },
  )
