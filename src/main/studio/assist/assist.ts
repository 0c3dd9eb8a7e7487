/**
 * Assist of the open project: keeps the live learner (engine/train/assist.ts) fed with the finished images, its weights in
 * use, and an honest account of what its proposals came to. The engine that learns is one of its own; another answers for the
 * open image.
 */
import { z } from 'zod'
import type { EngineEvent } from '../../../core/contract/engine.ts'
import { inferenceOnly } from '../../../core/contract/runtime.ts'
import { type AssistState, type Doubt, PROPOSES_FROM } from '../../../core/contract/studio/assist.ts'
import type { CurrentModel } from '../../../core/contract/studio/models.ts'
import type { EventData, EventName } from '../../../core/contract/studio.ts'
import { CodedError, toWire } from '../../../core/errors.ts'
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import { readRuntimeRecord } from '../engine/environment.ts'
import type { EnginePlace } from '../engine/place.ts'
import type { Models } from '../models/models.ts'
import type { Project, StepEffect } from '../project/index.ts'
import type { StoredRun } from '../runs/run-store.ts'
import type { AssistRun, LiveControl, Runs } from '../runs/runs.ts'
import type { Settings } from '../settings.ts'
import { Examiner } from './examiner.ts'
import { FinishedImages } from './finished-images.ts'
import { Judgements } from './judgements.ts'
import { Learner, learnerStart, NO_START } from './learner.ts'
import { standingDoubts } from './standing-doubts.ts'

export interface AssistSurroundings {
  readonly project: Project
  readonly runs: Runs
  readonly models: Models
  readonly settings: Settings
  readonly place?: EnginePlace
  emit<Name extends EventName>(event: Name, data: EventData<Name>): void
}

/** Milliseconds in which changes gather before they are told. */
const GATHER_MS = 100
const TELL_EVERY_MS = 250
/** Images that are finished at once and judged; more are an import or a bulk edit, which nobody was helped with. */
const MOST_JUDGED = 20

/** Files of the projects in which Assist is on. */
const SWITCHED_ON = 'assist.on'
const Files = z.array(z.string())

type Phase = AssistState['phase']

export class Assist {
  readonly #studio: AssistSurroundings
  readonly #finished: FinishedImages
  readonly #examiner: Examiner
  readonly #learner: Learner
  #phase: Phase = 'off'
  #error: AssistState['error'] = null
  #run: StoredRun | null = null
  #judgements: Judgements | null = null
  /** Null where a label or a judgement may have changed them. */
  #doubts: Doubt[] | null = null
  #live: AssistRun | null = null
  #gathering: ReturnType<typeof setTimeout> | undefined
  #telling: ReturnType<typeof setTimeout> | undefined
  #turn: Promise<void> = Promise.resolve()
  #progress = { step: 0, learn: null as AssistState['learn'], cpuSeconds: 0, published: false }
  /** Aborted when it is switched off, fails or is closed: what is under way then must not begin anything. */
  #switched = new AbortController()
  /** Settles when what was switched off last has ended. */
  #ceased: Promise<void> = Promise.resolve()
  /** How often it was switched: of several windows the last one is obeyed. */
  #wishes = 0
  #closed = false

  constructor(studio: AssistSurroundings) {
    this.#studio = studio
    this.#finished = new FinishedImages(studio.project)
    this.#examiner = new Examiner(studio.project, studio.models)
    this.#learner = new Learner(studio.place)
  }

  get state(): AssistState {
    const { step, learn, cpuSeconds } = this.#progress
    const thresholds = this.#judgements?.thresholds(this.#finished.classIds) ?? new Map<number, number>()
    return {
      phase: this.#phaseNow,
      error: this.#error,
      run: this.#run?.id ?? null,
      images: this.#finished.count,
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

  get #phaseNow(): Phase {
    const isAtWork = this.#phase === 'learning' || this.#phase === 'resting'
    // All images were opened again, or the last class is gone.
    if (isAtWork && this.#finished.count === 0) return 'waiting'
    return this.#phase === 'learning' && this.#live?.paused() ? 'paused' : this.#phase
  }

  get #on(): boolean {
    return this.#phase !== 'off' && this.#phase !== 'failed'
  }

  get #proposing(): boolean {
    return this.#on && this.#progress.published && this.#finished.count >= PROPOSES_FROM
  }

  /** Whether it was on when the project was closed. */
  get wasOn(): boolean {
    return this.#files().includes(this.#studio.project.path)
  }

  /** Throws IO_PROJECT_READ_ONLY, RUNTIME_*. What happens later is told by the state. */
  async start(): Promise<AssistState> {
    if (this.#on) return this.state
    const wish = ++this.#wishes
    await this.#ceased
    if (wish !== this.#wishes) return this.state
    const { project, runs, place } = this.#studio
    if (project.readOnly) throw project.readOnly
    if (readRuntimeRecord(place).device === 'onnx') throw inferenceOnly()
    const goesOn = this.wasOn
    this.#switched = new AbortController()
    this.#remember(true)
    this.#error = null
    this.#phase = 'waiting'
    this.#run = runs.store.list().find(({ note, writable }) => note.assist && writable) ?? null
    this.#judgements = this.#run && new Judgements(this.#run.folder)
    this.#doubts = null
    this.#progress = {
      step: this.#run?.summary.step ?? 0,
      learn: null,
      cpuSeconds: 0,
      published: this.#run?.summary.checkpoint != null,
    }
    this.#finished.startAnew()
    // Whoever chose another model while it was on keeps that when the project is opened again.
    if (!goesOn && this.#progress.published) await this.#putInUse(this.#run!.summary.checkpoint!)
    await this.#inTurn(() => this.#takeChanges())
    this.#tell()
    return this.state
  }

  async stop(): Promise<AssistState> {
    this.#wishes++
    this.#remember(false)
    await this.#end()
    return this.state
  }

  /** The project is being closed; where Assist is on, it goes on when the project is opened again. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wishes++
    await this.#end()
  }

  /** Call with every step of the project's history. */
  stepped(effect: Pick<StepEffect, 'images' | 'classes'>): void {
    this.#finished.stepped(effect)
    this.#doubts = null
    if (this.#on)
      this.#gathering ??= setTimeout(() => void this.#inTurn(() => this.#takeChanges()), GATHER_MS)
  }

  /** The model has answered for an image: what it proposes there is judged when the image is finished. */
  served(image: number, model: CurrentModel): void {
    if (this.#on && model.path === this.#run?.summary.checkpoint) this.#examiner.served(image, model)
  }

  /** Settles when all that changed so far is learnt from, or judged. */
  async settled(): Promise<void> {
    await this.#inTurn(() => this.#takeChanges())
  }

  /** The most confident first. */
  doubts(): Doubt[] {
    this.#doubts ??= this.#judgements ? standingDoubts(this.#judgements, this.#studio.project) : []
    return this.#doubts
  }

  dismiss(image: number, box: BoxXyxy): void {
    this.#judgements?.dismiss(image, box)
    this.#doubts = null
    this.#tell()
  }

  /** Undoes `dismiss`. */
  restore(image: number, box: BoxXyxy): void {
    this.#judgements?.restore(image, box)
    this.#doubts = null
    this.#tell()
  }

  /** One after the other; a failure ends Assist and says why. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(async () => {
      if (this.#closed) return
      const { signal } = this.#switched
      await work().catch((error: unknown) => {
        if (!signal.aborted) this.#fail(error)
      })
    })
    this.#turn = turn
    return turn
  }

  /** Judges what was finished, then hands on what changed. */
  async #takeChanges(): Promise<void> {
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    const { signal } = this.#switched
    const changes = this.#on ? this.#finished.changes() : null
    if (!changes) return
    const { changed, removed } = changes
    const known = changed.filter((id) => this.#judgements?.isLearnt(id))
    const fresh = changed.filter((id) => !known.includes(id))
    if (fresh.length <= MOST_JUDGED) for (const id of fresh) await this.#judge(id)
    if (signal.aborted) return
    this.#judgements?.relabel(known, this.#studio.project.annotations.ofImages(known))
    this.#finished.settle(changes)
    this.#examiner.forget(changed)
    this.#judgements?.learn(changed)
    const { categories } = this.#finished
    if (this.#learner.isAtWork) {
      await this.#learner.tell({ categories, changed: this.#finished.imagesOf(changed), removed })
    } else if (!this.#live && this.#finished.hasBoxes()) await this.#begin(signal)
    if (this.#proposing && fresh.length > 0) {
      void this.#examiner.lookAhead(() => this.#model(), this.#finished.count)
    }
    this.#tell()
  }

  /** The first images come before there is a model to judge. */
  async #judge(id: number): Promise<void> {
    if (!this.#judgements || !this.#progress.published) return
    const seeing = { model: () => this.#model(), step: this.#progress.step, proposing: this.#proposing }
    await this.#examiner.judge(id, this.#judgements, seeing, (line) => this.#live?.note(line))
    this.#doubts = null
  }

  /** The learner's own, whatever is in use. */
  #model(): Promise<CurrentModel> {
    return this.#studio.models.at(this.#run!.summary.checkpoint!)
  }

  async #begin(off: AbortSignal): Promise<void> {
    const { runs, models, project, place } = this.#studio
    // A run that was ended before it had published anything begins again.
    const resume = this.#run?.summary.checkpoint != null
    this.#phase = 'starting'
    const notes: string[] = []
    const start = resume
      ? NO_START
      : await learnerStart(await models.current(project.path), place, (line) => notes.push(line))
    // Weights may have been downloaded meanwhile.
    if (off.aborted) return
    this.#live = runs.beginAssist(this.#run?.id ?? null, start.title, (control, run) => {
      this.#run = run
      this.#judgements ??= new Judgements(run.folder)
      this.#judgements.learn(this.#finished.told)
      const data = () => this.#finished.data()
      const receive = (event: EngineEvent): void => this.#receive(event, control)
      return this.#learner.learn({ ...start, folder: run.folder, resume, data }, control, receive)
    })
    const live = this.#live
    for (const line of notes) live.note(line)
    void live.ended.then(
      () => this.#ended(live, null),
      (error: unknown) => this.#ended(live, error),
    )
  }

  #receive(event: EngineEvent, { signal, onEvent }: LiveControl): void {
    onEvent(event)
    if (event.kind === 'published') void this.#published(event.step, event.checkpoint)
    else if (event.kind === 'step') this.#progress = { ...this.#progress, step: event.step }
    else if (event.kind === 'assist' && !signal.aborted) {
      const { learn, cpuSeconds } = event
      this.#phase = event.resting ? 'resting' : 'learning'
      this.#progress = { ...this.#progress, learn, cpuSeconds }
      this.#tell()
    }
  }

  /** Proposals are those of the model in use: Assist's, until it ends or somebody chooses another. */
  async #putInUse(checkpoint: string): Promise<void> {
    await this.#studio.models.putInUse(this.#studio.project.path, checkpoint)
  }

  /** What Assist's model was put in the place of is in use again. */
  async #bringBack(): Promise<void> {
    const checkpoint = this.#run?.summary.checkpoint
    if (this.#closed || checkpoint == null) return
    try {
      await this.#studio.models.bringBack(this.#studio.project.path, checkpoint)
    } catch (error) {
      // Its file is gone: Assist's model stays, which is there.
      if (!(error instanceof CodedError)) throw error
    }
  }

  async #published(step: number, checkpoint: string): Promise<void> {
    const { models, runs, project } = this.#studio
    const isFirst = !this.#progress.published
    this.#progress = { ...this.#progress, step, published: true }
    this.#run = runs.store.find(this.#run!.id) ?? this.#run
    try {
      if (isFirst && this.#on) await this.#putInUse(checkpoint)
      else await models.current(project.path)
      await models.prune()
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
      void this.#bringBack()
    }
    this.#tell()
  }

  #fail(error: unknown): void {
    void this.#cease('failed')
    this.#error = toWire(error)
    this.#tell()
  }

  /** Nothing is learnt any more; settles when the engine that learnt has ended. */
  #cease(phase: 'off' | 'failed'): Promise<void> {
    const live = this.#live
    this.#switched.abort()
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    this.#phase = phase
    this.#error = null
    this.#live = null
    this.#examiner.stop()
    const before = this.#ceased
    this.#ceased = before.then(async () => {
      await live?.stop()
      await this.#bringBack()
    })
    return this.#ceased
  }

  async #end(): Promise<void> {
    await this.#cease('off')
    this.#finished.forget()
    clearTimeout(this.#telling)
    this.#telling = undefined
    if (!this.#closed) this.#studio.emit('assist', this.state)
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
