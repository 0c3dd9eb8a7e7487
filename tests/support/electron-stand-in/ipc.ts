import { EventEmitter } from 'node:events'

type Invoked = (event: InvokeEvent, ...words: unknown[]) => unknown

export interface Frame {
  readonly url: string
  readonly parent: Frame | null
}

export interface InvokeEvent {
  readonly sender: { readonly id: number }
  readonly senderFrame: Frame | null
}

class IpcMain extends EventEmitter {
  readonly #handlers = new Map<string, Invoked>()

  handle(channel: string, handler: Invoked): void {
    if (this.#handlers.has(channel)) throw new Error(`A second handler for '${channel}'`)
    this.#handlers.set(channel, handler)
  }

  async invoke(event: InvokeEvent, channel: string, words: unknown[]): Promise<unknown> {
    const handler = this.#handlers.get(channel)
    if (!handler) throw new Error(`No handler registered for '${channel}'`)
    return handler(event, ...words)
  }
}

export const ipcMain = new IpcMain()

/** Messages are kept until start(), and go in order; closing one end is told to the other alone. */
export class MessagePortMain extends EventEmitter {
  #other!: MessagePortMain
  #queue: unknown[] | null = []
  #closed = false

  static pair(): [MessagePortMain, MessagePortMain] {
    const [a, b] = [new MessagePortMain(), new MessagePortMain()]
    a.#other = b
    b.#other = a
    return [a, b]
  }

  postMessage(data: unknown): void {
    const copy = structuredClone(data)
    setImmediate(() => this.#other.#take(copy))
  }

  start(): void {
    const waiting = this.#queue ?? []
    this.#queue = null
    for (const data of waiting) this.#take(data)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    setImmediate(() => this.#other.#lose())
  }

  #lose(): void {
    if (this.#closed) return
    this.#closed = true
    this.emit('close')
  }

  #take(data: unknown): void {
    if (this.#closed) return
    if (this.#queue) this.#queue.push(data)
    else this.emit('message', { data, ports: [] })
  }
}

export class MessageChannelMain {
  readonly port1: MessagePortMain
  readonly port2: MessagePortMain

  constructor() {
    const [port1, port2] = MessagePortMain.pair()
    this.port1 = port1
    this.port2 = port2
  }
}
