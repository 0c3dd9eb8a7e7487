import type { Channel } from '../../core/contract/wire.ts'

/** Rejects if the server cannot be reached or refuses. */
export function openSocket(url: URL): Promise<Channel> {
  const address = new URL(url)
  address.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(address)
  const channel: Channel = {
    send: (text) => socket.send(text),
    close: () => socket.close(),
    onMessage: () => {},
    onClose: () => {},
  }
  return new Promise((resolve, reject) => {
    socket.onmessage = ({ data }) => channel.onMessage(data)
    socket.onclose = () => {
      reject(new Error('The studio cannot be reached'))
      channel.onClose()
    }
    socket.onopen = () => resolve(channel)
  })
}
