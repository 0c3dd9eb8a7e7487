import { WebSocket } from 'ws'
import type { Channel } from '../../core/contract/wire.ts'

/** Limit for text that a window has not received yet; beyond this, it is assumed to have stopped reading. */
const MOST_UNREAD_BYTES = 256 * 1024 * 1024

const UNSUPPORTED_DATA = 1003
const POLICY_VIOLATION = 1008

/** A window's WebSocket. This side closes it if the window sent an invalid message. */
export function socketChannel(socket: WebSocket): Channel {
  const channel: Channel = {
    send(text) {
      if (socket.bufferedAmount > MOST_UNREAD_BYTES) socket.terminate()
      else socket.send(text)
    },
    close: () => socket.close(POLICY_VIOLATION, 'not a call of the studio'),
    onMessage: () => {},
    onClose: () => {},
  }
  socket.on('message', (data, isBinary) => {
    if (socket.readyState !== WebSocket.OPEN) return
    if (isBinary) socket.close(UNSUPPORTED_DATA, 'texts only')
    else channel.onMessage(String(data))
  })
  socket.on('close', () => channel.onClose())
  // For messages that are too long or not UTF-8, ws has already sent the right code.
  socket.on('error', () => {})
  return channel
}
