/**
 * Who may talk to the server. It listens on loopback only; but any page in any browser on this machine can send requests
 * there, and other users of the machine can too. So:
 *
 * - Host must be our own address: a name that an attacker's DNS turned to 127.0.0.1 is refused.
 * - The first visit brings the token of the printed URL and gets a session cookie, HttpOnly and SameSite=Strict, that pages,
 *   pictures and the WebSocket need. Its name holds the port, so that two studios do not log each other out. A browser that
 *   the studio opens itself gets a key for one visit, since other users can read command lines.
 * - A WebSocket's Origin must be ours; and where the browser says who asks (Sec-Fetch-Site), pages of other ports of this
 *   host get nothing either: they are the same site for cookies.
 *
 * What remains: a browser sends the cookie to other servers on 127.0.0.1 that its user visits, since cookies know no ports.
 * Such a server is a program of this machine's users; one that is not trusted should not be visited.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const secret = (): string => randomBytes(32).toString('base64url')

export class Access {
  readonly #token = secret()
  readonly #session = secret()
  readonly #tickets = new Set<string>()
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  /** What to open at first. */
  get url(): string {
    return this.#visit(this.#token)
  }

  /** The same, good for one visit. */
  ticketUrl(): string {
    const ticket = secret()
    this.#tickets.add(ticket)
    return this.#visit(ticket)
  }

  get cookie(): string {
    return `${this.#cookieName}=${this.#session}; Path=/; HttpOnly; SameSite=Strict`
  }

  isOurHost({ headers: { host } }: IncomingMessage): boolean {
    return host === `127.0.0.1:${this.#port}` || host === `localhost:${this.#port}`
  }

  /** Of a request that isOurHost. */
  isOurOrigin({ headers: { host, origin } }: IncomingMessage): boolean {
    return origin === `http://${host}`
  }

  /** False for what another page embeds or fetches; following a link to us is no such thing. */
  isAskedByUs({ headers }: IncomingMessage): boolean {
    const site = headers['sec-fetch-site']
    if (site === undefined || site === 'same-origin' || site === 'none') return true
    return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  }

  /** Whether this lets somebody in. */
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
