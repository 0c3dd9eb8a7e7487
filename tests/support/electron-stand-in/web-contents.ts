import { EventEmitter } from 'node:events'
import type { WebPreferences } from 'electron'
import type { Page, Request as PageRequest, Route } from 'playwright'
import { Preventable } from './app.ts'
import { newPage } from './browser.ts'
import type { Frame, MessagePortMain } from './ipc.ts'
import { PreloadWorld } from './preload-world.ts'
import { answer, inward, outward } from './protocol.ts'
import { session } from './session.ts'

interface Size {
  readonly width: number
  readonly height: number
}

let nextId = 1

/** One page, replaced by another when it has crashed. */
export class WebContents extends EventEmitter {
  readonly id = nextId++
  readonly #preferences: WebPreferences
  readonly #size: Size
  #page: Promise<Page>
  #world!: PreloadWorld
  #openHandler: (details: { url: string }) => { action: string } = () => ({ action: 'allow' })
  /** What loadURL asked for: the program's own navigations are not asked about. */
  #loading: string | undefined

  constructor(preferences: WebPreferences, size: Size) {
    super()
    this.#preferences = preferences
    this.#size = size
    this.#page = this.#open()
  }

  getLastWebPreferences(): WebPreferences {
    return this.#preferences
  }

  get mainFrame(): Frame {
    return { url: this.getURL(), parent: null }
  }

  getURL(): string {
    return inward(this.#world?.page.url() ?? '')
  }

  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.#openHandler = handler
  }

  send(channel: string, ...words: unknown[]): void {
    this.#world.receive(channel, words, [])
  }

  postMessage(channel: string, message: unknown, ports: MessagePortMain[]): void {
    this.#world.receive(channel, [message], ports)
  }

  async loadURL(url: string): Promise<void> {
    const page = await this.#page
    this.#loading = outward(url)
    await page.goto(this.#loading, { waitUntil: 'domcontentloaded' })
    this.emit('first-paint')
  }

  async executeJavaScript(code: string): Promise<unknown> {
    return (await this.#page).evaluate(code)
  }

  /** As webContents.forcefullyCrashRenderer(). */
  async forcefullyCrashRenderer(): Promise<void> {
    const protocol = await (await this.#page).context().newCDPSession(await this.#page)
    // A page that has crashed does not answer.
    protocol.send('Page.crash').catch(() => {})
  }

  async close(): Promise<void> {
    const page = await this.#page
    await page.close()
  }

  async #open(): Promise<Page> {
    const page = await newPage()
    await session.defaultSession.applyPermissions(page)
    await page.setViewportSize(this.#size)
    this.#world = await PreloadWorld.prepare(page, this.#preferences, this.id)
    await page.route('**/*', (route) => this.#route(page, route))
    this.#world.onWindowOpen((url) => {
      const { action } = this.#openHandler({ url: inward(url) })
      if (action === 'deny') page.once('popup', (popup) => popup.close())
    })
    page.on('console', (message) => {
      const level = message.type() === 'warning' ? 'warning' : message.type() === 'error' ? 'error' : 'info'
      const { url, lineNumber } = message.location()
      this.emit('console-message', { level, message: message.text(), lineNumber, sourceId: url })
    })
    page.on('crash', () => {
      this.#world.end()
      this.#page = this.#open().then(async (next) => {
        await page.close()
        return next
      })
      this.emit('render-process-gone', new Preventable(), { reason: 'crashed', exitCode: 5 })
    })
    page.on('close', () => {
      if (this.#world.page !== page) return
      this.#world.end()
      this.emit('page-closed')
    })
    return page
  }

  /** Answers requests to the program's scheme, after it has been asked where pages want to go. */
  async #route(page: Page, route: Route): Promise<void> {
    const request = route.request()
    const url = inward(request.url())
    if (request.isNavigationRequest() && this.#isRefused(page, request, url)) return route.abort('aborted')
    if (url === request.url()) return route.continue()
    const response = await answer(new Request(url, { method: request.method(), headers: request.headers() }))
    await route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    })
  }

  #isRefused(page: Page, request: PageRequest, url: string): boolean {
    const isMainFrame = request.frame() === page.mainFrame()
    const isOwn = request.url() === this.#loading
    this.#loading = undefined
    if (isOwn) return false
    const event = Object.assign(new Preventable(), { url, isMainFrame })
    this.emit('will-frame-navigate', event)
    if (isMainFrame) this.emit('will-navigate', event)
    return event.defaultPrevented
  }
}
