/** The WebSockets of open windows. */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { LONGEST_MESSAGE } from '../../core/contract/wire.ts'
import { serve } from '../studio/api/connection.ts'
import type { StudioHost } from '../studio/api/host.ts'
import type { Access } from './access.ts'
import { socketChannel } from './socket-channel.ts'

const MOST_WINDOWS = 32
const GOING_AWAY = 1001

export class Windows {
  readonly #host: StudioHost
  readonly #access: Access
  // A message of n characters has at least n bytes, so messages that serve() would refuse are not even buffered.
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LONGEST_MESSAGE,
    perMessageDeflate: false,
  })

  constructor(host: StudioHost, access: Access) {
    this.#host = host
    this.#access = access
  }

  /** A request to become a WebSocket. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', () => stream.destroy())
    const refused = this.#refusal(request)
    if (refused !== undefined) {
      stream.end(`HTTP/1.1 ${refused} ${STATUS_CODES[refused]}\r\nConnection: close\r\n\r\n`)
      return
    }
    this.#sockets.handleUpgrade(request, stream, head, (socket) => serve(this.#host, socketChannel(socket)))
  }

  /** Closes the connection of every window. */
  leave(): void {
    for (const socket of this.#sockets.clients) socket.close(GOING_AWAY, 'the studio has stopped')
  }

  terminate(): void {
    for (const socket of this.#sockets.clients) socket.terminate()
  }

  #refusal(request: IncomingMessage): number | undefined {
    const access = this.#access
    if (!access.isOurHost(request) || !access.isOurOrigin(request)) return 403
    if (!access.hasSession(request)) return 401
    if (request.url !== '/studio') return 404
    return this.#sockets.clients.size >= MOST_WINDOWS ? 503 : undefined
  }
}
