import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CodedError } from '../../../src/core/errors.ts'
import { JsonObjectReader } from '../../../src/core/formats/json-object.ts'
import { mulberry32 } from '../../../src/core/random.ts'
import { mutate } from '../../support/mutate.ts'

/** The whole object, from pieces of the text. */
function gather(pieces: readonly string[]): Record<string, unknown> {
  const members = new Map<string, unknown>()
  let entries: unknown[] = []
  const sink = {
    member: (key: string, value: unknown) => void members.set(key, value),
    list: (key: string) => void members.set(key, (entries = [])),
    entry: (text: string) => {
      try {
        entries.push(JSON.parse(text))
      } catch (cause) {
        throw new CodedError('DATA_JSON', 'entry', undefined, { cause })
      }
    },
  }
  const reader = new JsonObjectReader(sink, 'x.json')
  for (const piece of pieces) reader.push(piece)
  reader.end()
  return Object.fromEntries(members)
}

function cut(text: string, at: readonly number[]): string[] {
  const marks = [0, ...at.map((share) => Math.floor(share * text.length)).sort((a, b) => a - b), text.length]
  return marks.slice(1).map((end, i) => text.slice(marks[i], end))
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 })
const object = fc.dictionary(
  fc.string({ unit: 'binary' }),
  fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())),
)

test('any object, cut anywhere, is what JSON.parse makes of it', () => {
  fc.assert(
    fc.property(object, fc.constantFrom(undefined, 1, '\t'), cuts, (value, space, at) => {
      const text = JSON.stringify(value, null, space)
      expect(gather(cut(text, at))).toEqual(JSON.parse(text))
      expect(gather([...text].flatMap((character) => character.split('')))).toEqual(JSON.parse(text))
    }),
    { numRuns: 300 },
  )
})

test('what JSON.parse refuses is refused, and the other way round', () => {
  const text = '{"a": [1, {"b": [2, "x\\"]"]}, [[]]], "c": {"d": [3], "e": null}, "f": [], "g": "[,]" }'
  const counts = { read: 0, refused: 0 }
  for (let seed = 0; seed < 3000; seed++) {
    const random = mulberry32(seed)
    const mutated = mutate(text, random)
    let expected: unknown
    try {
      expected = JSON.parse(mutated)
    } catch {}
    const isObject = typeof expected === 'object' && expected !== null && !Array.isArray(expected)
    const gathered = () => gather(cut(mutated, [random(), random()]))
    if (isObject) expect(gathered(), mutated).toEqual(expected)
    else expect(gathered, mutated).toThrow(expect.objectContaining({ code: 'DATA_JSON' }))
    counts[isObject ? 'read' : 'refused']++
  }
  expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(200)
})

test('an entry without end is refused before it fills the memory', () => {
  const reader = new JsonObjectReader({ member: () => {}, list: () => {}, entry: () => {} }, 'x.json')
  reader.push('{"a": ["')
  const piece = 'x'.repeat(2 ** 20)
  const flood = () => {
    for (let megabytes = 0; megabytes < 40; megabytes++) reader.push(piece)
  }
  expect(flood).toThrow(expect.objectContaining({ code: 'DATA_TOO_LARGE' }))
})
