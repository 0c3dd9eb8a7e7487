/** Serves one window over a channel (core/contract/wire.ts), until the channel closes. */

import type { Caller } from '../../../core/contract/studio.ts'
import { type Channel, LONGEST_MESSAGE, WireCall, type WireMessage } from '../../../core/contract/wire.ts'
import { CodedError, toWire } from '../../../core/errors.ts'
import { dispatch } from './dispatch.ts'
import type { StudioHost } from './host.ts'

export function serve(host: StudioHost, channel: Channel): void {
  const send = (message: WireMessage): void => channel.send(JSON.stringify(message))
  const unsubscribe = host.subscribe((event, data) => send({ event, data }))
  channel.onClose = unsubscribe
  channel.onMessage = async (text) => {
    const call = readCall(text)
    // A message without an id cannot be answered; its sender does not speak the protocol.
    if (call === undefined) return channel.close()
    try {
      send({ id: call.id, result: (await dispatch(host, call.method, call.params, callerOf(call))) ?? null })
    } catch (error) {
      if (!(error instanceof CodedError)) console.error(error)
      send({ id: call.id, error: toWire(error) })
    }
  }
}

const callerOf = ({ client, id }: WireCall): Caller | null =>
  client === undefined ? null : { client, call: id }

function readCall(text: string): WireCall | undefined {
  if (text.length > LONGEST_MESSAGE) return undefined
  try {
    return WireCall.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
