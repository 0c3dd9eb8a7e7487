/** The studio's window: its position, its page, and the page's connections to the studio and the shell. */
import { BrowserWindow, MessageChannelMain, screen, type WebContents, type WebFrameMain } from 'electron'
import { DESKTOP_CHANNEL, type DesktopMessage, PORT_CHANNEL } from '../../core/contract/desktop-bridge.ts'
import type { Channel } from '../../core/contract/wire.ts'
import { serve } from '../studio/api/connection.ts'
import type { StudioHost } from '../studio/api/host.ts'
import { ORIGIN } from './origin.ts'
import { fitPlace, Place, type Rectangle, SMALLEST } from './place.ts'
import { portChannel } from './port-channel.ts'

const SETTING = 'desktop.place'

export interface WindowOptions {
  readonly host: StudioHost
  readonly preload: string
  /** Renders the page at CRASH_PAGE; called before it is shown. */
  readonly onCrash: (reason: string, exitCode: number) => string
}

export class StudioWindow {
  readonly #host: StudioHost
  readonly #window: BrowserWindow
  /** For a page that is not listening yet. */
  #waiting: DesktopMessage[] = []
  #listens = false
  #port: Channel | undefined

  constructor({ host, preload, onCrash }: WindowOptions) {
    this.#host = host
    const place = fitPlace(Place.safeParse(host.settings.get(SETTING)).data, areas())
    const { x, y, width, height } = place
    this.#window = new BrowserWindow({
      x,
      y,
      width,
      height,
      minWidth: SMALLEST.width,
      minHeight: SMALLEST.height,
      show: false,
      backgroundColor: '#16181c',
      webPreferences: {
        preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        spellcheck: false,
      },
    })
    if (place.maximized) this.#window.maximize()
    this.#window.once('ready-to-show', () => this.#window.show())
    this.#window.on('close', () => this.#rememberPlace())
    const { webContents } = this.#window
    webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
      if (reason === 'clean-exit' || this.#window.isDestroyed()) return
      console.error(`The window's process has ended: ${reason}, status ${exitCode}`)
      this.#load(onCrash(reason, exitCode))
    })
    webContents.on('preload-error', (_event, _path, error) =>
      console.error('The preload script failed:', error),
    )
    webContents.on('console-message', ({ level, message, lineNumber, sourceId }) => {
      if (level === 'error') console.error(`The page says: ${message} (${sourceId}:${lineNumber})`)
    })
    this.#load('/')
  }

  get browserWindow(): BrowserWindow {
    return this.#window
  }

  /** Whether that is this window's page, and not a frame within it. */
  isPage(sender: WebContents, frame: WebFrameMain): boolean {
    return !this.#window.isDestroyed() && sender.id === this.#window.webContents.id && frame.parent === null
  }

  focus(): void {
    if (this.#window.isMinimized()) this.#window.restore()
    this.#window.focus()
  }

  /** Waits until the page is listening. */
  send(message: DesktopMessage): void {
    if (this.#listens) this.#window.webContents.send(DESKTOP_CHANNEL, message)
    else this.#waiting.push(message)
  }

  listen(): void {
    this.#listens = true
    for (const message of this.#waiting.splice(0)) this.send(message)
  }

  /**
   * Gives the page a port to the studio, replacing an earlier one. A page connects before it listens, and its port closes
   * when it is gone. (Electron's navigation events do not tell, since they also announce navigations that are then refused.)
   */
  connect(): void {
    this.#port?.close()
    this.#listens = false
    const { port1, port2 } = new MessageChannelMain()
    const channel = portChannel(port1)
    this.#port = channel
    port1.on('close', () => {
      if (this.#port === channel) this.#listens = false
    })
    serve(this.#host, channel)
    port1.start()
    this.#window.webContents.postMessage(PORT_CHANNEL, null, [port2])
  }

  #load(path: string): void {
    this.#window.loadURL(ORIGIN + path).catch((error) => console.error(`${path} was not loaded: ${error}`))
  }

  #rememberPlace(): void {
    const maximized = this.#window.isMaximized()
    const { x, y, width, height } = this.#window.getNormalBounds()
    this.#host.settings.set(SETTING, { x, y, width, height, maximized } satisfies Place)
  }
}

function areas(): [Rectangle, ...Rectangle[]] {
  const main = screen.getPrimaryDisplay()
  const others = screen.getAllDisplays().filter(({ id }) => id !== main.id)
  return [main.workArea, ...others.map(({ workArea }) => workArea)]
}
