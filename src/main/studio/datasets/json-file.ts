/** JSON files of any size: read piece by piece, so that reading can be watched and stopped, and never as one string. */
import { open } from 'node:fs/promises'
import type { TextDecoder } from 'node:util'
import { CodedError } from '../../../core/errors.ts'
import { JsonObjectReader, type JsonObjectSink } from '../../../core/formats/json-object.ts'
import { parseJson } from '../../../core/formats/problems.ts'
import { decoderOf, encodingError, type LoadRun, unreadable } from './files.ts'

const PIECE = 2 ** 18

export interface ListReader<List extends string> {
  readonly lists: readonly List[]
  take(list: List, entry: unknown): void
}

/**
 * The object in a file, its lists left empty: the entries of those that the reader names are given to it, the others
 * are not looked at. Throws DATA_READ, DATA_ENCODING, DATA_JSON, DATA_TOO_LARGE (an entry of more than 32 MiB), and the
 * signal's reason.
 */
export async function readJsonObject<List extends string>(
  path: string,
  file: string,
  { lists, take }: ListReader<List>,
  { signal, onProgress }: LoadRun = {},
): Promise<Record<string, unknown>> {
  const members = new Map<string, unknown>()
  let wanted: List | undefined
  let count = 0
  const sink: JsonObjectSink = {
    member: (key, value) => members.set(key, value),
    list: (key) => {
      if (members.has(key)) throw new CodedError('DATA_JSON', `${file} has two lists "${key}"`)
      members.set(key, [])
      wanted = lists.find((list) => list === key)
      count = 0
    },
    entry: (text) => {
      if (wanted !== undefined) take(wanted, parseJson(text, `${file}, ${wanted}[${count}]`))
      count++
    },
  }
  const reader = new JsonObjectReader(sink, file)
  for await (const [text, done, total] of pieces(path, file)) {
    signal?.throwIfAborted()
    reader.push(text)
    onProgress?.(done, total)
  }
  reader.end()
  return Object.fromEntries(members)
}

async function* pieces(
  path: string,
  file: string,
): AsyncGenerator<[text: string, done: number, total: number]> {
  const handle = await open(path).catch((cause) => {
    throw unreadable(file, cause)
  })
  try {
    const { size } = await handle.stat()
    const buffer = Buffer.allocUnsafe(PIECE)
    let decoder: TextDecoder | undefined
    let done = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer).catch((cause) => {
        throw unreadable(file, cause)
      })
      const bytes = buffer.subarray(0, bytesRead)
      decoder ??= decoderOf(bytes)
      done += bytesRead
      yield [decode(decoder, bytes, file), done, size]
      if (bytesRead === 0) return
    }
  } finally {
    await handle.close()
  }
}

/** No bytes mean the end of the file. */
function decode(decoder: TextDecoder, bytes: Buffer, file: string): string {
  try {
    return decoder.decode(bytes, { stream: bytes.length > 0 })
  } catch (cause) {
    throw encodingError(file, decoder.encoding, cause)
  }
}
