/**
 * Restricts access to the server. It listens only on loopback, but any page in any browser on this machine can send requests
 * to it, and so can other users of the machine. Therefore:
 *
 * - Host must be our own address, so that a name that an attacker's DNS resolves to 127.0.0.1 is refused.
 * - The first visit sends the token of the printed URL and gets a session cookie, HttpOnly and SameSite=Strict, which pages,
 *   images and the WebSocket require. Its name contains the port, so that two studios do not log each other out. A browser
 *   that the studio opens gets a single-use key, since other users can read command lines.
 * - A WebSocket's Origin must be ours. If the browser sends Sec-Fetch-Site, pages on other ports of this host are refused
 *   too, because for cookies they are the same site.
 *
 * The session is this user's and outlives the studio (kept-login.ts), so that open pages go on after a restart.
 *
 * The remaining risk: a browser also sends the cookie to other servers on 127.0.0.1 that the user visits, since cookies
 * ignore ports. Such a server is run by a user of this machine; if it is not trusted, it should not be visited. Pages that
 * wait for a stopped studio look for it without the cookie.
 */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { newSecret } from './kept-login.ts'

export class Access {
  readonly #token = newSecret()
  readonly #session: string
  readonly #tickets = new Set<string>()
  readonly #port: number

  constructor(port: number, session: string) {
    this.#port = port
    this.#session = session
  }

  /** The address to open first. */
  get url(): string {
    return this.#visit(this.#token)
  }

  /** The same, valid for one visit. */
  ticketUrl(): string {
    const ticket = newSecret()
    this.#tickets.add(ticket)
    return this.#visit(ticket)
  }

  get cookie(): string {
    return `${this.#cookieName}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`
  }

  isOurHost({ headers: { host } }: IncomingMessage): boolean {
    return host === `127.0.0.1:${this.#port}` || host === `localhost:${this.#port}`
  }

  /** For a request that passed isOurHost. */
  isOurOrigin({ headers: { host, origin } }: IncomingMessage): boolean {
    return origin === `http://${host}`
  }

  /** False if another page embeds or fetches this; following a link to us is allowed. */
  isAskedByUs({ headers }: IncomingMessage): boolean {
    const site = headers['sec-fetch-site']
    if (site === undefined || site === 'same-origin' || site === 'none') return true
    return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  }

  /** Whether this token or key is valid. */
  admits(key: string): boolean {
    return equal(key, this.#token) || this.#tickets.delete(key)
  }

  hasSession({ headers: { cookie = '' } }: IncomingMessage): boolean {
    return cookie.split('; ').some((pair) => equal(pair, `${this.#cookieName}=${this.#session}`))
  }

  #visit(key: string): string {
    return `http://127.0.0.1:${this.#port}/?token=${key}`
  }

  get #cookieName(): string {
    return `fcos-${this.#port}`
  }
}

function equal(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
