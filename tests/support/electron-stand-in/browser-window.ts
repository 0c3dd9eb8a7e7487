import { EventEmitter } from 'node:events'
import type { BrowserWindowConstructorOptions } from 'electron'
import { app, Preventable } from './app.ts'
import { WebContents } from './web-contents.ts'
import { windows } from './windows.ts'

interface Bounds {
  x: number
  y: number
  width: number
  height: number
}

export class BrowserWindow extends EventEmitter {
  readonly id: number
  readonly webContents: WebContents
  readonly options: BrowserWindowConstructorOptions
  #representedFilename = ''
  #bounds: Bounds
  #maximized = false
  #visible: boolean
  #focused = 0
  #destroyed = false

  constructor(options: BrowserWindowConstructorOptions) {
    super()
    const { x = 0, y = 0, width = 800, height = 600, show = true } = options
    this.options = options
    this.#bounds = { x, y, width, height }
    this.#visible = show
    this.webContents = new WebContents(options.webPreferences ?? {}, { width, height })
    this.id = this.webContents.id
    windows.add(this)
    this.webContents.once('first-paint', () => this.emit('ready-to-show'))
    this.webContents.once('page-closed', () => this.#end())
    app.emit('web-contents-created', new Preventable(), this.webContents)
  }

  static getAllWindows(): BrowserWindow[] {
    return [...windows] as BrowserWindow[]
  }

  loadURL(url: string): Promise<void> {
    return this.webContents.loadURL(url)
  }

  show(): void {
    this.#visible = true
  }

  isVisible(): boolean {
    return this.#visible
  }

  focus(): void {
    this.#focused++
  }

  get timesFocused(): number {
    return this.#focused
  }

  isMinimized(): boolean {
    return false
  }

  restore(): void {}

  maximize(): void {
    this.#maximized = true
    this.#visible = true
  }

  isMaximized(): boolean {
    return this.#maximized
  }

  setBounds(bounds: Partial<Bounds>): void {
    this.#bounds = { ...this.#bounds, ...bounds }
  }

  getBounds(): Bounds {
    return { ...this.#bounds }
  }

  getNormalBounds(): Bounds {
    return { ...this.#bounds }
  }

  setRepresentedFilename(file: string): void {
    this.#representedFilename = file
  }

  getRepresentedFilename(): string {
    return this.#representedFilename
  }

  isDestroyed(): boolean {
    return this.#destroyed
  }

  close(): void {
    const event = new Preventable()
    this.emit('close', event)
    if (!event.defaultPrevented) void this.webContents.close()
  }

  destroy(): void {
    void this.webContents.close()
  }

  #end(): void {
    this.#destroyed = true
    windows.delete(this)
    this.emit('closed')
    if (windows.size === 0) app.windowsAllClosed()
  }
}
