/** The way to the studio: Electron's port where there is one, else the WebSocket of the server that the page came from. */
import { createClient, type StudioClient } from '../../core/contract/wire.ts'
import { openDesktopChannel } from './desktop-channel.ts'
import { bridge } from './desktop-client.ts'
import { openSocket } from './socket-channel.ts'

export async function connect(): Promise<StudioClient> {
  return createClient(
    await (bridge ? openDesktopChannel(bridge) : openSocket(new URL('/studio', location.href))),
  )
}
