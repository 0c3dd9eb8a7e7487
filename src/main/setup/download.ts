/**
 * Downloads one file over HTTP: from several sources in turn, resuming after interruptions, and accepting only the right
 * hash.
 */

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
  /** Bytes so far, and the total if the server reports it. */
  readonly onProgress?: (received: number, total: number | undefined) => void
  /** A connection that delivers nothing for this long is closed. */
  readonly idleMs?: number
}

/** How often a download from one source may be resumed. */
const ATTEMPTS = 4

/**
 * Puts the file in place, complete and checked, or throws and leaves `file` as it was. An interrupted download is kept
 * beside it as `.part`, for the next attempt.
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
      // The same source is only retried if the connection delivered something before it broke.
      if (isDiskFull(error) || attempt === ATTEMPTS || sizeOf(part) <= resumedFrom) throw error
      continue
    }
    const digest = await sha256OfFile(part)
    if (digest === download.sha256) return
    rmSync(part)
    // The beginning may have come from another source, so this one is judged by a complete download.
    if (resumedFrom > 0 && attempt < ATTEMPTS) continue
    throw new CodedError(
      'RUNTIME_WRONG_HASH',
      `${url} served a file with the SHA-256 ${digest}, not ${download.sha256}`,
      'It was discarded: try again on a network that you trust',
    )
  }
}

/**
 * Appends to `part` what the server sends from `start`; a server without range requests sends everything from the beginning.
 */
async function fetchRest(url: string, part: string, start: number, download: Download): Promise<void> {
  const silence = new AbortController()
  const idle = setTimeout(() => silence.abort(new Error('no data for too long')), download.idleMs ?? 30_000)
  try {
    const headers = { 'accept-encoding': 'identity', ...(start > 0 && { range: `bytes=${start}-` }) }
    const response = await fetch(url, { headers, signal: silence.signal })
    // Nothing is left to send: the part is complete, and its hash decides.
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
      throw new Error(`the connection was lost after ${received} bytes`)
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
    `The disk is full or a size limit was reached while downloading ${path.basename(file)}`,
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

/** fetch() puts the network's message into `cause`. */
function reason(error: unknown): string {
  const { cause, message } = error as Error
  return cause instanceof Error ? (cause as NodeJS.ErrnoException).code || cause.message : message
}
