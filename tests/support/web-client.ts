/** Speaks to the browser shell's server as browsers and attackers do: every header and path as it is given. */
import { once } from 'node:events'
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { createClient, type StudioClient } from '../../src/core/contract/wire.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** @param path goes out unchanged: `/../x` stays what it is. */
export async function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  const sent = request({ host: '127.0.0.1', port, path, headers, method, agent: false }).end()
  const [response] = await once(sent, 'response')
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

/** The status line's number for bytes that no HTTP client would send. */
export async function askRaw(port: number, bytes: string): Promise<number> {
  const socket = connectSocket(port, '127.0.0.1')
  socket.write(bytes)
  return Number((await text(socket)).split(' ')[1])
}

/** Follows the printed address; returns the session's Cookie header. */
export async function visit(url: string): Promise<string> {
  const { port, pathname, search } = new URL(url)
  const { headers } = await ask(Number(port), pathname + search)
  return headers['set-cookie']![0]!.split(';')[0]!
}

export interface SocketHeaders {
  readonly host?: string
  readonly origin?: string
  readonly cookie?: string
}

/** The open WebSocket, or the HTTP status that refused it. */
export async function openSocket(
  port: number,
  { origin = `http://127.0.0.1:${port}`, ...headers }: SocketHeaders,
  path = '/studio',
): Promise<WebSocket | number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
    headers: { ...headers, ...(origin && { origin }) },
  })
  onTestFinished(() => socket.terminate())
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(socket))
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode!))
    socket.on('error', reject)
  })
}

/** A window as the renderer connects it. */
export async function openWindow(port: number, cookie: string): Promise<StudioClient> {
  const socket = (await openSocket(port, { cookie })) as WebSocket
  const channel = {
    send: (message: string) => socket.send(message),
    close: () => socket.close(),
    onMessage: (_message: string) => {},
    onClose: () => {},
  }
  socket.on('message', (data) => channel.onMessage(String(data)))
  socket.on('close', () => channel.onClose())
  return createClient(channel)
}
