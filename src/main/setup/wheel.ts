/** Fetches Python wheels with pip, checks their hashes, and unpacks the few files that are needed. */

import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { CodedError } from '../../core/errors.ts'
import { type RunResult, run } from '../process/run.ts'

export interface Wheel {
  /** pip's requirement, `name==version`. */
  readonly requirement: string
  /** pip's platform tags; none for a wheel that fits every platform. */
  readonly tags: readonly string[]
  readonly sha256: string
}

/**
 * Downloads `wheel` by name, checks it and unpacks the members that match `patterns` (shell patterns whose `*` also matches
 * `/`) into `folder`. The wheel itself is deleted.
 */
export async function unpackWheel(
  python: string,
  wheel: Wheel,
  patterns: readonly string[],
  folder: string,
): Promise<void> {
  const downloads = path.join(folder, '.download')
  mkdirSync(downloads, { recursive: true })
  try {
    const file = await pipDownload(python, wheel, downloads)
    const actual = await sha256OfFile(file)
    if (actual !== wheel.sha256)
      throw new CodedError(
        'RUNTIME_WRONG_HASH',
        `${path.basename(file)} has the SHA-256 ${actual}, not ${wheel.sha256}`,
        'It was not unpacked. The package index or a proxy served a different file: try again on a network that you trust',
      )
    const unpacked = await run(python, ['-c', UNPACK, file, folder, ...patterns])
    if (unpacked.status !== 0) throw storageError(unpacked, folder) ?? failed('Unpacking', wheel, unpacked)
  } finally {
    rmSync(downloads, { recursive: true, force: true })
  }
}

// The wheel's Python version is given so that any Python 3 can download it. Without --no-cache-dir, pip would keep a second
// copy.
async function pipDownload(python: string, wheel: Wheel, folder: string): Promise<string> {
  const platform = wheel.tags.flatMap((tag) => ['--platform', tag])
  const target = platform.length ? ['--python-version', '3.11', '--implementation', 'cp', ...platform] : []
  const result = await run(
    python,
    [
      ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-cache-dir', '--retries', '2'],
      ...['--disable-pip-version-check', ...target, '-d', folder, wheel.requirement],
    ],
    { showProgress: true },
  )
  const [name] = readdirSync(folder).filter((entry) => entry.endsWith('.whl'))
  if (result.status === 0 && name) return path.join(folder, name)
  throw (
    storageError(result, folder) ??
    networkError(wheel, result) ??
    failed('pip could not download', wheel, result)
  )
}

// Shell patterns of fnmatch; every file is flushed before the folder gets its final name.
const UNPACK = `
import fnmatch, os, shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for member in wheel.infolist():
        if any(fnmatch.fnmatchcase(member.filename, pattern) for pattern in sys.argv[3:]):
            target = os.path.join(sys.argv[2], *member.filename.split('/'))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with wheel.open(member) as source, open(target, 'wb') as out:
                shutil.copyfileobj(source, out, 1 << 20)
                out.flush()
                os.fsync(out.fileno())
`

export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

function storageError(result: RunResult, folder: string): CodedError | undefined {
  if (!/No space left|Errno 28|File too large|Errno 27|quota exceeded|Errno 122/i.test(result.stderr))
    return undefined
  return new CodedError(
    'RUNTIME_DISK_FULL',
    `The disk is full or a size limit was reached while writing to ${folder}`,
    'Nothing incomplete was kept: free some space, or set FCOS_CACHE to a folder on another disk, and try again',
  )
}

const OFFLINE =
  /NewConnectionError|NameResolution|name resolution|Name or service not known|Connection refused|unreachable|timed out|ProxyError|SSLError|Max retries/i

function networkError(wheel: Wheel, result: RunResult): CodedError | undefined {
  if (OFFLINE.test(result.stderr))
    return new CodedError(
      'RUNTIME_NO_NETWORK',
      `pip cannot reach the package index to download ${wheel.requirement}`,
      'Check the network, or point pip at an index or a folder that contains this wheel (PIP_INDEX_URL, PIP_FIND_LINKS)',
      { cause: result.stderr },
    )
  if (/No matching distribution/i.test(result.stderr))
    return new CodedError(
      'RUNTIME_NO_WHEEL',
      `The package index has no ${wheel.requirement} for this platform`,
      'Point pip at an index or a folder that contains this wheel (PIP_INDEX_URL, PIP_FIND_LINKS)',
      { cause: result.stderr },
    )
  return undefined
}

function failed(what: string, wheel: Wheel, result: RunResult): CodedError {
  const last = result.stderr.trim().split('\n').at(-1) ?? ''
  return new CodedError(
    'RUNTIME_PIP_FAILED',
    `${what} ${wheel.requirement}: ${last}`,
    `To try it yourself: python3 -m pip download --no-deps ${wheel.requirement}`,
  )
}
