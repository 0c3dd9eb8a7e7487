/**
 * A Ray cluster's Jobs API (docs.ray.io, "Ray Jobs REST API"). Nothing is uploaded: a job lies on storage that the cluster sees,
 * so that Ray's limit of 100 MiB for uploads is never met.
 */
import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { homedir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { NEEDED } from '../../core/contract/job.ts'
import { CodedError } from '../../core/errors.ts'
import { isOlder } from './python.ts'

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/
const LOOK_MS = 1000
/** A network may be away this long before following ends; the job goes on. */
const AWAY_MS = 120_000
const ANSWER_MS = 30_000
const Version = z.object({ ray_version: z.string() })
const Submission = z.object({ submission_id: z.string() })
const Status = z.object({
  status: z.enum(['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'STOPPED']),
  message: z.string().nullish(),
})
const Logs = z.object({ logs: z.string() })

/** "ray+http://127.0.0.1:8265" → "http://127.0.0.1:8265". Throws USAGE_ON. */
export function rayAddress(on: string): string {
  const url = URL.canParse(on) ? new URL(on) : null
  if (url?.protocol !== 'ray+http:' && url?.protocol !== 'ray+https:') {
    throw new CodedError('USAGE_ON', `${on} is no address of a Ray cluster`, 'Give ray+https://HOST:8265')
  }
  const http = new URL(on.slice('ray+'.length))
  if (http.protocol === 'http:' && !LOOPBACK.test(http.hostname)) {
    throw new CodedError(
      'USAGE_ON',
      `${on} would send the token and the commands unencrypted over the network`,
      'Use ray+https://, or a tunnel to 127.0.0.1 (ssh -L 8265:127.0.0.1:8265 HOST)',
    )
  }
  return http.origin
}

/** Where Ray itself looks for it. Never written into a job. */
function token(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.RAY_AUTH_TOKEN) return env.RAY_AUTH_TOKEN.trim()
  try {
    return readFileSync(env.RAY_AUTH_TOKEN_PATH ?? path.join(homedir(), '.ray', 'auth_token'), 'utf8').trim()
  } catch {
    return undefined
  }
}

export class RayCluster {
  readonly #address: string

  /** @param address as rayAddress has it. */
  constructor(address: string) {
    this.#address = address
  }

  /** Its version. @throws CodedError ENGINE_CLUSTER, RUNTIME_RAY for one that is too old. */
  async version(): Promise<string> {
    const { ray_version: version } = await this.#call('GET', '/api/version', Version)
    if (!isOlder(version, NEEDED.ray)) return version
    const why = `${this.#address} runs Ray ${version}, older than ${NEEDED.ray}`
    throw new CodedError('RUNTIME_RAY', why, 'Update Ray on the cluster')
  }

  /** @returns the submission's id. */
  async submit(entrypoint: string, env: Readonly<Record<string, string>>): Promise<string> {
    const body = { entrypoint, runtime_env: { env_vars: env }, metadata: { program: 'fcos-studio' } }
    return (await this.#call('POST', '/api/jobs/', Submission, body)).submission_id
  }

  async stop(id: string): Promise<void> {
    await this.#call('POST', `/api/jobs/${id}/stop`, z.unknown())
  }

  status(id: string): Promise<z.infer<typeof Status>> {
    return this.#call('GET', `/api/jobs/${id}`, Status)
  }

  /**
   * Tells each line of a job's log once, until it ends. A network that is cut for a while is waited for.
   *
   * @throws CodedError ENGINE_CLUSTER, saying that the job goes on; the signal's reason.
   */
  async follow(
    id: string,
    onLine: (line: string) => void,
    signal?: AbortSignal,
  ): Promise<z.infer<typeof Status> & { readonly last: string }> {
    let told = 0
    let last = ''
    let lastHeard = Date.now()
    for (;;) {
      signal?.throwIfAborted()
      try {
        const status = await this.status(id)
        const { logs } = await this.#call('GET', `/api/jobs/${id}/logs`, Logs)
        lastHeard = Date.now()
        const lines = logs.split('\n')
        for (const line of lines.slice(told, -1)) {
          onLine(line)
          if (line.trim() !== '') last = line.trim()
        }
        told = Math.max(told, lines.length - 1)
        if (status.status !== 'PENDING' && status.status !== 'RUNNING') return { ...status, last }
      } catch (error) {
        const isAway = error instanceof CodedError && error.code === 'ENGINE_CLUSTER_AWAY'
        if (!isAway) throw error
        if (Date.now() - lastHeard > AWAY_MS) {
          throw new CodedError(
            error.code,
            error.message,
            'The job goes on there: `fcos job follow` goes on following it',
          )
        }
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  async #call<T>(method: 'GET' | 'POST', route: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
    const { status, text } = await this.#ask(
      method,
      route,
      body === undefined ? undefined : JSON.stringify(body),
    )
    if (status === 401 || status === 403) {
      throw new CodedError(
        'ENGINE_CLUSTER',
        `The Ray cluster at ${this.#address} refuses the token (${status})`,
        "Set RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH to the cluster's token",
      )
    }
    if (status !== 200) {
      const why = text.replaceAll(/\s+/g, ' ').slice(0, 200)
      throw new CodedError(
        'ENGINE_CLUSTER',
        `The Ray cluster at ${this.#address} answered ${status}: ${why}`,
        'Look at its dashboard',
      )
    }
    const parsed = schema.safeParse(parse(text))
    if (parsed.success) return parsed.data
    throw new CodedError(
      'ENGINE_CLUSTER',
      `${this.#address} does not answer as Ray's Jobs API does`,
      'Give the address of the dashboard, port 8265',
    )
  }

  /** Not fetch: its Sec-Fetch-Mode header makes Ray take this program for a browser, which it answers with 405. */
  #ask(method: string, route: string, body?: string): Promise<{ status: number; text: string }> {
    const bearer = token()
    const headers = {
      ...(bearer && { authorization: `Bearer ${bearer}` }),
      ...(body !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
    }
    const send = this.#address.startsWith('https:') ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const away = (cause: Error): void =>
        reject(
          new CodedError(
            'ENGINE_CLUSTER_AWAY',
            `The Ray cluster at ${this.#address} cannot be reached (${(cause as NodeJS.ErrnoException).code ?? cause.message})`,
            'Check the address, and that the cluster runs',
            { cause },
          ),
        )
      const asked = send(`${this.#address}${route}`, { method, headers, timeout: ANSWER_MS }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
        )
        answer.on('error', away)
      })
      asked.on('timeout', () => asked.destroy(new Error('no answer')))
      asked.on('error', away)
      asked.end(body)
    })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
