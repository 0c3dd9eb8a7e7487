/** Results read into columns against JSON.parse and the schema, of plain lists and of broken ones. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CocoResult, parseCocoResults } from '../../../src/core/formats/coco-results.ts'
import { cocoResultColumns } from '../../../src/core/formats/coco-results-columns.ts'

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -100_000, max: 100_000 }).map((value) => value / 1000),
  fc.constantFrom(0, -0, 1e-7, 5e-324, 1.7976931348623157e308, 0.1, 123456789012345.6, 2 ** 53),
)
const extent = number.map(Math.abs)
const result = fc.record(
  {
    image_id: fc.maxSafeInteger(),
    category_id: fc.integer(),
    bbox: fc.tuple(number, number, extent, extent),
    score: number,
    file_name: fc.oneof(fc.constantFrom('a.jpg', 'b.jpg', ''), fc.string({ unit: 'grapheme' })),
    id: fc.oneof(fc.integer(), fc.string()),
  },
  { requiredKeys: ['image_id', 'category_id', 'bbox', 'score'] },
)
const list = fc.array(result, { maxLength: 40 })

/** The columns as entries again; `id` is not read. */
function entries(text: string): CocoResult[] | null {
  const columns = cocoResultColumns(new TextEncoder().encode(text))
  if (!columns) return null
  const { rows, imageId, categoryId, boxes, scores, name, names } = columns
  return Array.from({ length: rows }, (_, i) => ({
    image_id: imageId[i]!,
    category_id: categoryId[i]!,
    bbox: [boxes[4 * i]!, boxes[4 * i + 1]!, boxes[4 * i + 2]!, boxes[4 * i + 3]!],
    score: scores[i]!,
    ...(name[i]! >= 0 && { file_name: names[name[i]!]! }),
  }))
}

const schema = (text: string) =>
  parseCocoResults(JSON.parse(text), 'dt.json').map(({ segmentation: _, ...rest }) => rest)

const escaped = /[\\]/

test('a list gives what JSON.parse and the schema give, to the last bit', () => {
  fc.assert(
    fc.property(list, fc.constantFrom(undefined, 1, '\t'), (results, indent) => {
      const text = JSON.stringify(results, null, indent)
      const found = entries(text)
      // An escape in a name is left to JSON.parse.
      if (found === null) expect(text).toMatch(escaped)
      else expect(found).toEqual(schema(text))
    }),
  )
})

test('what is taken is what JSON.parse and the schema take, whatever a character more or less does', () => {
  const insert = fc.constantFrom(...'0123456789-+.eE,:"[]{} \n\\ntfx', 'null', '1e999', '[[]]')
  fc.assert(
    fc.property(list, fc.nat(), fc.nat(3), insert, (results, where, removed, added) => {
      const whole = JSON.stringify(results)
      const at = where % (whole.length + 1)
      // Half a character cannot be written to a file.
      const text = (whole.slice(0, at) + added + whole.slice(at + removed)).toWellFormed()
      const found = entries(text)
      if (found !== null) expect(found).toEqual(schema(text))
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['no list', '{}'],
  ['an unfinished list', '[{"image_id":1,"category_id":1,"bbox":[1,2,3,4],"score":0.5}'],
  ['more after the list', '[] 1'],
  ['a box of three', '[{"image_id":1,"category_id":1,"bbox":[1,2,3],"score":0.5}]'],
  ['a width below zero', '[{"image_id":1,"category_id":1,"bbox":[1,2,-3,4],"score":0.5}]'],
  ['an id that is no integer', '[{"image_id":1.5,"category_id":1,"bbox":[1,2,3,4],"score":0.5}]'],
  ['no score', '[{"image_id":1,"category_id":1,"bbox":[1,2,3,4]}]'],
  ['a mask', '[{"image_id":1,"category_id":1,"bbox":[1,2,3,4],"score":0.5,"segmentation":[[1,2,3]]}]'],
  ['a leading zero', '[{"image_id":01,"category_id":1,"bbox":[1,2,3,4],"score":0.5}]'],
  ['a number beyond float64', '[{"image_id":1,"category_id":1,"bbox":[1,2,3,4],"score":1e999}]'],
])('%s is left to the schema', (_, text) => {
  expect(entries(text)).toBeNull()
})
