/**
 * The root of all controllers: the window's state while one project, or none, is open, kept up to date by the studio's
 * events. It is created for a project and dropped with it, so that nothing leaks from one project into another.
 */
import { z } from 'zod'
import type { AppInfo } from '../../core/contract/studio/app.ts'
import type { ProjectSummary } from '../../core/contract/studio/project.ts'
import type { Caller, EventData, MethodName, Params, Result } from '../../core/contract/studio.ts'
import type { StudioClient } from '../../core/contract/wire.ts'
import { Commands } from '../commands/commands.svelte.ts'
import { AssistSwitch } from './assist.svelte.ts'
import { Chooser, type NativeDialogs } from './chooser.svelte.ts'
import type { ClassEntry, Context } from './controller-context.ts'
import { Editor } from './editor.svelte.ts'
import { ImageList } from './image-list.svelte.ts'
import { JobList } from './job-list.svelte.ts'
import { LabelOffer } from './label-offer.svelte.ts'
import { Messages } from './messages.svelte.ts'
import { ModelInUse } from './model-in-use.svelte.ts'
import { NextSteps } from './next-steps.svelte.ts'
import { EndingClient } from './project-client.ts'
import { ProposalReview } from './proposal-review.svelte.ts'
import { ReviewTour } from './review-tour.svelte.ts'
import { RunList } from './run-list.svelte.ts'
import type { WindowSettings } from './window-settings.svelte.ts'

/** The five places of the window. */
export const PLACES = ['annotate', 'report', 'train', 'evaluate', 'export'] as const
export type Place = (typeof PLACES)[number]

/** Steps may follow each other quickly, so the counts of the whole project are updated with a delay. */
const SUMMARY_DELAY_MS = 250

/** The last place and image by project path, the most recent project last. */
const LAST_VIEWS = 'projects.last'
const LastViews = z.record(z.string(), z.object({ place: z.enum(PLACES), image: z.int().nullable() }))
const MOST_LAST_VIEWS = 50

/** The window, which outlives the projects shown in it. */
export interface WindowOfStudio {
  readonly client: StudioClient
  /** Reactive. */
  readonly info: AppInfo
  readonly settings: WindowSettings
  readonly messages: Messages
  readonly dialogs: NativeDialogs | null
  /** Reactive. */
  readonly gone: boolean
  openProject(path: string): Promise<void>
  openSample(): Promise<void>
  closeProject(): Promise<void>
}

let made = 0

export class Studio implements Context {
  readonly window: WindowOfStudio
  readonly client: EndingClient
  readonly settings: WindowSettings
  readonly messages = new Messages()
  readonly chooser: Chooser
  readonly commands: Commands
  readonly jobs: JobList
  readonly labels: LabelOffer
  readonly model: ModelInUse
  readonly images: ImageList
  readonly editor: Editor
  readonly runs: RunList
  readonly tour: ReviewTour
  readonly next = new NextSteps()
  readonly review: ProposalReview
  readonly assist: AssistSwitch

  /** Null: the welcome screen. A studio's project always has the same path. */
  project = $state.raw<ProjectSummary | null>(null)
  /** In the user's order. */
  classes = $state.raw<readonly ClassEntry[]>([])
  readonly classById = $derived(new Map(this.classes.map((entry) => [entry.id, entry])))
  #place = $state<Place>('annotate')
  #moving = $state(0)
  #summaryTimer: ReturnType<typeof setTimeout> | undefined
  /** The step that was done or undone last, of any window. */
  #lastStep: EventData<'step'> | null = null
  readonly #serial = ++made

  constructor(window: WindowOfStudio, project: ProjectSummary | null) {
    this.window = window
    this.project = project
    this.settings = window.settings
    this.chooser = new Chooser(window.dialogs)
    this.commands = new Commands(window.settings)
    this.client = new EndingClient(window.client)
    const last = this.#lastView
    this.#place = last?.place ?? 'annotate'
    this.jobs = new JobList(this.client)
    this.labels = new LabelOffer(this)
    this.model = new ModelInUse(this)
    const opened = (image: number | null): void => {
      void this.editor.load(image)
      this.#remember()
    }
    this.images = new ImageList(this, opened, last?.image ?? null)
    this.editor = new Editor(this)
    this.runs = new RunList(this)
    this.tour = new ReviewTour((image) => {
      this.place = 'annotate'
      this.images.open(image)
    })
    this.review = new ProposalReview(this)
    this.assist = new AssistSwitch(this)
    this.client.on('step', (step) => this.#stepped(step))
    this.client.on('images', () => this.images.refresh())
  }

  /** Loads what is shown first. */
  async load(): Promise<void> {
    if (this.project === null) return
    await Promise.all([this.#loadClasses(), this.images.refresh(), this.runs.refresh(), this.model.refresh()])
    await this.assist.refresh()
    void this.labels.look()
  }

  /** Call when the project has been closed. */
  drop(): void {
    clearTimeout(this.#summaryTimer)
    this.client.end()
  }

  get info(): AppInfo {
    return this.window.info
  }

  get place(): Place {
    return this.#place
  }

  set place(place: Place) {
    this.#place = place
    this.#remember()
  }

  /** Whether changes are being sent to the store. */
  get saving(): boolean {
    return this.editor.saving || this.#moving > 0
  }

  get canEdit(): boolean {
    return this.project !== null && this.project.readOnly === null && !this.window.gone
  }

  /**
   * The URL of a picture for an element of the page. Browsers cache pictures by URL, and image ids repeat from project to
   * project, so the URL names the studio as well.
   */
  pictureUrl(url: string): string {
    return `${url}?studio=${this.#serial}`
  }

  /** Runs a call and shows its error instead of throwing it; resolves to undefined then. */
  async attempt<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work
    } catch (error) {
      this.messages.showError(error)
      return undefined
    }
  }

  /** Makes a call that adds a step, or starts a job that does; undefined if it fails, which is shown. */
  async change<Name extends MethodName>(
    method: Name,
    params: Params<Name>,
  ): Promise<{ readonly result: Result<Name>; readonly by: Caller } | undefined> {
    let by!: Caller
    const sent = (caller: Caller): void => {
      by = caller
    }
    const result = await this.attempt(this.client.call(method, params, sent))
    return result === undefined ? undefined : { result, by }
  }

  /** Reports the step that a call added, and offers to undo it for as long as it is the latest. */
  showStep(text: string, by: Caller): void {
    const undo = this.undoOf(by)
    this.messages.show(text, undo ? { title: 'Undo', run: undo } : null)
  }

  /** Undoes the step that a call added; undefined unless it is the latest. */
  undoOf({ client, call }: Caller): (() => void) | undefined {
    const { step, by } = this.#lastStep ?? {}
    if (step === undefined || by?.client !== client || by.call !== call || !this.canEdit) return undefined
    return () => {
      this.editor.gesture?.cancelGesture()
      void this.#move('history.undo', { step })
    }
  }

  /** Takes back the gesture if one is under way, or its last step; otherwise undoes the latest step. */
  async undo(): Promise<void> {
    if (!this.editor.gesture?.undoGesture()) await this.#move('history.undo', {})
  }

  async redo(): Promise<void> {
    if (!this.editor.gesture?.redoGesture()) await this.#move('history.redo', {})
  }

  /** Opens the image that changed, if it is another one. */
  async #move<Name extends 'history.undo' | 'history.redo'>(
    method: Name,
    params: Params<Name>,
  ): Promise<void> {
    this.#moving++
    await this.editor.settled()
    const effect = await this.attempt(this.client.call(method, params))
    this.#moving--
    const images = effect?.images
    if (!images || images === 'many' || images.length !== 1 || images[0] === this.images.current) return
    this.images.open(images[0]!)
  }

  #stepped(step: EventData<'step'>): void {
    this.#lastStep = step
    if (this.project) this.project = { ...this.project, undo: step.undo, redo: step.redo }
    this.messages.withdrawActions()
    this.next.withdrawUndo()
    this.images.stepped(step)
    this.editor.stepped(step)
    clearTimeout(this.#summaryTimer)
    this.#summaryTimer = setTimeout(() => void this.refreshCounts(), SUMMARY_DELAY_MS)
    if (step.classes) void this.#loadClasses()
  }

  /** Loads the counts of the project and of its classes. */
  async refreshCounts(): Promise<void> {
    const project = await this.attempt(this.client.call('project.summary', {}))
    if (project && project.path === this.project?.path) this.project = project
    await this.#loadClasses()
  }

  async #loadClasses(): Promise<void> {
    if (this.project === null) return
    const classes = await this.attempt(this.client.call('classes.list', {}))
    if (classes) this.classes = classes
  }

  get #lastView() {
    return this.project ? this.settings.get(LAST_VIEWS, LastViews, {})[this.project.path] : undefined
  }

  #remember(): void {
    if (this.project === null) return
    const view = { place: this.place, image: this.images.current }
    this.settings.setEntry(LAST_VIEWS, LastViews, this.project.path, view, MOST_LAST_VIEWS)
  }
}
