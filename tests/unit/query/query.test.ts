import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isInputError } from '../../../src/core/errors.ts'
import { parseQuery } from '../../../src/core/query/query.ts'

const plain = { negated: false }

test('every kind of term', () => {
  expect(parseQuery('  red cell.jpg\t"two  words" ')).toEqual([
    { kind: 'name', text: 'red', ...plain },
    { kind: 'name', text: 'cell.jpg', ...plain },
    { kind: 'name', text: 'two  words', ...plain },
  ])
  expect(parseQuery('class:cell,"red cell" -class:"a\\"b\\\\"')).toEqual([
    { kind: 'class', names: ['cell', 'red cell'], ...plain },
    { kind: 'class', names: ['a"b\\'], negated: true },
  ])
  expect(parseQuery('source:proposed,Accepted STATE:in-progress split:train,none has:error')).toEqual([
    { kind: 'source', sources: ['proposed', 'accepted'], ...plain },
    { kind: 'state', states: ['in-progress'], ...plain },
    { kind: 'split', splits: ['train', null], ...plain },
    { kind: 'error', ...plain },
  ])
  const numbers = ['count:5', 'count:=5', 'score:<.5', 'score:>=0.25', 'count:2..7']
  expect(numbers.map((query) => parseQuery(query)[0])).toEqual([
    { kind: 'count', comparisons: [{ operator: '=', value: 5 }], ...plain },
    { kind: 'count', comparisons: [{ operator: '=', value: 5 }], ...plain },
    { kind: 'score', comparisons: [{ operator: '<', value: 0.5 }], ...plain },
    { kind: 'score', comparisons: [{ operator: '>=', value: 0.25 }], ...plain },
    {
      kind: 'count',
      comparisons: [
        { operator: '>=', value: 2 },
        { operator: '<=', value: 7 },
      ],
      ...plain,
    },
  ])
  expect(parseQuery('')).toEqual([])
  expect(parseQuery('-x.jpg a-b "class:x" 2024:01:02 -')).toMatchObject([
    { text: 'x.jpg', negated: true },
    { text: 'a-b' },
    { text: 'class:x' },
    { text: '2024:01:02' },
    { text: '-' },
  ])
})

test('what cannot be read is named', () => {
  const broken = {
    'a "b': '“"b” is not a valid term',
    'class:': '“class:” needs a value after the colon',
    'class:a, b': '“class:a,” needs a value after the colon',
    'colour:red': '“colour:red” is not a known term',
    'state:finished': '“state:finished” has no value “finished”',
    'count:many': '“count:many” needs a number',
    'count:1,2': '“count:1,2” needs a number',
    'score:1..': '“score:1..” needs a number',
    'has:box': '“has:box” has no value “box”',
  }
  for (const [query, message] of Object.entries(broken)) {
    expect(() => parseQuery(query), query).toThrow(
      expect.objectContaining({ code: 'USAGE_QUERY', message: expect.stringContaining(message) }),
    )
  }
})

test('any text is a query or an error that the user can fix', () => {
  const pieces = fc.constantFrom(
    'class:',
    'count:',
    '-',
    '"',
    '\\',
    ',',
    ':',
    '..',
    '<',
    ' ',
    '\n',
    'x',
    '5',
    '猫',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(pieces).map((list) => list.join('')),
      ),
      (text) => {
        try {
          parseQuery(text)
        } catch (error) {
          expect(isInputError((error as { code: 'USAGE_QUERY' }).code)).toBe(true)
        }
      },
    ),
    { numRuns: 2000 },
  )
})
