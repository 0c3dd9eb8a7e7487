import type { MessagePortMain } from 'electron'
import type { Channel } from '../../core/contract/wire.ts'

/** The studio's end of a page's port. It closes when the page is closed; messages are kept until `port.start()`. */
export function portChannel(port: MessagePortMain): Channel {
  let open = true
  const end = (): void => {
    if (!open) return
    open = false
    channel.onClose()
  }
  const channel: Channel = {
    send(text) {
      if (open) port.postMessage(text)
    },
    close() {
      port.close()
      // Electron notifies the other end.
      end()
    },
    onMessage: () => {},
    onClose: () => {},
  }
  port.on('message', ({ data }) => {
    if (typeof data === 'string') channel.onMessage(data)
    else channel.close()
  })
  port.on('close', end)
  return channel
}
