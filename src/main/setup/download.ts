/** Downloads one file over HTTP: several sources in turn, resumed where it broke off, believed only with the right hash. */

import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { CodedError } from '../../core/errors.ts'
import { sha256OfFile } from './wheel.ts'

export interface Download {
  /** Tried in order; all serve the same bytes. */
  readonly urls: readonly string[]
  readonly file: string
  /** In hex. */
  readonly sha256: string
  /** Bytes so far, and in all where the server says so. */
  readonly onProgress?: (received: number, total: number | undefined) => void
  /** A connection that delivers nothing for this long is given up. */
  readonly idleMs?: number
}

/** How often one source may break off and be resumed. */
const ATTEMPTS = 4

/**
 * Puts the file in place, complete and checked, or throws and leaves `file` as it was. What a broken download brought
 * stays beside it as `.part`, for the next try.
 * @throws CodedError RUNTIME_WRONG_HASH, RUNTIME_NO_NETWORK (with each source's answer) or RUNTIME_DISK_FULL
 */
export async function downloadFile(download: Download): Promise<void> {
  const { urls, file } = download
  const part = `${file}.part`
  mkdirSync(path.dirname(file), { recursive: true })
  const refusals: string[] = []
  let wrong: CodedError | undefined
  for (const url of urls) {
    try {
      await fetchInParts(url, part, download)
      renameSync(part, file)
      return
    } catch (error) {
      if (isDiskFull(error)) {
        rmSync(part, { force: true })
        throw diskFull(file, error)
      }
      if (error instanceof CodedError) wrong = error
      else refusals.push(`${new URL(url).host}: ${reason(error)}`)
    }
  }
  throw wrong ?? unreachable(file, urls, refusals)
}

async function fetchInParts(url: string, part: string, download: Download): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const resumedFrom = sizeOf(part)
    try {
      await fetchRest(url, part, resumedFrom, download)
    } catch (error) {
      // Only a connection that broke after delivering something is worth the same source again.
      if (isDiskFull(error) || attempt === ATTEMPTS || sizeOf(part) <= resumedFrom) throw error
      continue
    }
    const digest = await sha256OfFile(part)
    if (digest === download.sha256) return
    rmSync(part)
    // The beginning may have come from elsewhere: judge the source by a download of its own.
    if (resumedFrom > 0 && attempt < ATTEMPTS) continue
    throw new CodedError(
      'RUNTIME_WRONG_HASH',
      `${url} served a file with the SHA-256 ${digest}, not ${download.sha256}`,
      'It was thrown away: try again on a network that you trust',
    )
  }
}

/** Appends to `part` what the server has from `start` on; a server without ranges sends it all, from the beginning. */
async function fetchRest(url: string, part: string, start: number, download: Download): Promise<void> {
  const silence = new AbortController()
  const idle = setTimeout(() => silence.abort(new Error('no data for too long')), download.idleMs ?? 30_000)
  try {
    const headers = { 'accept-encoding': 'identity', ...(start > 0 && { range: `bytes=${start}-` }) }
    const response = await fetch(url, { headers, signal: silence.signal })
    // Nothing is left to send: the part is whole, and its hash decides.
    if (response.status === 416) return
    if (!response.ok || !response.body) throw new Error(`HTTP status ${response.status}`)
    const resumed = response.status === 206 && contentStart(response) === start
    if (response.status === 206 && !resumed) throw new Error('the server answered with another range')
    let received = resumed ? start : 0
    const length = Number(response.headers.get('content-length')) || undefined
    const total = length && received + length
    const handle = await open(part, resumed ? 'a' : 'w')
    try {
      for await (const chunk of response.body) {
        idle.refresh()
        await handle.appendFile(chunk)
        received += chunk.length
        download.onProgress?.(received, total)
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (total !== undefined && received < total)
      throw new Error(`the connection broke off at ${received} bytes`)
  } finally {
    clearTimeout(idle)
  }
}

function contentStart(response: Response): number {
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1])
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '')
}

function diskFull(file: string, cause: unknown): CodedError {
  return new CodedError(
    'RUNTIME_DISK_FULL',
    `The disk is full or a size limit was met while downloading ${path.basename(file)}`,
    'Free some space, or set FCOS_CACHE to a folder on another disk, and try again',
    { cause },
  )
}

function unreachable(file: string, urls: readonly string[], refusals: readonly string[]): CodedError {
  return new CodedError(
    'RUNTIME_NO_NETWORK',
    `${path.basename(file)} could not be downloaded (${refusals.join('; ')})`,
    `Check the network and try again, or fetch ${urls[0]} elsewhere and put it at ${file}`,
  )
}

/** fetch() hides the network's own words in `cause`. */
function reason(error: unknown): string {
  const { cause, message } = error as Error
  return cause instanceof Error ? (cause as NodeJS.ErrnoException).code || cause.message : message
}
