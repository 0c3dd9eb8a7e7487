/**
 * Assist of the open project: keeps the live learner (engine/train/assist.ts) fed with the finished images, its weights in
 * use, and an honest account of what its proposals came to. The engine that learns is one of its own; another answers for the
 * open image.
 */
import { z } from 'zod'
import type { Proposed } from '../../../core/assist/outcome.ts'
import type { EngineEvent, EngineImage } from '../../../core/contract/engine.ts'
import type { ImageCandidates } from '../../../core/contract/model-assets.ts'
import { decodeCandidateFile } from '../../../core/contract/model-assets.ts'
import { inferenceOnly } from '../../../core/contract/runtime.ts'
import type { AssistState, Doubt } from '../../../core/contract/studio/assist.ts'
import type { CurrentModel } from '../../../core/contract/studio/models.ts'
import type { EventData, EventName } from '../../../core/contract/studio.ts'
import type { TrainingFile } from '../../../core/contract/training.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import { evaluationSelection, guessesOf } from '../../../core/detectors/shared/select.ts'
import { CodedError, toWire } from '../../../core/errors.ts'
import { type BoxXyxy, iou } from '../../../core/geometry/box.ts'
import type { ProjectAnnotation } from '../../../core/project/model.ts'
import { matchClasses } from '../../../core/review/class-match.ts'
import { keyOf } from '../../images/image-file.ts'
import type { Engine } from '../engine/client.ts'
import { engineImage } from '../engine/engine-data.ts'
import { readRuntimeRecord } from '../engine/environment.ts'
import type { EnginePlace } from '../engine/place.ts'
import { startEngine } from '../engine/spawn.ts'
import { startingWeights } from '../engine/starting-weights.ts'
import { aboutCheckpoint, architectureOfFile } from '../engine/weights-file.ts'
import { findCandidates } from '../models/find-candidates.ts'
import type { Models } from '../models/models.ts'
import type { Project, StepEffect } from '../project/index.ts'
import { imagesOf } from '../project/labels.ts'
import type { StoredRun } from '../runs/run-store.ts'
import type { AssistRun, LiveControl, Runs } from '../runs/runs.ts'
import type { Settings } from '../settings.ts'
import { Judgements } from './judgements.ts'

export interface AssistSurroundings {
  readonly project: Project
  readonly runs: Runs
  readonly models: Models
  readonly settings: Settings
  readonly place?: EnginePlace
  emit<Name extends EventName>(event: Name, data: EventData<Name>): void
}

/** Finished images that may be learnt from; those of the other splits measure. */
const FINISHED = 'state:done -has:error split:train,none'
/** Finished images from which on proposals are shown. */
const PROPOSING = 3
/** Milliseconds in which changes gather before they are told. */
const GATHER_MS = 100
const TELL_EVERY_MS = 250
/** Images that are finished at once and judged; more are an import or a bulk edit, which nobody was helped with. */
const MOST_JUDGED = 20
/** Images that are looked at ahead whenever one is finished. */
const LOOKED_AHEAD = 8
/** Milliseconds that the engine gets to save what it knows when Assist is switched off. */
const PATIENCE_MS = 700
/** Milliseconds that the engine gets to start: of all programs it is the last to get the processor. */
const START_MS = 600_000
/** Deaths of the engine in a row after which Assist gives up. */
const MOST_DEATHS = 3

/** Files of the projects in which Assist is on. */
const SWITCHED_ON = 'assist.on'
const Files = z.array(z.string())

type Phase = AssistState['phase']

/** What a new run starts from. */
interface Start {
  readonly weights: string | null
  readonly architecture: 'lite0' | null
  readonly options: TrainingFile
  readonly title: string
}

export class Assist {
  readonly #studio: AssistSurroundings
  #phase: Phase = 'off'
  #error: AssistState['error'] = null
  #run: StoredRun | null = null
  #judgements: Judgements | null = null
  #live: AssistRun | null = null
  #engine: Engine | null = null
  /** What the learner knows, in the order in which images joined: the labels of each, told apart by their values. */
  readonly #known = new Map<number, string>()
  /** Version of the model that answered last for an image that is not finished. */
  readonly #served = new Map<number, CurrentModel>()
  #changed: Set<number> | 'all' | null = null
  #gathering: ReturnType<typeof setTimeout> | undefined
  #telling: ReturnType<typeof setTimeout> | undefined
  #turn: Promise<void> = Promise.resolve()
  #progress = { step: 0, learn: null as AssistState['learn'], cpuSeconds: 0, published: false }
  #looking: AbortController | null = null
  #closed = false

  constructor(studio: AssistSurroundings) {
    this.#studio = studio
  }

  get state(): AssistState {
    const { step, learn, cpuSeconds } = this.#progress
    const thresholds = this.#judgements?.thresholds(this.#classIds()) ?? new Map<number, number>()
    return {
      phase: this.#phase === 'learning' && this.#live?.paused() ? 'paused' : this.#phase,
      error: this.#error,
      run: this.#run?.id ?? null,
      images: this.#known.size,
      ...{ step, learn, cpuSeconds },
      proposing: this.#proposing,
      thresholds: [...thresholds].map(([classId, score]) => ({ classId, score })),
      summary: this.#judgements?.summary ?? null,
      curve: this.#judgements?.curve ?? [],
      doubts: this.doubts().length,
    }
  }

  /** What was judged, the newest last. */
  get judgements(): Judgements['all'] {
    return this.#judgements?.all ?? []
  }

  get #on(): boolean {
    return this.#phase !== 'off' && this.#phase !== 'failed'
  }

  get #proposing(): boolean {
    return this.#on && this.#progress.published && this.#known.size >= PROPOSING
  }

  /** Whether it was on when the project was closed. */
  get wasOn(): boolean {
    return this.#files().includes(this.#studio.project.path)
  }

  /** Throws IO_PROJECT_READ_ONLY, RUNTIME_*. What happens later is told by the state. */
  async start(): Promise<AssistState> {
    if (this.#on) return this.state
    const { project, runs, place } = this.#studio
    if (project.readOnly) throw project.readOnly
    if (readRuntimeRecord(place).device === 'onnx') throw inferenceOnly()
    this.#remember(true)
    this.#error = null
    this.#phase = 'waiting'
    this.#run = runs.store.list().find(({ note, writable }) => note.assist && writable) ?? null
    this.#judgements = this.#run && new Judgements(this.#run.folder)
    this.#progress = {
      step: this.#run?.summary.step ?? 0,
      learn: null,
      cpuSeconds: 0,
      published: this.#run?.summary.checkpoint != null,
    }
    this.#known.clear()
    this.#changed = 'all'
    await this.#inTurn(() => this.#takeChanges())
    this.#tell()
    return this.state
  }

  async stop(): Promise<AssistState> {
    this.#remember(false)
    await this.#end()
    return this.state
  }

  /** The project is being closed; where Assist is on, it goes on when the project is opened again. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#end()
  }

  /** Call with every step of the project's history. */
  stepped({ images, classes }: Pick<StepEffect, 'images' | 'classes'>): void {
    if (images === 'many' || classes) this.#changed = 'all'
    else if (this.#changed !== 'all') this.#changed = new Set([...(this.#changed ?? []), ...images])
    if (this.#on)
      this.#gathering ??= setTimeout(() => void this.#inTurn(() => this.#takeChanges()), GATHER_MS)
  }

  /** The model has answered for an image: what it proposes there is judged when the image is finished. */
  served(image: number, model: CurrentModel): void {
    if (this.#on && model.path === this.#run?.summary.checkpoint) this.#served.set(image, model)
  }

  /** Settles when all that changed so far is learnt from, or judged. */
  async settled(): Promise<void> {
    await this.#inTurn(() => this.#takeChanges())
  }

  doubts(): Doubt[] {
    const { project } = this.#studio
    const judgements = this.#judgements
    if (!judgements) return []
    const all = judgements.all.filter(({ doubts }) => doubts.length > 0)
    const labels = project.annotations.ofImages(all.map(({ image }) => image))
    return all
      .flatMap(({ image, doubts }, i) =>
        doubts
          .filter((doubt) => !judgements.isDismissed(image, doubt.box) && stands(doubt, labels[i]!))
          .map((doubt): Doubt => ({ image, ...doubt })),
      )
      .toSorted((a, b) => b.confidence - a.confidence)
  }

  dismiss(image: number, box: BoxXyxy): void {
    this.#judgements?.dismiss(image, box)
    this.#tell()
  }

  /** One after the other; a failure ends Assist and says why. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(async () => {
      if (this.#closed) return
      await work().catch((error: unknown) => this.#fail(error))
    })
    this.#turn = turn
    return turn
  }

  /** Judges what was finished, then hands on what changed. */
  async #takeChanges(): Promise<void> {
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    const changed = this.#changed
    if (!this.#on || changed === null) return
    this.#changed = null
    const { project } = this.#studio
    const finished = new Set(project.find(FINISHED))
    const looked = changed === 'all' ? [...new Set([...finished, ...this.#known.keys()])] : [...changed]
    const labels = project.annotations.ofImages(looked)
    const removed = looked.filter((id) => this.#known.has(id) && !finished.has(id))
    const values = new Map(looked.map((id, i) => [id, labelsKey(labels[i]!)]))
    const others = looked.filter((id) => finished.has(id) && this.#known.get(id) !== values.get(id))
    const fresh = others.filter((id) => !this.#judgements?.isLearnt(id))
    if (fresh.length <= MOST_JUDGED) for (const id of fresh) await this.#judge(id)
    for (const id of [...removed, ...others]) this.#known.delete(id)
    for (const id of others) {
      this.#known.set(id, values.get(id)!)
      this.#served.delete(id)
    }
    this.#judgements?.learn(others)
    if (this.#engine) {
      const categories = this.#categories()
      if (categories.length > 0) {
        await this.#engine.call(
          { method: 'assist-labels', categories, changed: this.#imagesOf(others), removed },
          () => {},
        )
      }
    } else if (!this.#live && this.#hasBoxes()) await this.#begin()
    if (this.#proposing && fresh.length > 0) void this.#lookAhead()
    this.#tell()
  }

  /** Compares what was detected before with the labels. The first images come before there is a model to judge. */
  async #judge(id: number): Promise<void> {
    const { project, models } = this.#studio
    const judgements = this.#judgements
    if (!judgements || !this.#progress.published) return
    const labels = project.annotations.of(id).filter(({ source }) => source !== 'proposed')
    try {
      const file = project.fileOf(id)
      const served = this.#served.get(id)
      const kept = served && (await models.cache.read(served.key, await keyOf(file)))
      const found =
        kept ?? decodeCandidateFile(await models.predictions.candidates(await this.#model(), file))
      const seen = {
        step: this.#progress.step,
        shown: this.#proposing && kept !== undefined,
        detections: this.#detectionsOf(found),
      }
      judgements.judge(id, seen, labels, this.#classIds())
    } catch (error) {
      // The image is learnt from all the same: what is lost is a line of the account.
      if (!(error instanceof CodedError)) throw error
      this.#live?.note(`${project.images.get(id)?.path ?? id} was not judged: ${error.message}`)
    }
  }

  /** Looks at some unfinished images, here and there, so that the order by usefulness knows of all kinds of them. */
  async #lookAhead(): Promise<void> {
    const { models, project } = this.#studio
    if (this.#looking) return
    const unfinished = project.find('state:new,in-progress -has:error')
    const step = Math.max(1, Math.floor(unfinished.length / LOOKED_AHEAD))
    const first = this.#known.size % step
    const ids = unfinished.filter((_, i) => i % step === first).slice(0, LOOKED_AHEAD)
    const looking = new AbortController()
    this.#looking = looking
    try {
      const control = { signal: looking.signal, report: () => {} }
      if (ids.length > 0) await findCandidates(models, await this.#model(), project, ids, control)
    } catch (error) {
      // An order that knows less is no loss.
      if (!(error instanceof CodedError)) throw error
    } finally {
      this.#looking = null
    }
  }

  #detectionsOf({ candidates, model }: ImageCandidates): Proposed[] {
    const classIds = matchClasses(model.config.classes, this.#studio.project.classes.all())
    return guessesOf(candidates, {
      ...evaluationSelection(detectorOf(model.config)),
      centerness: true,
    }).flatMap(({ label, box, score }) => {
      const classId = classIds[label] ?? null
      return classId === null ? [] : [{ classId, box, score }]
    })
  }

  /** The learner's own, whatever is in use. */
  #model(): Promise<CurrentModel> {
    return this.#studio.models.at(this.#run!.summary.checkpoint!)
  }

  async #begin(): Promise<void> {
    const { runs, models, project } = this.#studio
    const resume = this.#run !== null
    const nothing: Start = { weights: null, architecture: null, title: '', options: {} }
    const start = resume ? nothing : await this.#startingPoint(await models.current(project.path))
    this.#phase = 'starting'
    this.#live = runs.beginAssist(this.#run?.id ?? null, start.title, (control, run) => {
      this.#run = run
      this.#judgements ??= new Judgements(run.folder)
      this.#judgements.learn([...this.#known.keys()])
      return this.#learn(run, { ...start, resume }, control)
    })
    const live = this.#live
    void live.ended.then(
      () => this.#ended(live, null),
      (error: unknown) => this.#ended(live, error),
    )
  }

  /** The model in use, if it is light enough to learn beside a person's work, or else pretrained weights of one that is. */
  async #startingPoint(model: CurrentModel | null): Promise<Start> {
    const { place } = this.#studio
    const isLight =
      model &&
      (readRuntimeRecord(place).device === 'gpu' || (await architectureOfFile(model.path)) === 'lite0')
    if (model && isLight) {
      // At the size at which it has learnt to see.
      const input = (await aboutCheckpoint(model.path))?.config.input
      const options = input ? { training: { size: input.longSide } } : {}
      return { weights: model.path, architecture: null, title: model.title, options }
    }
    const { file } = await startingWeights('lite0', (line) => this.#live?.note(line))
    const title = file ? 'lite0, ImageNet weights' : 'lite0, from nothing'
    return { weights: file, architecture: 'lite0', title, options: {} }
  }

  /** Until it is cancelled. An engine that dies is replaced, and goes on with what was published last. */
  async #learn(
    { folder }: StoredRun,
    start: Start & { readonly resume: boolean },
    { signal, pause, onEvent, note }: LiveControl,
  ): Promise<void> {
    const { place } = this.#studio
    let [deaths, { resume }] = [0, start]
    let spent = 0
    while (!signal.aborted) {
      const engine = await startEngine({ background: true, helloTimeout: START_MS, ...(place && { place }) })
      const receive = (event: EngineEvent): void => {
        onEvent(event)
        if (event.kind === 'published') {
          ;[resume, deaths] = [true, 0]
          void this.#published(event.step, event.checkpoint)
        } else if (event.kind === 'assist' && !signal.aborted) {
          this.#phase = event.resting ? 'resting' : 'learning'
          this.#progress = { ...this.#progress, learn: event.learn, cpuSeconds: spent + event.cpuSeconds }
          this.#tell()
        } else if (event.kind === 'step') this.#progress = { ...this.#progress, step: event.step }
      }
      try {
        const data = { categories: this.#categories(), images: this.#imagesOf([...this.#known.keys()]) }
        const { weights, architecture, options } = start
        const request = {
          method: 'assist',
          out: folder,
          weights,
          architecture,
          options,
          data,
          resume,
        } as const
        const work = engine.call(request, receive, signal, pause)
        this.#engine = engine
        await Promise.race([work, afterAbort(signal, PATIENCE_MS)])
        work.catch(() => {})
      } catch (error) {
        const died = error instanceof CodedError && error.code === 'ENGINE_DIED'
        if (!died || signal.aborted || ++deaths > MOST_DEATHS) throw error
        note(`${error.message}. Assist goes on with what it had published last`)
      } finally {
        this.#engine = null
        spent = this.#progress.cpuSeconds
        await engine.close()
      }
    }
  }

  /** The newest weights are the model in use, unless somebody has chosen another since. */
  async #published(step: number, checkpoint: string): Promise<void> {
    const { models, runs, project } = this.#studio
    const isFirst = !this.#progress.published
    this.#progress = { ...this.#progress, step, published: true }
    this.#run = runs.store.find(this.#run!.id) ?? this.#run
    try {
      if (isFirst) await models.use(project.path, checkpoint)
      else await models.current(project.path)
      await models.cache.prune()
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
    }
    this.#tell()
  }

  #ended(live: AssistRun, error: unknown): void {
    if (this.#live !== live) return
    this.#live = null
    if (error) this.#fail(error)
    else if (this.#phase !== 'off') {
      // Stopped in Train.
      this.#phase = 'off'
      this.#remember(false)
    }
    this.#tell()
  }

  #fail(error: unknown): void {
    this.#phase = 'failed'
    this.#error = toWire(error)
    this.#tell()
  }

  async #end(): Promise<void> {
    const live = this.#live
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    this.#looking?.abort(new CodedError('USAGE_CANCELLED', 'Assist was switched off'))
    this.#phase = 'off'
    this.#error = null
    this.#live = null
    await live?.stop()
    this.#known.clear()
    this.#served.clear()
    clearTimeout(this.#telling)
    this.#telling = undefined
    if (!this.#closed) this.#studio.emit('assist', this.state)
  }

  #categories() {
    return this.#studio.project.classes.all().map(({ id, name }) => ({ id, name }))
  }

  #classIds(): number[] {
    return this.#studio.project.classes.all().map(({ id }) => id)
  }

  #imagesOf(ids: readonly number[]): EngineImage[] {
    const { project } = this.#studio
    const classIds = new Map(this.#classIds().map((id) => [id, id]))
    return imagesOf(project, ids).map((image) => engineImage(image, project.imageRoot, classIds))
  }

  #hasBoxes(): boolean {
    return this.#imagesOf([...this.#known.keys()]).some(({ crowds }) => crowds.includes(0))
  }

  #tell(): void {
    if (this.#closed) return
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined
      if (!this.#closed) this.#studio.emit('assist', this.state)
    }, TELL_EVERY_MS)
  }

  #files(): string[] {
    return Files.safeParse(this.#studio.settings.get(SWITCHED_ON)).data ?? []
  }

  #remember(on: boolean): void {
    const { path } = this.#studio.project
    const others = this.#files().filter((file) => file !== path)
    this.#studio.settings.set(SWITCHED_ON, on ? [...others, path] : others)
  }
}

/** Changes with every label, whichever way it is changed. */
const labelsKey = (annotations: readonly ProjectAnnotation[]): string =>
  JSON.stringify(
    annotations
      .filter(({ source }) => source !== 'proposed')
      .map(({ classId, box, crowd, segmentation }) => [classId, box, crowd, segmentation]),
  )

/** Whether nobody has changed what it is about. */
function stands(
  { annotation, labelled, expected, box }: Pick<Doubt, 'annotation' | 'labelled' | 'expected' | 'box'>,
  labels: readonly ProjectAnnotation[],
): boolean {
  if (annotation === null) {
    return !labels.some(
      (label) =>
        label.source !== 'proposed' && label.classId === expected?.classId && iou(label.box, box) >= 0.5,
    )
  }
  const label = labels.find(({ id }) => id === annotation)
  return label !== undefined && label.classId === labelled
}

/** Resolves so long after the signal was aborted: then nobody waits any more. */
async function afterAbort(signal: AbortSignal, milliseconds: number): Promise<void> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
}
