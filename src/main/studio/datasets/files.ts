/** Reading files of data sets: every failure is a CodedError that names the file. */
import type { Dirent } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { TextDecoder } from 'node:util'
import { CodedError } from '../../../core/errors.ts'
import { byText } from '../../../core/formats/named.ts'
import type { LoadRun } from './loaded.ts'

/** Longest text that a JavaScript string holds (2²⁹ − 24 characters), less a margin. */
const LARGEST_TEXT = 500 * 2 ** 20

/** Files open at a time: enough to hide the latency of a disk, far from any limit on open files. */
const OPEN_FILES = 16

export const IMAGE_FILE = /\.(jpe?g|png|webp|avif|gif|bmp|tiff?)$/i

/** Runs a task for each item, a few at a time; results keep the order. Throws the signal's reason once it is aborted. */
export async function mapConcurrent<T, R>(
  items: readonly T[],
  task: (item: T) => Promise<R>,
  { signal, onProgress }: LoadRun = {},
): Promise<R[]> {
  const results = new Array<R>(items.length)
  let next = 0
  let done = 0
  const work = async (): Promise<void> => {
    while (next < items.length) {
      signal?.throwIfAborted()
      const index = next++
      results[index] = await task(items[index]!)
      onProgress?.(++done, items.length)
    }
  }
  await Promise.all(Array.from({ length: Math.min(OPEN_FILES, items.length) }, work))
  return results
}

export type PathKind = 'file' | 'folder' | undefined

/** What lies at a path, symbolic links followed; undefined where there is nothing that can be read. */
export async function kindOf(path: string): Promise<PathKind> {
  // A path with a NUL or longer than the system allows is refused with an error, not a missing file.
  const stats = await stat(path).catch(() => undefined)
  return stats?.isDirectory() ? 'folder' : stats?.isFile() ? 'file' : undefined
}

/** The first of the paths at which there is something of the kind. */
export async function firstOf(kind: PathKind, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if ((await kindOf(path)) === kind) return path
  return undefined
}

/** Relative paths (forward slashes, sorted) of the files in a folder and its subfolders whose name matches. */
export async function listFiles(folder: string, pattern: RegExp, recursive = true): Promise<string[]> {
  let entries: Dirent[]
  try {
    entries = await readdir(folder, { recursive, withFileTypes: true })
  } catch (cause) {
    throw unreadable(folder, cause)
  }
  return entries
    .filter((entry) => !entry.isDirectory() && pattern.test(entry.name) && !entry.name.startsWith('.'))
    .map((entry) => toSlashes(relative(folder, join(entry.parentPath, entry.name))))
    .sort(byText)
}

export const toSlashes = (path: string): string => (sep === '/' ? path : path.replaceAll(sep, '/'))

/**
 * The text of a file in UTF-8, in UTF-16 with a byte order mark, or in the encoding that an XML declaration names.
 * Throws DATA_READ, DATA_TOO_LARGE or DATA_ENCODING.
 */
export async function readText(path: string, file: string): Promise<string> {
  let bytes: Buffer
  try {
    const { size } = await stat(path)
    if (size > LARGEST_TEXT) {
      throw new CodedError(
        'DATA_TOO_LARGE',
        `${file} has ${size} bytes; the most that can be read is ${LARGEST_TEXT}`,
      )
    }
    bytes = await readFile(path)
  } catch (cause) {
    throw cause instanceof CodedError ? cause : unreadable(file, cause)
  }
  const decoder = decoderOf(bytes)
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw encodingError(file, decoder.encoding, cause)
  }
}

/** For text that begins with these bytes. It throws where bytes are no text; see encodingError. */
export const decoderOf = (head: Buffer): TextDecoder => new TextDecoder(encodingOf(head), { fatal: true })

export const encodingError = (file: string, encoding: string, cause: unknown): CodedError =>
  new CodedError('DATA_ENCODING', `${file} is not text in ${encoding}`, 'Save it as UTF-8', { cause })

function encodingOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  const head = bytes.subarray(0, 100).toString('latin1')
  return /^(?:\xef\xbb\xbf)?<\?xml[^>]*\sencoding=["']([\w.-]+)["']/.exec(head)?.[1] ?? 'utf-8'
}

export function unreadable(file: string, cause: unknown): CodedError {
  const code = (cause as NodeJS.ErrnoException).code
  const reasons: Record<string, string> = {
    ENOENT: 'it does not exist',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
    ENOTDIR: 'it is not a folder',
  }
  const reason = (code && reasons[code]) ?? (cause instanceof Error ? cause.message : String(cause))
  return new CodedError('DATA_READ', `${file} cannot be read: ${reason}`, undefined, { cause })
}
