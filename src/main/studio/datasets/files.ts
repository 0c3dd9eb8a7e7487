/** Reading files of data sets: every failure is a CodedError that names the file. */
import type { Dirent } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { TextDecoder } from 'node:util'
import { CodedError, fileFault } from '../../../core/errors.ts'
import { byText } from '../../../core/formats/named.ts'

/** Progress and cancellation of reading. */
export interface LoadRun {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/** Longest text that a JavaScript string holds (2²⁹ − 24 characters), less a margin. */
const LARGEST_TEXT = 500 * 2 ** 20

/** Files open at a time: enough to hide the latency of a disk, far from any limit on open files. */
const OPEN_FILES = 16

export const IMAGE_FILE = /\.(jpe?g|jpe|jfif|jif|pjpe?g|png|webp|avif|gif|bmp|dib|tiff?)$/i

/** Image formats that cannot be read. Labels of such images are reported by name. */
export const OTHER_IMAGE_FILE = /\.(heic|heif|jp2|jxl|psd|svg|dng|cr2|cr3|nef|arw|raf|orf|exr|hdr|dcm|tga)$/i

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

/** The first of the paths that leads to something of this kind. */
export async function firstOf(kind: PathKind, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if ((await kindOf(path)) === kind) return path
  return undefined
}

/**
 * Relative paths (forward slashes, sorted) of the files in a folder and its subfolders whose name matches. Links are
 * followed, each folder once; hidden folders and what is no regular file are passed over. Throws DATA_READ for the
 * folder itself; subfolders that cannot be read are passed over. A depth of 1 is the folder alone. With `special`, pipes,
 * sockets and devices of such a name are listed too, for a caller that reports them instead of opening them.
 */
export async function listFiles(
  folder: string,
  pattern: RegExp,
  depth = Infinity,
  special = false,
): Promise<string[]> {
  const files: string[] = []
  const entered = new Set<string>()
  const waiting = ['']
  // Links are followed last, so that a folder that also lies in this tree keeps its own path.
  const links: string[] = []
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop() ?? links.pop()) {
    const at = join(folder, next)
    let entries: Dirent[]
    try {
      const { dev, ino } = await stat(at, { bigint: true })
      if (entered.has(`${dev}:${ino}`)) continue
      entered.add(`${dev}:${ino}`)
      entries = await readdir(at, { withFileTypes: true })
    } catch (cause) {
      if (next === '') throw unreadable(folder, cause)
      continue
    }
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue
      const path = next === '' ? entry.name : `${next}/${entry.name}`
      const kind = entry.isSymbolicLink() ? await kindOf(join(folder, path)) : undefined
      const isShallow = path.split('/').length < depth
      if (entry.isDirectory() && isShallow) waiting.push(path)
      else if (kind === 'folder' && isShallow) links.push(path)
      else if (!pattern.test(entry.name)) continue
      else if (entry.isFile() || kind === 'file') files.push(path)
      else if (special && !entry.isDirectory() && !entry.isSymbolicLink()) files.push(path)
    }
  }
  return files.sort(byText)
}

export const toSlashes = (path: string): string => (sep === '/' ? path : path.replaceAll(sep, '/'))

/**
 * The text of a file in UTF-8 (whatever it declares, unless that is more likely), in UTF-16, or in the encoding that its
 * XML declaration names.
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
    // Declared encodings that mark their letters with escapes are plain ASCII, which is UTF-8 too.
    if (decoder.encoding !== 'utf-8') return decoder.decode(bytes)
    if (!bytes.includes(0x1b)) {
      const text = decoder.decode(bytes)
      return (isByChance(text) && inDoubleBytes(bytes)) || text
    }
  } catch (cause) {
    const declared = declaredEncoding(bytes)
    if (declared === undefined) throw encodingError(file, decoder.encoding, cause)
  }
  const declared = declaredEncoding(bytes) ?? 'utf-8'
  const label = labelOf(declared)
  if (label === undefined) {
    throw new CodedError(
      'DATA_ENCODING',
      `${file} is not text in utf-8, and the encoding "${declared}" that it declares is not known`,
      'Save it as UTF-8',
    )
  }
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes)
  } catch (cause) {
    throw encodingError(file, declared, cause)
  }
}

/**
 * Whether bytes may be valid UTF-8 by chance, as one or two letters of GBK, EUC or Shift-JIS often are. A
 * letter that has no neighbour, or a neighbour of another script, is unlikely to be part of a word.
 */
function isByChance(text: string): boolean {
  const runs = (text.match(/[\p{L}\u0080-\uffff]+/gu) ?? []).filter((run) => /[^\0-\x7f]/.test(run))
  const isWord = /^(\p{Script=Latin}{2,}|\p{Script=Greek}{2,}|\p{Script=Cyrillic}{2,}|.*[\u0590-\uffff].*)$/u
  return runs.length > 0 && !runs.some((run) => isWord.test(run))
}

/** The text in the declared encoding, if letters have two bytes in it. */
function inDoubleBytes(bytes: Buffer): string | undefined {
  const label = labelOf(declaredEncoding(bytes) ?? 'utf-8')
  if (label === undefined || !/^(gb|big5|euc|shift)/.test(label)) return undefined
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** For text that begins with these bytes. It throws where bytes are no text; see encodingError. */
export const decoderOf = (head: Buffer): TextDecoder => new TextDecoder(encodingOf(head), { fatal: true })

export const encodingError = (file: string, encoding: string, cause: unknown): CodedError =>
  new CodedError('DATA_ENCODING', `${file} is not text in ${encoding}`, 'Save it as UTF-8', { cause })

/** UTF-16 by its mark, or by the zero bytes of the ASCII letters that all label files begin with; else UTF-8. */
function encodingOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  const isZero = [0, 1, 2, 3].map((index) => bytes[index] === 0)
  if (bytes.length >= 4 && !isZero[0] && isZero[1] && !isZero[2] && isZero[3]) return 'utf-16le'
  if (bytes.length >= 4 && isZero[0] && !isZero[1] && isZero[2] && !isZero[3]) return 'utf-16be'
  return 'utf-8'
}

const declaredEncoding = (bytes: Buffer): string | undefined =>
  /^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(
    bytes.subarray(0, 200).toString('latin1'),
  )?.[1]

/** Names of encodings as programs write them → as TextDecoder knows them. */
const ENCODING_ALIASES: Readonly<Record<string, string>> = {
  cp932: 'shift_jis',
  ms932: 'shift_jis',
  cp936: 'gbk',
  ms936: 'gbk',
  cp949: 'euc-kr',
  ms949: 'euc-kr',
  uhc: 'euc-kr',
  cp950: 'big5',
  cp874: 'windows-874',
  cp65001: 'utf-8',
  unicode: 'utf-16le',
}

/** What TextDecoder calls an encoding; undefined for one that it cannot read. */
function labelOf(declared: string): string | undefined {
  const name = declared.toLowerCase().replaceAll('_', '-')
  const plain = name.replaceAll('-', '')
  const windows = /^(?:cp|ms|win|windows)(125\d)$/.exec(plain)?.[1]
  const latin = /^(?:iso)?(?:8859|latin)(\d{1,2})$/.exec(plain)?.[1]
  const candidates = [
    ENCODING_ALIASES[plain],
    windows && `windows-${windows}`,
    latin && (plain.includes('latin') ? `latin${latin}` : `iso-8859-${latin}`),
    declared,
    name,
    plain,
  ]
  for (const label of candidates) {
    try {
      if (label) return new TextDecoder(label).encoding
    } catch {
      // Try the next name.
    }
  }
  return undefined
}

export function unreadable(file: string, cause: unknown): CodedError {
  const { reason, remedy } = fileFault(cause)
  return new CodedError('DATA_READ', `${file} cannot be read: ${reason}`, remedy, { cause })
}
