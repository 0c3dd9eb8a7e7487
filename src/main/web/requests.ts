/** Answers the server's plain requests: the first visit, the window's files, and assets. */
import { createReadStream } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { StudioHost } from '../studio/api/host.ts'
import type { Page } from '../studio/api/pages.ts'
import { PAGE_HEADERS } from '../studio/api/pages.ts'
import type { Access } from './access.ts'

export interface Site {
  readonly host: StudioHost
  readonly access: Access
  readonly pages: ReadonlyMap<string, Page>
}

export async function respond(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value)
  const { access } = site
  if (!access.isOurHost(request)) return say(response, 403, 'This is not an address of the studio.')
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return say(response, 405, 'Only GET and HEAD are allowed.')
  if (!access.isAskedByUs(request)) return say(response, 403, 'Other pages may not access the studio.')
  const url = parse(request)
  if (url === null) return say(response, 400, 'This is not a valid address.')
  const token = url.pathname === '/' ? url.searchParams.get('token') : null
  // An address of an earlier start, from the history: the cookie is still valid.
  const isIn = access.hasSession(request)
  if (token !== null)
    return access.admits(token) || isIn ? letIn(access, response) : say(response, 403, WRONG_TOKEN)
  if (!isIn) return say(response, 401, NO_SESSION)
  if (url.pathname.startsWith('/asset/')) return sendAsset(site.host, url, request, response)
  const page = site.pages.get(url.pathname)
  if (page !== undefined) return sendPage(page, request, response)
  say(response, 404, 'There is nothing at this address.')
}

const NO_SESSION =
  'This browser is not logged in to the studio. Open the address that the studio printed in the terminal where it was started; it contains the key.\n' +
  'If that terminal is gone: start the studio again with fcos serve, and open the address that it prints.'
const WRONG_TOKEN =
  'This key was already used, or belongs to an earlier start of the studio. Open the address that the studio printed this time.'

/** Null if it is not a path, such as `*` or a proxy's http://elsewhere/, which does not form an address after our port. */
function parse({ url, headers: { host } }: IncomingMessage): URL | null {
  return URL.parse(`http://${host}${url}`)
}

/**
 * A page of ours, not a redirect, leads the browser to the window. After a link from another site, a redirect would still
 * count as a request of that site and omit the cookie. In neither case does the address with the token stay in the history.
 */
function letIn(access: Access, response: ServerResponse): void {
  response.setHeader('set-cookie', access.cookie)
  response.setHeader('cache-control', 'no-store')
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(GO_ON)
}

/** Without this icon the browser would request one that does not exist. */
const GO_ON =
  '<!doctype html><meta http-equiv="refresh" content="0; url=/"><link rel="icon" href="data:,"><title>FCOS Studio</title>'

function sendPage({ body, headers }: Page, request: IncomingMessage, response: ServerResponse): void {
  if (request.headers['if-none-match'] === headers.etag) {
    response.writeHead(304, headers).end()
    return
  }
  response.writeHead(200, { ...headers, 'content-length': body.length })
  response.end(request.method === 'HEAD' ? undefined : body)
}

async function sendAsset(
  host: StudioHost,
  { pathname, searchParams }: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // The window has scrolled on and no longer needs this picture.
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    const knownTag = request.headers['if-none-match']
    const asset = await host.respond(pathname, searchParams, gone.signal, knownTag)
    response.writeHead(asset.status, { ...asset.headers, 'content-type': asset.type })
    if (Buffer.isBuffer(asset.body)) response.end(asset.body)
    else await pipeline(createReadStream(asset.body.file), response)
  } catch {
    response.destroy()
  }
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  response.end(`${text}\n`)
}
