/**
 * The world of a page's preload script: it shares the page's document and nothing else, as with contextIsolation.
 */
import { readFileSync } from 'node:fs'
import type { WebPreferences } from 'electron'
import type { CDPSession, Page } from 'playwright'
import { ipcMain, type MessagePortMain } from './ipc.ts'
import { inward } from './protocol.ts'

const NAME = 'preload'
/** The isolated world's way to this process. */
const BINDING = 'sendToMain'

const script = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
const MAIN_WORLD = script('./main-world.js')
const isolatedWorld = (preload: string): string => `{
  const { require, receive } = (${script('./isolated-world.js').replace(/^;\(/m, '(')})(globalThis.${BINDING})
  globalThis.receiveFromMain = receive
  const module = { exports: {} };
  ((require, module, exports) => {
${preload}
  })(require, module, module.exports)
}`

/** What the isolated world tells this process. */
type Upward =
  | { readonly invoke: number; readonly channel: string; readonly words: unknown[] }
  | { readonly port: number; readonly data: unknown }

export class PreloadWorld {
  readonly page: Page
  readonly #protocol: CDPSession
  /** Of its WebContents. */
  readonly #senderId: number
  /** Of the page's present document. */
  #context: number | undefined
  #nextPort = 1
  #ports = new Map<number, MessagePortMain>()

  private constructor(page: Page, protocol: CDPSession, senderId: number) {
    this.page = page
    this.#protocol = protocol
    this.#senderId = senderId
  }

  static async prepare(
    page: Page,
    { preload, contextIsolation = true, sandbox = true, nodeIntegration = false }: WebPreferences,
    senderId: number,
  ): Promise<PreloadWorld> {
    if (!contextIsolation || !sandbox || nodeIntegration) throw new Error('Only isolated, sandboxed windows')
    const protocol = await page.context().newCDPSession(page)
    const world = new PreloadWorld(page, protocol, senderId)
    if (preload) await world.#install(readFileSync(preload, 'utf8'))
    return world
  }

  receive(channel: string, words: unknown[], ports: readonly MessagePortMain[]): void {
    const ids = ports.map((port) => this.#adopt(port))
    this.#tell({ channel, words, ports: ids })
  }

  onWindowOpen(listener: (url: string) => void): void {
    this.#protocol.on('Page.windowOpen', ({ url }) => listener(url))
  }

  /** The document has gone, and its ports with it. */
  end(): void {
    for (const port of this.#ports.values()) port.close()
    this.#ports = new Map()
    this.#context = undefined
  }

  async #install(preload: string): Promise<void> {
    const { frameTree } = await this.#protocol.send('Page.getFrameTree')
    this.#protocol.on('Runtime.executionContextCreated', ({ context }) => {
      if (context.name !== NAME || context.auxData?.frameId !== frameTree.frame.id) return
      this.end()
      this.#context = context.id
    })
    this.#protocol.on('Runtime.bindingCalled', ({ name, payload, executionContextId }) => {
      if (name === BINDING && executionContextId === this.#context) void this.#hear(JSON.parse(payload))
    })
    await this.#protocol.send('Runtime.enable')
    await this.#protocol.send('Runtime.addBinding', { name: BINDING, executionContextName: NAME })
    await this.#protocol.send('Page.enable')
    await this.#protocol.send('Page.addScriptToEvaluateOnNewDocument', { source: MAIN_WORLD })
    const source = isolatedWorld(preload)
    await this.#protocol.send('Page.addScriptToEvaluateOnNewDocument', { source, worldName: NAME })
  }

  async #hear(message: Upward): Promise<void> {
    if ('port' in message) {
      this.#ports.get(message.port)?.postMessage(message.data)
      return
    }
    const event = {
      sender: { id: this.#senderId },
      senderFrame: { url: inward(this.page.url()), parent: null },
    }
    try {
      this.#tell({
        answer: message.invoke,
        value: await ipcMain.invoke(event, message.channel, message.words),
      })
    } catch (error) {
      this.#tell({ answer: message.invoke, error: `${error}` })
    }
  }

  /** Gives the page this end of a channel. */
  #adopt(port: MessagePortMain): number {
    const id = this.#nextPort++
    this.#ports.set(id, port)
    port.on('message', ({ data }) => this.#tell({ port: id, data }))
    port.on('close', () => this.#tell({ port: id, closed: true }))
    port.start()
    return id
  }

  #tell(message: object): void {
    if (this.#context === undefined) return
    const expression = `receiveFromMain(${JSON.stringify(message)})`
    this.#protocol.send('Runtime.evaluate', { expression, contextId: this.#context }).catch(() => {})
  }
}
