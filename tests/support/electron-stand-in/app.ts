import { EventEmitter, once } from 'node:events'
import path from 'node:path'
import { closeBrowser, launchBrowser } from './browser.ts'
import { handOver, lockInstance } from './single-instance.ts'
import { windows } from './windows.ts'

/** An event as Electron's: a listener can prevent what follows. */
export class Preventable {
  defaultPrevented = false
  preventDefault = (): void => {
    this.defaultPrevented = true
  }
}

class App extends EventEmitter {
  readonly isPackaged = false
  readonly name = 'fcos-studio'
  readonly recentDocuments: string[] = []
  aboutPanel: object = {}
  aboutPanelShown = 0
  isSandboxed = false
  #ready: Promise<void> | undefined
  #quitting = false

  get userData(): string {
    const given = process.argv.find((word) => word.startsWith('--user-data-dir='))
    if (!given) throw new Error('The stand-in needs --user-data-dir')
    return given.slice('--user-data-dir='.length)
  }

  enableSandbox(): void {
    if (this.#ready) throw new Error('app.enableSandbox() can only be called before app is ready')
    this.isSandboxed = true
  }

  whenReady(): Promise<void> {
    this.#ready ??= launchBrowser(path.join(this.userData, 'chromium'))
    return this.#ready
  }

  getAppPath(): string {
    return process.cwd()
  }

  getVersion(): string {
    return '0.0.0'
  }

  getPath(name: 'logs' | 'userData'): string {
    return name === 'logs' ? path.join(this.userData, 'logs') : this.userData
  }

  requestSingleInstanceLock(data: object): boolean {
    const folder = this.userData
    const isFirst = lockInstance(folder, (second) => {
      this.emit('second-instance', new Preventable(), second.argv, second.cwd, second.data)
    })
    if (!isFirst) handOver(folder, { argv: process.argv, cwd: process.cwd(), data })
    return isFirst
  }

  addRecentDocument(file: string): void {
    this.recentDocuments.push(file)
  }

  setAboutPanelOptions(options: object): void {
    this.aboutPanel = options
  }

  showAboutPanel(): void {
    this.aboutPanelShown++
  }

  /** Windows are asked first, then those who wait for the end. */
  async quit(): Promise<void> {
    this.#quitting = true
    for (const window of [...windows]) {
      const closed = once(window, 'closed')
      window.close()
      await closed
    }
    const event = new Preventable()
    this.emit('will-quit', event)
    if (!event.defaultPrevented) await this.exit(0)
  }

  async exit(status: number): Promise<void> {
    this.emit('quit', new Preventable(), status)
    await closeBrowser()
    process.exitCode = status
    if (process.connected) process.disconnect()
    // What is on its way to a first instance still gets there.
    setTimeout(() => process.exit(status), 200).unref()
  }

  windowsAllClosed(): void {
    if (this.#quitting) return
    if (this.listenerCount('window-all-closed') > 0) this.emit('window-all-closed')
    else void this.quit()
  }
}

export const app = new App()
