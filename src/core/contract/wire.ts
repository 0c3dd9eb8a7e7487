/**
 * The protocol between a window and the studio: one JSON text per message, in both directions, over any channel that keeps
 * messages whole and in order (a WebSocket, an Electron message port, two functions in a test).
 *
 *   window → studio   {"id": 1, "method": "images.find", "params": {"query": "state:new"}}
 *   studio → window   {"id": 1, "result": {"ids": [4, 7]}}    or    {"id": 1, "error": {"code", "message", "remedy"?}}
 *   studio → window   {"event": "job", "data": {…}}
 *
 * Answers may arrive in any order. The caller chooses the ids. A caller that names itself ("client" in its calls) finds this
 * name and the call's id in the events that the call brings about, so that it can tell its own changes from other windows'.
 */
import { z } from 'zod'
import { fromWire, type WireError } from '../errors.ts'
import { ClientName } from './studio/labels.ts'
import type { Caller, EventData, EventName, MethodName, Params, Result } from './studio.ts'

/** No call needs this many characters; longer messages are refused unread. */
export const LONGEST_MESSAGE = 16 * 1024 * 1024

export const WireCall = z.strictObject({
  id: z.int(),
  method: z.string(),
  params: z.unknown(),
  client: ClientName.exactOptional(),
})
export type WireCall = z.infer<typeof WireCall>

export type WireMessage =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: WireError }
  | { readonly event: EventName; readonly data: unknown }

/** One end of a connection. */
export interface Channel {
  send(text: string): void
  /** Set once by the listener. */
  onMessage: (text: string) => void
  onClose: () => void
  close(): void
}

/** The window's client of the studio. */
export interface StudioClient {
  /** Rejects with a CodedError. `sent` hears at once what events that this call brings about say of their cause. */
  call<Name extends MethodName>(
    name: Name,
    params: Params<Name>,
    sent?: (caller: Caller) => void,
  ): Promise<Result<Name>>
  /** Returns a function that stops it. */
  on<Name extends EventName>(event: Name, listener: (data: EventData<Name>) => void): () => void
  /** Called once when the connection ends. */
  onClose: () => void
}

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

/** @param name of this client among all that are connected */
export function createClient(channel: Channel, name = randomName()): StudioClient {
  const waiting = new Map<number, Waiting>()
  const listeners = new Map<EventName, Set<(data: never) => void>>()
  let nextId = 1
  let closed = false

  channel.onMessage = (text) => {
    const message: WireMessage = JSON.parse(text)
    if ('event' in message) {
      for (const listener of listeners.get(message.event) ?? []) listener(message.data as never)
      return
    }
    const caller = waiting.get(message.id)
    waiting.delete(message.id)
    if ('error' in message) caller?.reject(fromWire(message.error))
    else caller?.resolve(message.result as never)
  }

  const client: StudioClient = {
    call(method, params, sent) {
      return new Promise((resolve, reject) => {
        if (closed) return reject(fromWire(GONE))
        const id = nextId++
        waiting.set(id, { resolve, reject })
        sent?.({ client: name, call: id })
        channel.send(JSON.stringify({ id, method, params, client: name }))
      })
    },
    on(event, listener) {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set.add(listener as (data: never) => void))
      return () => set.delete(listener as (data: never) => void)
    },
    onClose: () => {},
  }
  channel.onClose = () => {
    closed = true
    for (const { reject } of waiting.values()) reject(fromWire(GONE))
    waiting.clear()
    client.onClose()
  }
  return client
}

/** Distinguishes windows; it is not a secret. */
const randomName = (): string => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`

const GONE: WireError = {
  code: 'IO_STUDIO_GONE',
  message: 'The studio does not respond: its program has stopped',
  remedy: 'Everything up to the last change is saved. Start it again',
}
