/** Answers the requests of windows: the built pages, the page shown after a crash, and images by id. */
import { readFile } from 'node:fs/promises'
import { protocol } from 'electron'
import type { StudioHost } from '../studio/api/host.ts'
import type { Page } from '../studio/api/pages.ts'
import { PAGE_HEADERS } from '../studio/api/pages.ts'
import { isOurs, SCHEME } from './origin.ts'

/** Called before the app is ready. Standard and secure: URLs have an origin, and pages are trusted as with https. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ])
}

/** @param pages by path, held in memory, so that no path of a request reaches the file system. */
export function servePages(host: StudioHost, pages: ReadonlyMap<string, Page>): void {
  protocol.handle(SCHEME, async (request) => {
    const response = await answer(request, host, pages)
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.headers.set(name, value)
    return response
  })
}

async function answer(
  request: Request,
  host: StudioHost,
  pages: ReadonlyMap<string, Page>,
): Promise<Response> {
  if (!isOurs(request.url)) return new Response(null, { status: 404 })
  if (request.method !== 'GET') return new Response(null, { status: 405 })
  const { pathname, searchParams } = new URL(request.url)
  if (pathname.startsWith('/asset/')) return asset(request, host, pathname, searchParams)
  const page = pages.get(pathname)
  if (page === undefined) return new Response(null, { status: 404 })
  return new Response(new Uint8Array(page.body), { headers: page.headers })
}

async function asset(
  { signal, headers }: Request,
  host: StudioHost,
  path: string,
  query: URLSearchParams,
): Promise<Response> {
  const knownTag = headers.get('if-none-match') ?? undefined
  const { status, type, headers: more, body } = await host.respond(path, query, signal, knownTag)
  if (status === 304) return new Response(null, { status, headers: { ...more } })
  const bytes = Buffer.isBuffer(body) ? body : await readFile(body.file)
  return new Response(new Uint8Array(bytes), { status, headers: { ...more, 'content-type': type } })
}
