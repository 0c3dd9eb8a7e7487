import { type DesktopBridge, PORT_MESSAGE } from '../../core/contract/desktop-bridge.ts'
import type { Channel } from '../../core/contract/wire.ts'
import { callDesktop } from './desktop-client.ts'

/** Connects to the studio behind a desktop window: the shell answers with a port, which arrives as a window message. */
export async function openDesktopChannel(bridge: DesktopBridge): Promise<Channel> {
  const port = await askForPort(bridge)
  const channel: Channel = {
    send: (text) => port.postMessage(text),
    close: () => port.close(),
    onMessage: () => {},
    onClose: () => {},
  }
  port.onmessage = ({ data }) => channel.onMessage(data)
  port.addEventListener('close', () => channel.onClose())
  return channel
}

function askForPort(bridge: DesktopBridge): Promise<MessagePort> {
  return new Promise((resolve, reject) => {
    const take = ({ source, data, ports: [port] }: MessageEvent): void => {
      if (source !== window || data !== PORT_MESSAGE || !port) return
      window.removeEventListener('message', take)
      resolve(port)
    }
    window.addEventListener('message', take)
    callDesktop(bridge, 'studio.connect', {}).catch(reject)
  })
}
