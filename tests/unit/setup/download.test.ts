import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/core/errors.ts'
import { mulberry32 } from '../../../src/core/random.ts'
import { downloadFile } from '../../../src/main/setup/download.ts'

const random = mulberry32(7)
const CONTENT = Buffer.from(Uint8Array.from({ length: 300_000 }, () => random() * 256))
const sha256 = createHash('sha256').update(CONTENT).digest('hex')

type Handler = (request: IncomingMessage, response: ServerResponse, start: number) => void

/** Serves ranges as a well-behaved server does, at most `limit` bytes before it breaks the connection. */
const ranges =
  (limit = Number.POSITIVE_INFINITY, content = CONTENT): Handler =>
  (_request, response, start) => {
    if (start >= content.length) return void response.writeHead(416).end()
    const rest = content.subarray(start)
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': rest.length,
      ...(start > 0 && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
    })
    if (rest.length <= limit) response.end(rest)
    else response.write(rest.subarray(0, limit), () => setTimeout(() => response.destroy(), 20))
  }

describe('downloading', () => {
  const requests: string[] = []
  const routes = new Map<string, Handler>()
  const server = createServer((request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    requests.push(`${request.url} ${start}`)
    routes.get(request.url!)!(request, response, start)
  })
  let folder: string
  let file: string
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'fcos-download-'))
    file = path.join(folder, 'weights/model.pth')
    requests.length = 0
    routes.clear()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    rmSync(folder, { recursive: true })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  const serve = (url: string, handler: Handler): string => {
    routes.set(url, handler)
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}${url}`
  }
  const failure = async (urls: string[], more = {}): Promise<CodedError> => {
    const error = await downloadFile({ urls, file, sha256, ...more }).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(CodedError)
    expect(existsSync(file)).toBe(false)
    return error as CodedError
  }
  const expectContent = () => {
    expect(readFileSync(file).equals(CONTENT)).toBe(true)
    expect(readdirSync(path.dirname(file))).toEqual(['model.pth'])
  }

  it('brings the file, with progress', async () => {
    const seen: [number, number | undefined][] = []
    await downloadFile({
      urls: [serve('/a', ranges())],
      file,
      sha256,
      onProgress: (...now) => seen.push(now),
    })
    expectContent()
    expect(seen.at(-1)).toEqual([CONTENT.length, CONTENT.length])
  })

  it('resumes where the connection broke', async () => {
    await downloadFile({ urls: [serve('/a', ranges(120_000))], file, sha256 })
    expectContent()
    expect(requests).toEqual(['/a 0', '/a 120000', '/a 240000'])
  })

  it('resumes a download of an earlier process, at another source', async () => {
    const broken = serve('/gone', (_request, response, start) =>
      requests.length === 1 ? ranges(100_000)(_request, response, start) : response.destroy(),
    )
    await failure([broken])
    expect(readFileSync(`${file}.part`).length).toBe(100_000)
    await downloadFile({ urls: [serve('/b', ranges())], file, sha256 })
    expectContent()
    expect(requests.at(-1)).toBe('/b 100000')
  })

  it('starts over where the server knows no ranges', async () => {
    const all: Handler = (_request, response) => response.writeHead(200).end(CONTENT)
    await failure([
      serve('/gone', (...args) => (requests.length === 1 ? ranges(100_000)(...args) : args[1].destroy())),
    ])
    await downloadFile({ urls: [serve('/a', all)], file, sha256 })
    expectContent()
    expect(requests.filter((request) => request.startsWith('/a'))).toHaveLength(1)
  })

  it('finishes a part that was whole already', async () => {
    await failure([serve('/404', (_request, response) => response.writeHead(404).end())])
    writeFileSync(`${file}.part`, CONTENT)
    await downloadFile({ urls: [serve('/a', ranges())], file, sha256 })
    expectContent()
  })

  it('replaces a part whose beginning was wrong', async () => {
    await failure([serve('/404', (_request, response) => response.writeHead(404).end())])
    writeFileSync(`${file}.part`, Buffer.alloc(50_000))
    await downloadFile({ urls: [serve('/a', ranges())], file, sha256 })
    expectContent()
    expect(requests.slice(1)).toEqual(['/a 50000', '/a 0'])
  })

  it('goes to the second source after a 404, a wrong hash or silence', async () => {
    const missing = serve('/404', (_request, response) => response.writeHead(404).end('not here'))
    const wrong = serve('/wrong', ranges(Number.POSITIVE_INFINITY, Buffer.alloc(1000)))
    const silent = serve('/silent', (_request, response) => response.writeHead(200).flushHeaders())
    await downloadFile({ urls: [missing, wrong, silent, serve('/a', ranges())], file, sha256, idleMs: 300 })
    expectContent()
  })

  it('throws a wrong file away', async () => {
    const error = await failure([serve('/wrong', ranges(Number.POSITIVE_INFINITY, Buffer.alloc(1000)))])
    expect(error.code).toBe('RUNTIME_WRONG_HASH')
    expect(readdirSync(path.dirname(file))).toEqual([])
  })

  it('offline: names what every source answered, and how to bring the file by hand', async () => {
    const error = await failure([
      'http://127.0.0.1:9/a',
      serve('/404', (_request, response) => response.writeHead(404).end()),
    ])
    expect(error.code).toBe('RUNTIME_NO_NETWORK')
    expect(error.message).toMatch(/127\.0\.0\.1:9: .+; 127\.0\.0\.1:\d+: HTTP status 404/)
    expect(error.remedy).toContain(`put it at ${file}`)
  })

  it('gives up a source that keeps breaking off', async () => {
    const error = await failure([serve('/drip', ranges(10))])
    expect(error.code).toBe('RUNTIME_NO_NETWORK')
    expect(requests).toHaveLength(4)
  })
})
