import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  BYTES_PER_ELEMENT,
  type Dtype,
  decodeMetadata,
  decodeSafetensors,
  elementCount,
  encodeSafetensors,
  headerEnd,
  type Tensor,
} from '../../../src/core/formats/safetensors.ts'
import { tensorOf, toFloat32 } from '../../../src/core/formats/tensor-values.ts'

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url))

/** A file with the given header, padded or not, and so many bytes of data. */
function fileWith(header: string, dataLength: number): Uint8Array {
  const json = new TextEncoder().encode(header)
  const file = new Uint8Array(8 + json.length + dataLength)
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true)
  file.set(json, 8)
  return file
}

test('reads every dtype as the Python package wrote it', () => {
  const expected: Record<string, { shape: number[]; values: number[] }> = JSON.parse(
    fixture('dtypes.json').toString(),
  )
  const { tensors, metadata } = decodeSafetensors(fixture('dtypes.safetensors'))
  expect(metadata).toEqual({ 'made by': 'safetensors (Python)' })
  expect([...tensors.keys()].sort()).toEqual(Object.keys(expected).sort())
  for (const [name, { shape, values }] of Object.entries(expected)) {
    const tensor = tensors.get(name)!
    expect(tensor.shape).toEqual(shape)
    expect([...toFloat32(tensor)], name).toEqual(values.map(Math.fround))
  }
})

test('half precision: infinities, NaN and subnormals', () => {
  const halves = Uint16Array.of(0x7c00, 0xfc00, 0x7e00, 0x0001, 0x8001, 0x03ff)
  const tensor: Tensor = { dtype: 'F16', shape: [6], bytes: new Uint8Array(halves.buffer) }
  expect([...toFloat32(tensor)]).toEqual([
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
    2 ** -24,
    -(2 ** -24),
    1023 * 2 ** -24,
  ])
})

const someTensor: fc.Arbitrary<Tensor> = fc
  .tuple(
    fc.constantFrom(...(Object.keys(BYTES_PER_ELEMENT) as Dtype[])),
    fc.array(fc.nat({ max: 4 }), { maxLength: 3 }),
  )
  .chain(([dtype, shape]) => {
    const length = elementCount(shape) * BYTES_PER_ELEMENT[dtype]
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ dtype, shape, bytes }) as Tensor)
  })
const name = fc.string({ unit: 'binary' }).filter((s) => s !== '__metadata__')

test('what is written is read again, and starts where a typed array can view it', () => {
  const files = fc.array(fc.tuple(name, someTensor), { maxLength: 6 })
  fc.assert(
    fc.property(
      files.map((list) => [...new Map(list)]),
      fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
      (list, metadata) => {
        const read = decodeSafetensors(encodeSafetensors(list, metadata))
        expect(read.metadata).toEqual(metadata)
        expect(new Set(read.tensors.keys())).toEqual(new Set(list.map(([key]) => key)))
        for (const [key, { dtype, shape, bytes }] of list) {
          const tensor = read.tensors.get(key)!
          expect({ ...tensor, bytes: [...tensor.bytes] }).toEqual({ dtype, shape, bytes: [...bytes] })
          expect(tensor.bytes.byteOffset % BYTES_PER_ELEMENT[dtype]).toBe(0)
        }
      },
    ),
  )
})

test.each(['__proto__', 'constructor', 'toString', '', '0'])(
  'a tensor and metadata named %j keep their name',
  (key) => {
    const metadata = Object.fromEntries([[key, 'text']])
    const read = decodeSafetensors(encodeSafetensors([[key, tensorOf(Float32Array.of(1), [1])]], metadata))
    expect(Object.entries(read.metadata)).toEqual([[key, 'text']])
    expect([...read.tensors.keys()]).toEqual([key])
  },
)

test('metadata is read from the header alone, whose length the first bytes tell', () => {
  const metadata = { config: '{"classes": ["é"]}', card: '# Card' }
  const tensor = { dtype: 'F32', shape: [1000], bytes: new Uint8Array(4000) } as const
  const file = encodeSafetensors([['a', tensor]], metadata)
  const end = headerEnd(file.subarray(0, 8))
  expect(file.length - end).toBe(4000)
  expect(decodeMetadata(file.subarray(0, end))).toEqual(metadata)
  expect(() => decodeMetadata(file.subarray(0, end - 1))).toThrow('ends inside its header')
})

test('values at an odd address are copied, not misread', () => {
  const shifted = new Uint8Array(9)
  shifted.set(tensorOf(Float32Array.of(1.5, -2), [2]).bytes, 1)
  expect([...toFloat32({ dtype: 'F32', shape: [2], bytes: shifted.subarray(1) })]).toEqual([1.5, -2])
})

const f32 = (begin: number, end: number) => `{"dtype":"F32","shape":[1],"data_offsets":[${begin},${end}]}`
test.each<[what: string, file: Uint8Array, code: string, message: RegExp]>([
  ['an empty file', new Uint8Array(0), 'WEIGHTS_TRUNCATED', /too short/],
  ['a pickle', new TextEncoder().encode('\x80\x02}q\x01X\x06model.'), 'WEIGHTS_HEADER', /bytes of header/],
  ['a header cut off', fileWith('{"a":1}', 0).subarray(0, 10), 'WEIGHTS_TRUNCATED', /inside its header/],
  ['data cut off', fileWith(`{"a":${f32(0, 4)}}`, 3), 'WEIGHTS_TRUNCATED', /3 of the 4 bytes/],
  ['not JSON', fileWith('{"a":', 0), 'WEIGHTS_HEADER', /not JSON/],
  ['not UTF-8', fileWith('{"a":1}', 0).with(9, 0xff), 'WEIGHTS_HEADER', /not JSON/],
  ['a list', fileWith('[]', 0), 'WEIGHTS_HEADER', /not a JSON object/],
  [
    'a name twice',
    fileWith(`{"a":${f32(0, 4)},"\\u0061":${f32(4, 8)}}`, 8),
    'WEIGHTS_HEADER',
    /"a" is there twice/,
  ],
  ['a key twice', fileWith('{"a":{"dtype":"F32","dtype":"I32"}}', 0), 'WEIGHTS_HEADER', /"dtype" is there/],
  [
    'an overlap',
    fileWith(`{"a":${f32(0, 4)},"b":${f32(0, 4)}}`, 4),
    'WEIGHTS_HEADER',
    /starts at byte 0 .* of 4/,
  ],
  [
    'a hole',
    fileWith(`{"a":${f32(0, 4)},"b":${f32(8, 12)}}`, 12),
    'WEIGHTS_HEADER',
    /starts at byte 8 .* of 4/,
  ],
  ['bytes left over', fileWith(`{"a":${f32(0, 4)}}`, 5), 'WEIGHTS_HEADER', /1 bytes after/],
  ['reversed bounds', fileWith(`{"a":${f32(4, 0)}}`, 4), 'WEIGHTS_HEADER', /cannot be F32/],
  ['negative bounds', fileWith(`{"a":${f32(-4, 0)}}`, 4), 'WEIGHTS_HEADER', /tensor "a"/],
  ['a wrong size', fileWith(`{"a":${f32(0, 8)}}`, 8), 'WEIGHTS_HEADER', /cannot be F32 of shape \[1\]/],
  [
    'an overflowing shape',
    fileWith('{"a":{"dtype":"U8","shape":[9007199254740991,9007199254740991],"data_offsets":[0,0]}}', 0),
    'WEIGHTS_HEADER',
    /cannot be U8/,
  ],
  ['a field too many', fileWith('{"a":{"dtype":"F32","x":1}}', 0), 'WEIGHTS_HEADER', /tensor "a"/],
  ['metadata of numbers', fileWith('{"__metadata__":{"a":1}}', 0), 'WEIGHTS_HEADER', /__metadata__/],
  [
    'an unknown dtype',
    fileWith('{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}', 1),
    'WEIGHTS_DTYPE',
    /F8_E4M3/,
  ],
])('refuses %s', (_, file, code, message) => {
  expect(() => decodeSafetensors(file)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  )
})

test('any bytes are read or refused with a weights error', () => {
  const start = encodeSafetensors([['a', tensorOf(Float32Array.of(1, 2), [2])]], { k: 'v' })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(start.length - 1), fc.nat(255)), { maxLength: 4 }), (edits) => {
      const file = start.slice()
      for (const [at, byte] of edits) file[at] = byte
      try {
        decodeSafetensors(file)
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^WEIGHTS_/) })
      }
    }),
  )
})

test('refuses to write a lie', () => {
  const tensor = tensorOf(Float32Array.of(1), [1])
  expect(() => encodeSafetensors([['a', { ...tensor, shape: [2] }]])).toThrow(RangeError)
  expect(() =>
    encodeSafetensors([
      ['a', tensor],
      ['a', tensor],
    ]),
  ).toThrow(RangeError)
  expect(() => encodeSafetensors([['__metadata__', tensor]])).toThrow(RangeError)
})
