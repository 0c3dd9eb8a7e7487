import { WebSocket } from 'ws'
import type { Channel } from '../../core/contract/wire.ts'

/** Text that a window has not taken yet: more than this and it does not read at all. */
const MOST_UNREAD_BYTES = 256 * 1024 * 1024

const UNSUPPORTED_DATA = 1003
const POLICY_VIOLATION = 1008

/** A window's WebSocket. Closing it from this side says that the window sent what is no call. */
export function socketChannel(socket: WebSocket): Channel {
  const channel: Channel = {
    send(text) {
      if (socket.bufferedAmount > MOST_UNREAD_BYTES) socket.terminate()
      else socket.send(text)
    },
    close: () => socket.close(POLICY_VIOLATION, 'no call of the studio'),
    onMessage: () => {},
    onClose: () => {},
  }
  socket.on('message', (data, isBinary) => {
    if (socket.readyState !== WebSocket.OPEN) return
    if (isBinary) socket.close(UNSUPPORTED_DATA, 'texts only')
    else channel.onMessage(String(data))
  })
  socket.on('close', () => channel.onClose())
  // Of messages that are too long or no UTF-8; ws has answered with the right code.
  socket.on('error', () => {})
  return channel
}
