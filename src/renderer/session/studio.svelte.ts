/** What this window knows of the studio, kept up to date by its events; the root of all controllers. */
import type { AppInfo } from '../../core/contract/studio/app.ts'
import type { ProjectSummary } from '../../core/contract/studio/project.ts'
import type { EventData, Result } from '../../core/contract/studio.ts'
import type { StudioClient } from '../../core/contract/wire.ts'
import { Commands } from '../commands/commands.svelte.ts'
import { Chooser } from './chooser.svelte.ts'
import type { ClassEntry, Context } from './controller-context.ts'
import { Editor } from './editor.svelte.ts'
import { ImageList } from './image-list.svelte.ts'
import { JobList } from './job-list.svelte.ts'
import { Messages } from './messages.svelte.ts'
import { ReviewTour } from './review-tour.svelte.ts'
import { RunList } from './run-list.svelte.ts'
import { WindowSettings } from './window-settings.svelte.ts'

/** The five places of the window (look.md). */
export const PLACES = ['annotate', 'report', 'train', 'evaluate', 'export'] as const
export type Place = (typeof PLACES)[number]

/** Steps follow each other quickly; the counts of the whole project may lag. */
const SUMMARY_DELAY_MS = 250

export class Studio implements Context {
  readonly client: StudioClient
  readonly info: AppInfo
  readonly settings: WindowSettings
  readonly messages = new Messages()
  readonly chooser = new Chooser()
  readonly commands: Commands
  readonly jobs: JobList
  readonly images: ImageList
  readonly editor: Editor
  readonly runs: RunList
  readonly tour: ReviewTour

  /** Null: the welcome screen. */
  project = $state.raw<ProjectSummary | null>(null)
  /** In the user's order. */
  classes = $state.raw<readonly ClassEntry[]>([])
  place = $state<Place>('annotate')
  /** The studio's program has ended: nothing more can be saved. */
  gone = $state(false)
  readonly classById = $derived(new Map(this.classes.map((entry) => [entry.id, entry])))
  #moving = $state(0)
  #summaryTimer: ReturnType<typeof setTimeout> | undefined

  /** Use `Studio.connect`. */
  private constructor(client: StudioClient, info: AppInfo, settings: Result<'settings.all'>) {
    this.client = client
    this.info = info
    this.settings = new WindowSettings(client, settings)
    this.commands = new Commands(this.settings)
    this.jobs = new JobList(client)
    this.images = new ImageList(this, (image) => void this.editor.load(image))
    this.editor = new Editor(this)
    this.runs = new RunList(this)
    this.tour = new ReviewTour((image) => {
      this.place = 'annotate'
      this.images.open(image)
    })
    client.onClose = () => {
      this.gone = true
    }
    client.on('project', (project) => this.#show(project))
    client.on('step', (step) => this.#stepped(step))
    client.on('images', () => this.images.refresh())
  }

  static async connect(client: StudioClient): Promise<Studio> {
    const [info, settings, project] = await Promise.all([
      client.call('app.info', {}),
      client.call('settings.all', {}),
      client.call('project.summary', {}),
    ])
    const studio = new Studio(client, info, settings)
    await studio.#show(project)
    return studio
  }

  /** Something is on its way to the store. */
  get saving(): boolean {
    return this.editor.saving || this.#moving > 0
  }

  get canEdit(): boolean {
    return this.project !== null && this.project.readOnly === null && !this.gone
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

  /** While something is being dragged there is nothing else to take back: the drag is given up. */
  async undo(): Promise<void> {
    if (!this.editor.cancelGesture()) await this.#move('history.undo')
  }

  async redo(): Promise<void> {
    if (!this.editor.cancelGesture()) await this.#move('history.redo')
  }

  /** Shows where something changed, if it is elsewhere. */
  async #move(method: 'history.undo' | 'history.redo'): Promise<void> {
    this.#moving++
    await this.editor.settled()
    const effect = await this.attempt(this.client.call(method, {}))
    this.#moving--
    const images = effect?.images
    if (!images || images === 'many' || images.length !== 1 || images[0] === this.images.current) return
    this.images.open(images[0]!)
  }

  async #show(project: ProjectSummary | null): Promise<void> {
    const other = project?.path !== this.project?.path
    this.project = project
    if (!other) return
    this.place = 'annotate'
    this.classes = []
    this.images.reset()
    this.runs.reset()
    this.tour.forget()
    if (project === null) return
    await Promise.all([this.#loadClasses(), this.images.refresh(), this.runs.refresh()])
  }

  #stepped(step: EventData<'step'>): void {
    if (this.project) this.project = { ...this.project, undo: step.undo, redo: step.redo }
    this.images.stepped(step)
    this.editor.stepped(step)
    clearTimeout(this.#summaryTimer)
    this.#summaryTimer = setTimeout(() => void this.#refreshCounts(), SUMMARY_DELAY_MS)
    if (step.classes) void this.#loadClasses()
  }

  async #refreshCounts(): Promise<void> {
    const project = await this.attempt(this.client.call('project.summary', {}))
    if (project && project.path === this.project?.path) this.project = project
    await this.#loadClasses()
  }

  async #loadClasses(): Promise<void> {
    if (this.project === null) return
    const classes = await this.attempt(this.client.call('classes.list', {}))
    if (classes) this.classes = classes
  }
}
