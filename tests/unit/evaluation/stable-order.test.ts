import fc from 'fast-check'
import { expect, it } from 'vitest'
import { descendingRank, stableOrder } from '../../../src/core/evaluation/stable-order.ts'

it('sorts by the first key, then the next, and leaves equals in order', () => {
  const first = { of: Uint32Array.of(1, 0, 1, 0, 1), size: 2 }
  const second = { of: Uint32Array.of(2, 1, 0, 1, 2), size: 3 }
  expect([...stableOrder(5, [first, second])]).toEqual([1, 3, 2, 0, 4])
})

it('agrees with a stable comparison sort', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(5))), (rows) => {
      const keys = [
        { of: Uint32Array.from(rows, ([a]) => a), size: 4 },
        { of: Uint32Array.from(rows, ([, b]) => b), size: 6 },
      ]
      const expected = rows
        .map((_, row) => row)
        .sort((p, q) => rows[p]![0] - rows[q]![0] || rows[p]![1] - rows[q]![1])
      expect([...stableOrder(rows.length, keys)]).toEqual(expected)
    }),
  )
})

it('ranks from the greatest, equals alike, both zeros included', () => {
  const { of, size } = descendingRank(Float64Array.of(0.5, -0, 0.9, 0, 0.5, -1))
  expect([...of]).toEqual([1, 2, 0, 2, 1, 3])
  expect(size).toBe(4)
})
