/** What an ONNX file says of itself, without its weights (onnx.proto: ModelProto, in the encoding of protobuf). */

/** Field numbers of ModelProto, and of StringStringEntryProto. */
const GRAPH = 7
const METADATA = 14
const [KEY, VALUE] = [1, 2]

/** Bytes that hold what this program writes before the graph. */
export const ONNX_METADATA_BYTES = 2 ** 23

/**
 * Whether a file begins as ModelProto does, with its version. safetensors begins with a length of 8 bytes, of which the upper ones are 0.
 * @param start of the file, 8 bytes or more.
 */
export const isOnnx = (start: Uint8Array): boolean =>
  start.length >= 8 &&
  start[0] === 0x08 &&
  start[1]! < 0x20 &&
  start.subarray(3, 8).some((byte) => byte !== 0)

/**
 * The metadata that stand before the graph, as this program writes them; none of a file that has them behind it.
 * @param bytes the file or its beginning.
 * @throws Error where this is no protobuf.
 */
export function decodeOnnxMetadata(bytes: Uint8Array): Record<string, string> {
  const metadata: [key: string, value: string][] = []
  for (const [field, content] of fieldsOf(bytes)) {
    if (field === GRAPH) break
    if (field !== METADATA || !content) continue
    const entry = new Map(fieldsOf(content))
    const text = (of: number) => new TextDecoder().decode(entry.get(of) ?? new Uint8Array())
    metadata.push([text(KEY), text(VALUE)])
  }
  return Object.fromEntries(metadata)
}

/** The fields of a message, whose content is null for numbers. */
function* fieldsOf(bytes: Uint8Array): Generator<[field: number, content: Uint8Array | null]> {
  let at = 0
  const varint = (): number => {
    let [value, factor] = [0, 1]
    for (;;) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('it ends within a number')
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 0x80
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const [field, type] = [Math.floor(tag / 8), tag % 8]
    if (type === 0) {
      varint()
      yield [field, null]
    } else if (type === 2) {
      const length = varint()
      yield [field, bytes.subarray(at, at + length)]
      at += length
    } else throw new Error(`it has a field of type ${type}`)
  }
}
