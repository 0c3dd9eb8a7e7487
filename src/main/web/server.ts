/**
 * The studio for a browser on this machine: the built window, its pictures below /asset/, and a WebSocket at /studio that
 * speaks core/contract/wire.ts. access.ts restricts access.
 *
 * No path of a request reaches the file system: pages are held in memory, and assets are named by the ids of the open
 * project. Calls such as project.open, project.export or folders.list do name local files, since the product works on its
 * user's files. Only a window with the session can make calls; parameters are validated by schemas; a folder is opened as a
 * project or listed by the kinds of files that the studio knows; and files are never served by path.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CodedError } from '../../core/errors.ts'
import type { StudioHost } from '../studio/api/host.ts'
import { readPages } from '../studio/api/pages.ts'
import { Access } from './access.ts'
import { type KeptLogin, newSecret } from './kept-login.ts'
import { respond } from './requests.ts'
import { Windows } from './windows.ts'

/** A browser opens six per window besides the WebSocket. */
const MOST_CONNECTIONS = 256
/** How long windows have to confirm the closing of their connection. */
const FAREWELL_MS = 500

export interface StudioServer {
  readonly port: number
  /** The address to open in a browser, with the token. */
  readonly url: string
  /** The same for a browser that gets it on its command line: valid for one visit. */
  ticketUrl(): string
  /** Closes all connections. The host keeps running. */
  close(): Promise<void>
}

export interface ServerOptions {
  readonly host: StudioHost
  /** The built window's folder. */
  readonly pagesFolder: string
  /** 0: any free port. Left out: that of an earlier start which `login` knows, else any. */
  readonly port?: number | undefined
  /** Left out: browsers are logged out when the server closes. */
  readonly login?: KeptLogin
}

/** Throws USAGE_PORT. */
export async function openServer({
  host,
  pagesFolder,
  port: wanted,
  login,
}: ServerOptions): Promise<StudioServer> {
  const pages = readPages(pagesFolder)
  const server = createServer()
  server.maxConnections = MOST_CONNECTIONS
  const port =
    wanted === undefined && login ? await listenAgain(server, login) : await listen(server, wanted ?? 0)
  const access = new Access(port, login?.session ?? newSecret())
  const windows = new Windows(host, access)
  server.on('request', (request, response) => respond({ host, access, pages }, request, response))
  server.on('upgrade', (request, stream, head) => windows.upgrade(request, stream, head))
  return {
    port,
    url: access.url,
    ticketUrl: () => access.ticketUrl(),
    async close() {
      const closed = once(server, 'close')
      server.close()
      windows.leave()
      const late = setTimeout(() => {
        windows.terminate()
        server.closeAllConnections()
      }, FAREWELL_MS)
      await closed
      clearTimeout(late)
    },
  }
}

/** On the first port of an earlier start that is free: another studio may have the others. */
async function listenAgain(server: Server, login: KeptLogin): Promise<number> {
  for (const port of login.ports) {
    try {
      return await listen(server, port)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
    }
  }
  const port = await listen(server, 0)
  login.add(port)
  return port
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch (cause) {
    const reason = (cause as Error).message
    throw new CodedError(
      'USAGE_PORT',
      `Port ${port} is not available: ${reason}`,
      'Choose another port, or 0 for any free one',
      {
        cause,
      },
    )
  }
  return (server.address() as AddressInfo).port
}
