/**
 * The safetensors container (huggingface.co/docs/safetensors, "Format"): an 8-byte little-endian header length N,
 * N bytes of JSON naming dtype, shape and byte range of every tensor, then the tensors' bytes without holes.
 *
 * Bytes in, bytes out. Tensor data is row-major and little-endian, as is every machine that Node and Electron run on.
 */
import { z } from 'zod'
import { CodedError } from '../errors.ts'

export const BYTES_PER_ELEMENT = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const
export type Dtype = keyof typeof BYTES_PER_ELEMENT

export interface Tensor {
  readonly dtype: Dtype
  /** Row-major. [] is a scalar; a 0 makes the tensor empty. */
  readonly shape: readonly number[]
  /** elementCount(shape) · BYTES_PER_ELEMENT[dtype] bytes. */
  readonly bytes: Uint8Array
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly metadata: Readonly<Record<string, string>>
}

const PREFIX = 8
/** The reference implementation's limit; a longer header is an attack or not a safetensors file. */
const MAX_HEADER = 100_000_000

const Entry = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
})

export const elementCount = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1)

/**
 * Reads a whole file. The tensors' bytes are views of `file`, not copies.
 * Throws WEIGHTS_TRUNCATED, WEIGHTS_HEADER or WEIGHTS_DTYPE; nothing in the header is believed before it is checked.
 */
export function decodeSafetensors(file: Uint8Array): Safetensors {
  const dataStart = headerEnd(file)
  const { metadata, entries } = parseHeader(headerOf(file, dataStart))
  const data = file.subarray(dataStart)
  checkLayout(entries, data.length)
  const tensors = new Map<string, Tensor>()
  for (const { name, dtype, shape, begin, end } of entries) {
    tensors.set(name, { dtype, shape, bytes: data.subarray(begin, end) })
  }
  return { tensors, metadata }
}

/** Size of a file's header in bytes, read from the first 8. Throws WEIGHTS_TRUNCATED, WEIGHTS_HEADER. */
export function headerEnd(start: Uint8Array): number {
  if (start.length < PREFIX)
    throw new CodedError('WEIGHTS_TRUNCATED', 'The file is too short for a safetensors header')
  const declared = new DataView(start.buffer, start.byteOffset, PREFIX).getBigUint64(0, true)
  if (declared > MAX_HEADER)
    throw malformed(`it declares ${declared} bytes of header, more than any real file has`)
  return PREFIX + Number(declared)
}

/** The metadata of a file, of which at least the header is given. Throws as decodeSafetensors does. */
export const decodeMetadata = (file: Uint8Array): Safetensors['metadata'] =>
  parseHeader(headerOf(file, headerEnd(file))).metadata

function headerOf(file: Uint8Array, end: number): Uint8Array {
  if (end <= file.length) return file.subarray(PREFIX, end)
  throw new CodedError('WEIGHTS_TRUNCATED', `The file ends inside its header of ${end - PREFIX} bytes`)
}

/**
 * A whole file. Tensors of wider elements come first, otherwise in the given order, so that each starts at a
 * multiple of its element size and can be viewed without a copy.
 */
export function encodeSafetensors(
  tensors: Iterable<readonly [name: string, tensor: Tensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const ordered = [...tensors].sort(([, a], [, b]) => BYTES_PER_ELEMENT[b.dtype] - BYTES_PER_ELEMENT[a.dtype])
  const header: [string, unknown][] = []
  if (Object.keys(metadata).length > 0) header.push(['__metadata__', metadata])
  let length = 0
  for (const [name, { dtype, shape, bytes }] of ordered) {
    if (bytes.length !== elementCount(shape) * BYTES_PER_ELEMENT[dtype]) {
      throw new RangeError(`${name}: ${bytes.length} bytes cannot be ${dtype} of shape [${shape}]`)
    }
    header.push([name, { dtype, shape, data_offsets: [length, (length += bytes.length)] }])
  }
  const names = new Set(['__metadata__', ...ordered.map(([name]) => name)])
  if (names.size !== ordered.length + 1)
    throw new RangeError('A tensor name is used twice or is __metadata__')

  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const headerLength = Math.ceil(json.length / 8) * 8
  const file = new Uint8Array(PREFIX + headerLength + length)
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true)
  file.fill(0x20, PREFIX, PREFIX + headerLength)
  file.set(json, PREFIX)
  let offset = PREFIX + headerLength
  for (const [, { bytes }] of ordered) {
    file.set(bytes, offset)
    offset += bytes.length
  }
  return file
}

interface HeaderEntry {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

function parseHeader(bytes: Uint8Array): { metadata: Record<string, string>; entries: HeaderEntry[] } {
  let json: unknown
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    json = JSON.parse(text)
  } catch (cause) {
    throw malformed('it is not JSON in UTF-8', { cause })
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw malformed('it is not a JSON object')
  const repeated = repeatedKey(text)
  if (repeated !== undefined) throw malformed(`"${repeated}" is there twice`)

  let metadata: Record<string, string> = {}
  const entries: HeaderEntry[] = []
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') {
      if (!isTexts(value)) throw malformed('__metadata__ holds something else than texts')
      metadata = value
      continue
    }
    const parsed = Entry.safeParse(value)
    if (!parsed.success)
      throw malformed(`tensor "${name}": ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`)
    const { dtype, shape, data_offsets } = parsed.data
    if (!isDtype(dtype)) {
      throw new CodedError('WEIGHTS_DTYPE', `Tensor "${name}" has dtype ${dtype}, which is not supported`)
    }
    entries.push({ name, dtype, shape, begin: data_offsets[0], end: data_offsets[1] })
  }
  return { metadata, entries }
}

/**
 * This is not checked by a schema, which would silently leave out a key `__proto__`; for JSON.parse it is a key like
 * any other.
 */
const isTexts = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === 'string')

const isDtype = (text: string): text is Dtype => Object.hasOwn(BYTES_PER_ELEMENT, text)

/** Byte ranges must fit shape and dtype and tile the data exactly: no holes to hide bytes in, no overlaps, nothing outside. */
function checkLayout(entries: readonly HeaderEntry[], dataLength: number): void {
  for (const { name, dtype, shape, begin, end } of entries) {
    // Beyond 2^53 the product is inexact, but then it cannot equal the length of a range inside the file either.
    if (end <= dataLength && end - begin !== elementCount(shape) * BYTES_PER_ELEMENT[dtype]) {
      throw malformed(`tensor "${name}": bytes ${begin} to ${end} cannot be ${dtype} of shape [${shape}]`)
    }
  }
  let expected = 0
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== expected)
      throw malformed(`tensor "${name}" starts at byte ${begin} of the data instead of ${expected}`)
    expected = end
  }
  if (expected > dataLength) {
    throw new CodedError(
      'WEIGHTS_TRUNCATED',
      `The file holds ${dataLength} of the ${expected} bytes that its tensors need`,
      'Download or copy it again',
    )
  }
  if (expected < dataLength)
    throw malformed(`${dataLength - expected} bytes after the last tensor belong to none`)
}

/** JSON.parse keeps the last of two equal keys in silence; readers in other languages may keep the first. `text` is valid JSON. */
function repeatedKey(text: string): string | undefined {
  const open: Set<string>[] = []
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '{') open.push(new Set())
    else if (c === '}') open.pop()
    else if (c === '"') {
      const start = i++
      while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1
      let next = i + 1
      while (text[next] === ' ' || text[next] === '\n' || text[next] === '\r' || text[next] === '\t') next++
      if (text[next] !== ':') continue
      const key = JSON.parse(text.slice(start, i + 1))
      const keys = open.at(-1)!
      if (keys.has(key)) return key
      keys.add(key)
    }
  }
  return undefined
}

function malformed(what: string, options?: ErrorOptions): CodedError {
  return new CodedError('WEIGHTS_HEADER', `The safetensors header is malformed: ${what}`, undefined, options)
}
