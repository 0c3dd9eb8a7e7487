import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byName, naturalKey } from '../../../src/core/project/natural-order.ts'

const sorted = (...names: string[]): string[] => names.toSorted(byName)

test.each([
  ['numbers by their value', ['a2', 'a10', 'a100']],
  ['leading zeros aside', ['7.png', '08.png', '0009.png', '10.png']],
  ['either case together', ['a.png', 'B.png', 'c.png']],
  ['each folder together', ['a/2.png', 'a/10.png', 'a-b/1.png', 'a.png', 'ab.png']],
  ['numbers in folders', ['day 2/1.png', 'day 10/1.png']],
  [
    'longer numbers than a double holds',
    ['9007199254740992.png', '9007199254740993.png', '19007199254740992.png'],
  ],
  ['composed and decomposed letters alike', ['e1', '\u00e92', 'e\u03013', 'f']],
])('%s', (_, names) => {
  expect(sorted(...names.toReversed())).toEqual(names)
})

test('numbers between equal texts are in their order', () => {
  const number = fc.nat({ max: 1e9 })
  const text = fc.stringMatching(/^[a-z _.-]{0,5}$/)
  fc.assert(
    fc.property(text, text, number, number, (before, after, a, b) => {
      expect(Math.sign(byName(`${before}${a}${after}`, `${before}${b}${after}`))).toBe(Math.sign(a - b))
    }),
  )
})

test('is total: no two names are equal, and keys sort as SQLite sorts their bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
      expect(byName(a, b) === 0).toBe(a === b)
      expect(Math.sign(byName(a, b))).toBe(-Math.sign(byName(b, a)) || 0)
      expect(Buffer.from(naturalKey(a)).toString()).toBe(naturalKey(a))
    }),
  )
})
