/**
 * One window: its connection to the studio, its remembered settings, and the open project. Everything that belongs to a
 * project is held by one Studio, which is created when the project is opened and dropped as a whole.
 */
import type { AppInfo } from '../../core/contract/studio/app.ts'
import type { ProjectSummary } from '../../core/contract/studio/project.ts'
import type { Result } from '../../core/contract/studio.ts'
import type { StudioClient } from '../../core/contract/wire.ts'
import { CodedError } from '../../core/errors.ts'
import type { NativeDialogs } from './chooser.svelte.ts'
import { Messages } from './messages.svelte.ts'
import { Studio } from './studio.svelte.ts'
import { WindowSettings } from './window-settings.svelte.ts'

export class WindowSession {
  readonly client: StudioClient
  /** Changes when the engine was set up. */
  info: AppInfo = $state.raw()!
  readonly settings: WindowSettings
  /** Messages about opening and closing projects, which outlive the project. */
  readonly messages = new Messages()
  /** Only on the desktop. */
  readonly dialogs: NativeDialogs | null
  /** Whether the studio has stopped, so that nothing more can be saved. */
  gone = $state(false)
  #studio = $state.raw<Studio>()!

  /** Use `WindowSession.connect`. */
  private constructor(
    client: StudioClient,
    dialogs: NativeDialogs | null,
    info: AppInfo,
    settings: Result<'settings.all'>,
  ) {
    this.dialogs = dialogs
    this.client = client
    this.info = info
    this.settings = new WindowSettings(client, settings)
    client.onClose = () => {
      this.gone = true
    }
    client.on('app', (info) => {
      this.info = info
    })
    client.on('project', (project) => void this.#show(project))
  }

  static async connect(client: StudioClient, dialogs: NativeDialogs | null = null): Promise<WindowSession> {
    const [info, settings, project] = await Promise.all([
      client.call('app.info', {}),
      client.call('settings.all', {}),
      client.call('project.summary', {}),
    ])
    const session = new WindowSession(client, dialogs, info, settings)
    session.#studio = new Studio(session, project)
    await session.#studio.load()
    return session
  }

  /** Replaced whenever another project is opened or the project is closed. */
  get studio(): Studio {
    return this.#studio
  }

  /** @param path a folder of images, a project folder, or its file */
  openProject(path: string): Promise<void> {
    return this.#leave(() => this.client.call('project.open', { path }))
  }

  openSample(): Promise<void> {
    return this.#leave(() => this.client.call('project.openSample', {}))
  }

  closeProject(): Promise<void> {
    return this.#leave(() => this.client.call('project.close', {}))
  }

  /** Saves all changes of this project, then does the work. Errors are shown whichever project is open by then. */
  async #leave(work: () => Promise<unknown>): Promise<void> {
    this.messages.dismissAll()
    await this.#studio.editor.settled()
    try {
      await work()
    } catch (error) {
      this.messages.showError(error)
    }
  }

  async #show(project: ProjectSummary | null): Promise<void> {
    const before = this.#studio
    if (before.project?.path === project?.path) {
      before.project = project
      return
    }
    // Ids mean other things in another project, so unsent changes must not be sent now.
    if (before.editor.saving) this.messages.showError(notSaved(before.project?.name))
    before.drop()
    this.#studio = new Studio(this, project)
    await this.#studio.load()
  }
}

const notSaved = (name = 'the project'): CodedError =>
  new CodedError(
    'USAGE_PROJECT_LEFT',
    `${name} was closed while a change was being saved, so the last change may not be saved`,
    `Open ${name} again and check the image you worked on`,
  )
