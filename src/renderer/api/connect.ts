/** Connects to the studio: over Electron's port if there is one, else over a WebSocket to the page's server. */
import { createClient, type StudioClient } from '../../core/contract/wire.ts'
import { openDesktopChannel } from './desktop-channel.ts'
import { bridge } from './desktop-client.ts'
import { openSocket } from './socket-channel.ts'

export async function connect(): Promise<StudioClient> {
  return createClient(
    await (bridge ? openDesktopChannel(bridge) : openSocket(new URL('/studio', location.href))),
  )
}
