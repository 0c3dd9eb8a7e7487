/**
 * What lets a page go on after the studio was restarted: the session that its cookie proves, and the ports of earlier starts.
 * Kept in a file that only this user can read. Deleting the file logs all browsers out at the next start.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { CodedError } from '../../core/errors.ts'
import { replaceFileSync } from '../files/replace-file.ts'

const File = z.strictObject({
  session: z.string().regex(/^[\w-]{43}$/),
  /** In the order in which they are tried: studios that run side by side have one each. */
  ports: z.array(z.int().min(1).max(65_535)),
})
type File = z.infer<typeof File>

const MOST_PORTS = 8
const OWNER_ONLY = 0o600

/** 256 random bits, in 43 letters that URLs and cookies may contain. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

export class KeptLogin {
  readonly #path: string
  #content: File

  /** @param folder of this user's settings. A file that is damaged, or that others may read, is replaced. */
  constructor(folder: string) {
    this.#path = join(folder, 'browser-login.json')
    const known = read(this.#path)
    this.#content = known ?? { session: newSecret(), ports: [] }
    if (!known) this.#write()
  }

  get session(): string {
    return this.#content.session
  }

  get ports(): readonly number[] {
    return this.#content.ports
  }

  /** Puts a port at the end of those that are tried. */
  add(port: number): void {
    this.#content = { ...this.#content, ports: [...this.ports, port].slice(-MOST_PORTS) }
    this.#write()
  }

  /** Where it cannot be written, the login holds until the studio ends. */
  #write(): void {
    try {
      mkdirSync(dirname(this.#path), { recursive: true })
      replaceFileSync(this.#path, JSON.stringify(this.#content), OWNER_ONLY)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
    }
  }
}

function read(path: string): File | undefined {
  try {
    const { mode, uid } = statSync(path)
    // On Windows the folder's permissions protect it, and these say nothing.
    const isOurs = process.platform === 'win32' || ((mode & 0o077) === 0 && uid === process.getuid!())
    return isOurs ? File.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined
  } catch {
    return undefined
  }
}
