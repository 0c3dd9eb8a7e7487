/** The program's scheme. Chromium cannot learn one from outside, so its pages see `https://HOST.SCHEME` instead. */

type Handler = (request: Request) => Response | Promise<Response>

const privileged = new Set<string>()
const handlers = new Map<string, Handler>()

export const protocol = {
  registerSchemesAsPrivileged(
    schemes: readonly { scheme: string; privileges: { standard?: boolean } }[],
  ): void {
    for (const { scheme, privileges } of schemes) if (privileges.standard) privileged.add(scheme)
  },
  handle(scheme: string, handler: Handler): void {
    if (!privileged.has(scheme)) throw new Error(`${scheme}: is no standard scheme`)
    if (handlers.has(scheme)) throw new Error(`Failed to register protocol: ${scheme}`)
    handlers.set(scheme, handler)
  },
}

export const net = { fetch: (url: string): Promise<Response> => answer(new Request(url)) }

export async function answer(request: Request): Promise<Response> {
  const handler = handlers.get(new URL(request.url).protocol.slice(0, -1))
  if (!handler) throw new Error(`Nobody answers ${request.url}`)
  return handler(request)
}

/** As Chromium sees it: app://studio/x → https://studio.app/x */
export function outward(url: string): string {
  const [, scheme, rest] = /^(\w+):\/\/(.*)$/.exec(url) ?? []
  if (!scheme || !handlers.has(scheme)) return url
  const [host, ...path] = rest!.split('/')
  return `https://${host}.${scheme}/${path.join('/')}`
}

/** As the program sees it. */
export function inward(url: string): string {
  const [, host, scheme, path] = /^https:\/\/([^/]*)\.(\w+)(\/.*)$/.exec(url) ?? []
  return scheme && handlers.has(scheme) ? `${scheme}://${host}${path}` : url
}
