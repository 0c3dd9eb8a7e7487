/** The training runs of the open project: what there is, and the one that trains now. */
import { existsSync } from 'node:fs'
import type { TrainRequest } from '../../../core/contract/engine.ts'
import { requireProgramFor } from '../../../core/contract/job.ts'
import type { RunData } from '../../../core/contract/run-data.ts'
import type {
  Comparison,
  ComparisonRequest,
  Curves,
  PinnedPlan,
  Proposal,
  RunDetail,
  RunPlan,
  RunSummary,
} from '../../../core/contract/studio/runs.ts'
import type { EventData, EventName, Result } from '../../../core/contract/studio.ts'
import { CodedError, toWire } from '../../../core/errors.ts'
import { runFolderOf } from '../../jobs/job-folder.ts'
import { askPython, defaultPython, programOf, torchTitle } from '../../jobs/python.ts'
import { rayAddress } from '../../jobs/ray.ts'
import { CHECKOUT, type EnginePlace } from '../engine/place.ts'
import { jobFolderOf } from '../engine/pytorch.ts'
import type { TrainingHooks } from '../engine/supervise.ts'
import type { JobContext, Jobs } from '../jobs.ts'
import type { Project } from '../project/index.ts'
import type { HeldLock } from '../project/lock.ts'
import { ComparisonQueue } from './comparison.ts'
import { detailOf } from './detail.ts'
import { beginning, engineSets, plannedData, plannedOptions, startTitle, weightsFile } from './plan.ts'
import { probe, probeRequest } from './probe.ts'
import { propose } from './proposal.ts'
import { lockRun } from './run-lock.ts'
import { readCurves, readRecord } from './run-log.ts'
import type { RunNote } from './run-note.ts'
import { RunStore, type StoredRun } from './run-store.ts'
import { trainAt } from './train-at.ts'
import { progressOf, Training } from './training.ts'

/** What runs need of the studio around them. */
export interface RunsSurroundings {
  readonly project: Project
  readonly dataFolder: string
  readonly jobs: Jobs
  /** As it is now. */
  readonly engine: () => Proposal['engine']
  readonly place?: EnginePlace
  emit<Name extends EventName>(event: Name, data: EventData<Name>): void
  checkpointWritten(): void
  /** A run took all its steps; windows are told afterwards. */
  completed(run: RunSummary): Promise<void>
}

/** Of a run, the newest that are kept. */
const MOST_NOTES = 50

/** What the work of a run that somebody else does is given. */
export interface LiveControl extends Required<Pick<TrainingHooks, 'onEvent' | 'signal' | 'pause'>> {
  /** Keeps a line with the run. */
  note(line: string): void
}

/** A run at work. */
interface Live {
  readonly run: Training
  cancel(): void
  /** Resolves when it has ended. */
  stop(): Promise<void>
}

/** Assist's run at work. */
export interface AssistRun extends Live {
  /** Rejects with why it failed. */
  readonly ended: Promise<void>
  paused(): boolean
  note(line: string): void
}

type MakeRequest = (say: (line: string) => void) => TrainRequest | Promise<TrainRequest>

export class Runs {
  readonly store: RunStore
  readonly comparison: ComparisonQueue
  readonly #studio: RunsSurroundings
  #training: Live | null = null
  #assist: AssistRun | null = null

  constructor(studio: RunsSurroundings) {
    this.#studio = studio
    this.store = new RunStore(studio.project, studio.dataFolder)
    const { folder } = this.store
    this.comparison = new ComparisonQueue({
      folder,
      find: (id) => this.store.find(id)?.summary,
      start: (...args) => this.start(...args),
      resume: (id) => this.resume(id),
      cancel: (id) => this.cancel(id),
      changed: () => studio.emit('runs', null),
    })
  }

  /** Newest first. */
  list(): RunSummary[] {
    return this.store.list().map((run) => this.#now(run))
  }

  propose(plan: RunPlan): Promise<Proposal> {
    return propose(this.#studio.project, this.store, plan, this.#studio.engine())
  }

  /** What a Python of this machine can train on. Throws RUNTIME_PYTHON, RUNTIME_TORCH. */
  async python(python: string): Promise<Result<'runs.python'>> {
    const found = await askPython(python || defaultPython(), this.#program)
    return { python: found.path, title: torchTitle(found), devices: found.devices }
  }

  get #program(): string {
    return programOf((this.#studio.place ?? CHECKOUT).root)
  }

  /** Measures a few steps in an engine of its own. Throws USAGE_TRAINING, DATA_NO_BOXES, USAGE_RUN, USAGE_NO_FILE. */
  probe(plan: RunPlan): { job: number } {
    this.#requireRest()
    const { project, jobs, place } = this.#studio
    const request = probeRequest(plan, project, this.store)
    return jobs.start({ kind: 'runs.probe', title: 'Measure step time' }, (job) => probe(request, place, job))
  }

  /** Trains runs one after the other on the labels as they are now; all learn from those that the first plan means. Throws as start. */
  compare(request: ComparisonRequest): Comparison {
    this.#requireRest()
    const { project } = this.#studio
    return this.comparison.start(request, engineSets(project, plannedData(project, request.entries[0]!.plan)))
  }

  /**
   * @param kept labels to learn from instead of those that are there now
   * @throws CodedError USAGE_TRAINING, DATA_NO_BOXES, USAGE_IMAGE, USAGE_RUN, USAGE_NO_FILE, USAGE_JOB_DETECTOR, USAGE_JOB_MODEL, IO_RUN.
   */
  start(plan: RunPlan, pinned: PinnedPlan, name: string = this.#nextName(), kept?: RunData): RunSummary {
    this.#requireRest()
    if (plan.place?.kind === 'ray') rayAddress(plan.place.address)
    if (plan.place) requireProgramFor(this.#chosenModel(plan), 'train', plan.options.training)
    const { project } = this.#studio
    const sets = kept ?? engineSets(project, plannedData(project, plan))
    weightsFile(plan, this.store)
    const from = startTitle(plan, this.store)
    const run = this.store.create(
      (created): RunNote => ({
        format: 'fcos-studio-run-note',
        version: 1,
        state: 'running',
        error: null,
        overfit: plan.overfit,
        notes: [],
        ...{ name, created, from, pinned },
        ...(plan.place && { place: plan.place }),
      }),
    )
    this.#begin(run, async (say) => ({
      method: 'train',
      out: run.folder,
      ...(await beginning(plan, this.store, say)),
      ...sets,
      options: plannedOptions(plan),
      resume: false,
    }))
    return this.#now(run)
  }

  /** What is known of it before the weights are read. */
  #chosenModel({ model, options: { model: chosen = {} } }: RunPlan): Parameters<typeof requireProgramFor>[0] {
    if (chosen.detector !== undefined || model.kind !== 'run') return chosen
    return { ...readRecord(this.store.get(model.run).folder)?.model, ...chosen }
  }

  /** Throws USAGE_TRAINING, USAGE_RUN, IO_PROJECT_READ_ONLY, IO_RUN. */
  resume(id: string): RunSummary {
    this.#requireRest()
    const { summary } = this.store.writable(id)
    if (!summary.resumable) {
      throw new CodedError(
        'USAGE_RUN',
        `${summary.name} has no saved state to resume from`,
        'Start a new run from it',
      )
    }
    const run = this.store.update(id, { state: 'running', error: null })
    // What it learns from and how is in its folder.
    this.#begin(run, () => ({
      ...{ method: 'train', out: run.folder, resume: true },
      ...{ weights: null, architecture: null, data: null, validation: null, options: {} },
    }))
    return this.#now(run)
  }

  pause(id: string): void {
    this.#trainingOf(id)?.run.pause()
  }

  continue(id: string): void {
    this.#trainingOf(id)?.run.continue()
  }

  cancel(id: string): void {
    const training = this.#trainingOf(id)
    training?.cancel()
  }

  curves(id: string, after: number): Curves {
    const { folder, note } = this.store.get(id)
    // On a cluster the log is in the job's folder until the run is fetched.
    const job = note.place?.kind === 'ray' ? runFolderOf(jobFolderOf(folder, note.place)) : null
    return readCurves(job !== null && existsSync(job) ? job : folder, after)
  }

  detail(id: string): RunDetail {
    return detailOf(this.#studio.project, this.store.get(id))
  }

  rename(id: string, name: string): RunSummary {
    const run = this.store.update(id, { name })
    const training = this.#trainingOf(id)
    if (training) training.run.reread()
    else this.#studio.emit('run', { run: run.summary, curves: null, pinnedStep: null })
    return this.#now(run)
  }

  async delete(id: string): Promise<void> {
    const run = this.store.writable(id)
    const training = this.#trainingOf(id)
    await training?.stop()
    lockRun(run.folder, run.note.name, 'FCOS Studio').release()
    await this.store.delete(id)
    this.#studio.emit('runs', null)
  }

  /** The run that trains is saved and stopped, and says why. */
  async close(): Promise<void> {
    if (!this.#training) return
    const { run } = this.#training
    this.#note(run.id, `Stopped at step ${run.summary.step} because the project was closed`)
    await this.#training.stop()
  }

  /**
   * Assist's own run: it is listed, drawn and paused as others are, and gives way to one that trains.
   *
   * @param id of the run that goes on; null for a new one.
   * @throws CodedError USAGE_TRAINING where another process has it, IO_RUN.
   */
  beginAssist(
    id: string | null,
    from: string,
    work: (control: LiveControl, run: StoredRun) => Promise<void>,
  ): AssistRun {
    const begun = { state: 'running', error: null } as const
    const run =
      id === null
        ? this.store.create(
            (created): RunNote => ({
              ...{ format: 'fcos-studio-run-note', version: 1, name: 'Assist', assist: true, overfit: null },
              ...{ pinned: { images: [], every: 1 }, notes: [], created, from, ...begun },
            }),
          )
        : this.store.update(id, begun)
    const lock = lockRun(run.folder, run.note.name, 'FCOS Studio')
    const training = this.#follow(run)
    const abort = new AbortController()
    const note = (line: string): void => this.#note(run.id, line)
    const ended = training
      .run(
        (hooks) => work({ ...hooks, note }, run),
        abort.signal,
        () => {},
      )
      .then(
        () => this.#settle(run.id, { state: 'stopped' }),
        (error: unknown) => {
          this.#settle(run.id, { state: 'failed', error: toWire(error) })
          throw error
        },
      )
      .finally(() => {
        lock.release()
        this.#assist = null
        this.#ended(run.id)
      })
    const settled = ended.catch(() => {})
    const cancel = (): void => abort.abort()
    const stop = (): Promise<void> => {
      cancel()
      return settled
    }
    const paused = (): boolean => ['paused', 'pausing'].includes(training.summary.state)
    this.#assist = { run: training, ended, cancel, stop, note, paused }
    if (this.#training) training.pause()
    this.#studio.emit('run', { run: training.summary, curves: null, pinnedStep: null })
    return this.#assist
  }

  #begin(run: StoredRun, makeRequest: MakeRequest): void {
    const lock = lockRun(run.folder, run.note.name, 'FCOS Studio')
    const training = this.#follow(run)
    const title = `Train ${run.note.name}`
    const { jobs } = this.#studio
    const { job } = jobs.start({ kind: 'runs.start', title }, (control) =>
      this.#train(run, training, lock, makeRequest, control),
    )
    this.#training = { run: training, cancel: () => jobs.cancel(job), stop: () => jobs.stop(job) }
    this.#assist?.run.pause()
  }

  #follow(run: StoredRun): Training {
    const { id } = run
    return new Training(run, {
      reread: () => this.store.get(id).summary,
      tell: (change) => {
        this.#studio.emit('run', change)
        if (change.curves && change.curves.evaluations.length > 0) this.#studio.checkpointWritten()
      },
      note: (message) => this.#note(id, message),
    })
  }

  /** Where the project's folder is gone, so is the run's. */
  #ended(id: string): void {
    const ended = this.store.find(id)
    if (ended) this.#studio.emit('run', { run: ended.summary, curves: null, pinnedStep: null })
    this.#studio.checkpointWritten()
  }

  async #train(
    { id, note: { pinned, place } }: StoredRun,
    training: Training,
    lock: HeldLock,
    makeRequest: MakeRequest,
    { signal, report }: JobContext,
  ): Promise<null> {
    const { project } = this.#studio
    const onProgress = (run: RunSummary): void => report(...progressOf(run))
    try {
      const request = await makeRequest((line) => {
        report(null, line)
        this.#note(id, line)
      })
      const images = pinned.images.map((image) => project.fileOf(image))
      const asked = { ...request, pinned: { ...pinned, images } }
      const { complete } = await training.run(
        (hooks) => trainAt(place, asked, this.#studio.place, hooks),
        signal,
        onProgress,
      )
      this.store.update(id, { state: complete ? 'done' : 'stopped' })
      // Says that the job was cancelled.
      if (!complete) signal.throwIfAborted()
    } catch (error) {
      this.#settle(id, signal.aborted ? { state: 'stopped' } : { state: 'failed', error: toWire(error) })
      throw error
    } finally {
      lock.release()
      this.#training = null
      const ended = this.store.find(id)
      if (ended?.summary.state === 'done') await this.#studio.completed(ended.summary)
      this.#assist?.run.continue()
      this.#ended(id)
      this.comparison.ended(id)
    }
    return null
  }

  /** On a full disk the note cannot be written either: the job still says why, and the run counts as interrupted. */
  #settle(id: string, change: Partial<RunNote>): void {
    try {
      this.store.update(id, change)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
    }
  }

  #note(id: string, message: string): void {
    const run = this.store.find(id)
    if (run) this.#settle(id, { notes: [...run.note.notes, message].slice(-MOST_NOTES) })
  }

  #now(run: StoredRun): RunSummary {
    return this.#trainingOf(run.id)?.run.summary ?? run.summary
  }

  #trainingOf(id: string) {
    return [this.#training, this.#assist].find((live) => live?.run.id === id) ?? null
  }

  #requireRest(): void {
    if (!this.#training) return
    const { name } = this.#training.run.summary
    throw new CodedError(
      'USAGE_TRAINING',
      `${name} is training`,
      'One run trains at a time: wait, or stop it',
    )
  }

  /** "Run 7", one more than the highest. */
  #nextName(): string {
    const numbers = this.store.list().map(({ note }) => Number(/^Run (\d+)$/.exec(note.name)?.[1] ?? 0))
    return `Run ${Math.max(0, ...numbers) + 1}`
  }
}
