/**
 * The studio behind every window: the open project, running jobs, remembered settings. One host serves all windows of a
 * program, whatever they are connected by; dispatch.ts answers their calls.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { AppInfo } from '../../../core/contract/studio/app.ts'
import type { ModelEntry } from '../../../core/contract/studio/models.ts'
import type { ProjectSummary } from '../../../core/contract/studio/project.ts'
import type { RunSummary } from '../../../core/contract/studio/runs.ts'
import type { Caller, EventData, EventName } from '../../../core/contract/studio.ts'
import { CodedError, toWire } from '../../../core/errors.ts'
import { ImageAssets } from '../assets/image-assets.ts'
import type { AssetResponse } from '../assets/responses.ts'
import { Assist } from '../assist/assist.ts'
import { CHECKOUT, type EnginePlace } from '../engine/place.ts'
import { respondWithPoints } from '../evaluation/asset.ts'
import { Evaluations } from '../evaluation/evaluations.ts'
import { DOWNLOAD_PREFIX, Downloads } from '../exports/downloads.ts'
import { Jobs } from '../jobs.ts'
import { respondModel } from '../models/model-assets.ts'
import { Models } from '../models/models.ts'
import { respondTrainingInput } from '../models/training-input.ts'
import { MISSING, type Project, summarise } from '../project/index.ts'
import { respondRun } from '../runs/pinned.ts'
import { Runs } from '../runs/runs.ts'
import { knownBetter } from '../runs/snapshot.ts'
import { Settings } from '../settings.ts'
import { Recent } from './recent.ts'

export interface HostOptions {
  /** Read whenever it is needed, because the engine may be set up while the program runs. */
  readonly info: () => AppInfo
  /** The user's folder for settings and the copy of the sample. Created if necessary. */
  readonly dataFolder: string
  /** Thumbnails and tiles; can be deleted at any time. */
  readonly cacheFolder: string
  /** The bundled sample: images/, train.json, val.json. */
  readonly sampleFolder: string
  /** By default this checkout and the Node that runs it. */
  readonly engine?: EnginePlace
}

const TELL_AFTER_MS = 200

export type Listener = <Name extends EventName>(event: Name, data: EventData<Name>) => void

export class StudioHost {
  readonly options: HostOptions
  readonly settings: Settings
  readonly recent: Recent
  readonly jobs: Jobs
  readonly assets: ImageAssets
  readonly models: Models
  readonly downloads: Downloads
  readonly #listeners = new Set<Listener>()
  #project: Project | undefined
  #runs: Runs | undefined
  #assist: Assist | undefined
  #evaluations: Evaluations | undefined
  /** The caller whose call is being answered, also by a job that it started. */
  readonly #caller = new AsyncLocalStorage<Caller | null>()
  /** Opening and closing, one after the other. */
  #lastTurn: Promise<unknown> = Promise.resolve()
  /** Whether windows were told that the project is no longer where it was. */
  #toldGone = false
  #unreadableTimer: ReturnType<typeof setTimeout> | undefined
  /** Handlers of addresses by their beginning; the first match is used. */
  readonly #assetRoutes: readonly (readonly [prefix: string, respond: ImageAssets['respond']])[]

  constructor(options: HostOptions) {
    this.options = options
    this.settings = new Settings(options.dataFolder)
    this.recent = new Recent(this.settings)
    this.jobs = new Jobs((job) => this.emit('job', job))
    this.assets = new ImageAssets({
      cache: options.cacheFolder,
      fileOf: (imageId) => this.project.fileOf(imageId),
      onUnreadable: (imageId, file, error) => this.#unreadable(imageId, file, error),
      ...(options.engine && { place: options.engine }),
    })
    this.models = new Models({
      ...{ settings: this.settings, cacheFolder: options.cacheFolder },
      ...(options.engine && { place: options.engine }),
      ofRuns: () => this.#checkpoints(),
      tell: (model) => this.emit('model', model),
    })
    this.downloads = new Downloads(options.cacheFolder)
    this.#assetRoutes = [
      [DOWNLOAD_PREFIX, async (path) => this.downloads.respond(path)],
      ['/asset/maps/', (path, query, signal) => respondModel(this, path, query, signal)],
      ['/asset/candidates/', (path, query, signal) => respondModel(this, path, query, signal)],
      ['/asset/training-input/', (path, query, signal) => respondTrainingInput(this, path, query, signal)],
      ['/asset/run/', async (path, query) => respondRun(() => this.runs.store, path, query)],
      ['/asset/evaluation/', (path, query) => respondWithPoints(() => this.evaluations, path, query)],
      ['', (...request) => this.assets.respond(...request)],
    ]
  }

  /** Throws USAGE_NO_PROJECT, IO_PROJECT_MOVED. */
  get project(): Project {
    if (this.#project === undefined) throw noProject()
    const gone = this.#project.gone
    if (gone === undefined) return this.#project
    if (!this.#toldGone) {
      this.#toldGone = true
      this.emit('project', this.summary())
    }
    throw gone
  }

  /** Training runs of the project. Throws USAGE_NO_PROJECT, IO_PROJECT_MOVED. */
  get runs(): Runs {
    // Nothing is written beside a project that is no longer there.
    void this.project
    return this.#runs!
  }

  /** Throws USAGE_NO_PROJECT, IO_PROJECT_MOVED. */
  get assist(): Assist {
    void this.project
    return this.#assist!
  }

  /** Throws USAGE_NO_PROJECT, IO_PROJECT_MOVED. */
  get evaluations(): Evaluations {
    const { path } = this.project
    this.#evaluations ??= new Evaluations(this.options.engine ?? CHECKOUT, path)
    return this.#evaluations
  }

  get hasProject(): boolean {
    return this.#project !== undefined
  }

  /**
   * Opens a project in the place of the one that is open: its jobs are cancelled, it is closed. The project that is open
   * already stays as it is, by whatever spelling or link its path is given.
   *
   * @param path of the project's file or folder
   * @param open errors of it are thrown; the project that is open stays so then
   * @returns whether it is newly open
   */
  open(
    path: string,
    open: () => Promise<Project>,
  ): Promise<{ readonly summary: ProjectSummary; readonly fresh: boolean }> {
    return this.#inTurn(async () => {
      const present = this.#project
      const isPresent = present?.isAt(path) ?? false
      const canStay = present?.readOnly === undefined && present?.gone === undefined
      if (isPresent && canStay) return { summary: this.summary()!, fresh: false }
      // If the project has moved, this program itself holds its lock.
      if (isPresent) await this.#close()
      return { summary: await this.#use(await open()), fresh: true }
    })
  }

  /** All labels are saved already. A running training is saved now and can be resumed. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#close()
      await this.downloads.clear()
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(work)
    this.#lastTurn = turn.catch(() => {})
    return turn
  }

  async #use(project: Project): Promise<ProjectSummary> {
    try {
      await this.#close()
    } catch (error) {
      project.close()
      throw error
    }
    this.#project = project
    const { dataFolder, engine: place, info } = this.options
    this.#runs = new Runs({
      ...{ project, dataFolder, jobs: this.jobs, engine: () => info().engine },
      ...(place && { place }),
      emit: (event, data) => this.emit(event, data),
      // A run may have written the checkpoint that is in use.
      checkpointWritten: () => void this.models.current(project.path).catch(() => {}),
      // If it cannot be used, windows show that no model is in use.
      completed: (run) => this.#useCompleted(project.path, run).catch(() => {}),
    })
    const assist = new Assist({
      ...{ project, runs: this.#runs, models: this.models, settings: this.settings },
      ...(place && { place }),
      emit: (event, data) => this.emit(event, data),
    })
    this.#assist = assist
    const { history } = project
    history.subscribe((effect) => {
      this.emit('step', { ...effect, ...history.next(), by: this.#caller.getStore() ?? null })
      assist.stepped(effect)
    })
    this.recent.add(dirname(project.path))
    const summary = this.summary()!
    this.emit('project', summary)
    // If Assist cannot continue, it is switched off, and switching it on gives the reason.
    if (assist.wasOn) void assist.start().catch(() => {})
    return summary
  }

  async #close(): Promise<void> {
    await this.#assist?.close()
    await this.#runs?.close()
    await this.jobs.cancelAll()
    await this.models.close()
    const project = this.#project
    if (project === undefined) return
    this.#evaluations?.close()
    this.#evaluations = undefined
    this.#project = undefined
    this.#runs = undefined
    this.#assist = undefined
    this.#toldGone = false
    this.emit('project', null)
    project.close()
  }

  /** Changes that the work makes, at once or later, are announced as the caller's. */
  onBehalfOf<T>(caller: Caller | null, work: () => T): T {
    return this.#caller.run(caller, work)
  }

  summary(): ProjectSummary | null {
    if (this.#project === undefined) return null
    const { path, imageRoot, readOnly, gone, history } = this.#project
    const refusal = gone ?? readOnly
    return {
      path,
      name: basename(dirname(path)),
      imageRoot,
      readOnly: refusal ? toWire(refusal) : null,
      interrupted: history.interrupted ?? null,
      ...summarise(this.#project),
    }
  }

  /**
   * Answers GET /asset/… for any shell.
   * @param path as it came: still percent-encoded, without the query.
   * @param knownTag the request's If-None-Match.
   * @returns never rejects but with the signal's reason.
   */
  respond(
    path: string,
    query: URLSearchParams,
    signal?: AbortSignal,
    knownTag?: string,
  ): Promise<AssetResponse> {
    const [, respond] = this.#assetRoutes.find(([prefix]) => path.startsWith(prefix))!
    return respond(path, query, signal, knownTag)
  }

  #checkpoints(): ModelEntry[] {
    return this.runs
      .list()
      .flatMap(({ checkpoint, name }) =>
        checkpoint === null ? [] : [{ path: checkpoint, title: name, origin: 'run' as const }],
      )
  }

  /**
   * Puts the model of a completed run in use if none is, or if it is known to be better than the run's that is. A run on one
   * image only checks that training works.
   */
  async #useCompleted(project: string, { id, checkpoint, overfit }: RunSummary): Promise<void> {
    if (checkpoint === null || overfit) return
    const inUse = (await this.models.current(project))?.path
    const { store } = this.runs
    const other = store.list().find(({ summary }) => summary.checkpoint === inUse)
    if (inUse !== undefined && !(other && knownBetter(store.get(id), other))) return
    await this.models.putInUse(project, checkpoint)
  }

  /** A file has changed since the last scan: lists and counts show it as unreadable from now on. */
  #unreadable(imageId: number, file: string, { message }: CodedError): void {
    const project = this.#project
    if (project === undefined || project.readOnly || project.gone) return
    // The request may belong to the project that was open before.
    if (project.images.get(imageId)?.error !== null || project.fileOf(imageId) !== file) return
    project.images.setError(imageId, existsSync(file) ? message.replace(`${file}: `, '') : MISSING)
    // A whole folder may have gone, so windows are told once for many images.
    this.#unreadableTimer ??= setTimeout(() => {
      this.#unreadableTimer = undefined
      if (this.#project === project) this.imagesChanged()
    }, TELL_AFTER_MS)
  }

  /** Tells all windows that counts or lists changed otherwise than by a step of the history. */
  imagesChanged(): void {
    this.emit('images', null)
    this.emit('project', this.summary())
  }

  /** Tells all windows that the engine was set up, or that this failed. */
  engineChanged(): void {
    this.emit('app', this.options.info())
  }

  emit<Name extends EventName>(event: Name, data: EventData<Name>): void {
    for (const listener of this.#listeners) listener(event, data)
  }

  /** Returns a function that stops the calls. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

const noProject = (): CodedError =>
  new CodedError('USAGE_NO_PROJECT', 'No project is open', 'Open a folder of images first')
