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
  readonly #patienceMs: number

  /**
   * @param address as rayAddress has it.
   * @param patienceMs how long a network may be away before following ends.
   */
  constructor(address: string, patienceMs = AWAY_MS) {
    this.#address = address
    this.#patienceMs = patienceMs
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
   * Waits until a job ends. What it does meanwhile is in its folder; `look` is called whenever there may be more of it. A network
   * that is cut for a while is waited for.
   *
   * @returns how it ended, and the last line that it printed.
   * @throws CodedError ENGINE_CLUSTER; ENGINE_CLUSTER_AWAY, saying that the job goes on.
   */
  async ended(id: string, look: () => void): Promise<{ readonly status: string; readonly last: string }> {
    for (let lastHeard = Date.now(); ; ) {
      look()
      try {
        const { status, message } = await this.status(id)
        lastHeard = Date.now()
        if (status !== 'PENDING' && status !== 'RUNNING') {
          // What it wrote before it ended.
          look()
          return { status, last: (await this.#lastLine(id)) || message || status.toLowerCase() }
        }
      } catch (error) {
        const isAway = error instanceof CodedError && error.code === 'ENGINE_CLUSTER_AWAY'
        if (!isAway) throw error
        if (Date.now() - lastHeard > this.#patienceMs) {
          const remedy = 'The job goes on there: the same command, or `fcos job follow`, goes on following it'
          throw new CodedError(error.code, error.message, remedy)
        }
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  /** Of what it printed; empty where that cannot be had. */
  async #lastLine(id: string): Promise<string> {
    const { logs } = await this.#call('GET', `/api/jobs/${id}/logs`, Logs).catch(() => ({ logs: '' }))
    const lines = logs.split('\n').map((line) => line.trim())
    return lines.findLast((line) => line !== '') ?? ''
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
    if (status === 404) {
      throw new CodedError(
        'ENGINE_CLUSTER_UNKNOWN',
        `The Ray cluster at ${this.#address} does not know ${route}`,
        'Give the address of the dashboard, port 8265. A cluster that was started anew has forgotten its jobs: run the job again to go on',
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
