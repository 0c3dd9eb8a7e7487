import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TopK } from '../../../../src/core/detectors/shared/top-k.ts'

function best(k: number, scores: readonly number[]) {
  const top = new TopK(k)
  for (const [index, score] of scores.entries()) top.offer(score, index)
  return top
}

test('equal scores: the lower index goes first, and is the one that is kept', () => {
  expect([...best(3, [0.5, 0.25, 0.5, 0.75, 0.5]).sorted().indices]).toEqual([3, 0, 2])
})

test('the bar is the worst kept score once k are kept', () => {
  expect(best(3, [0.5, 0.25]).bar).toBe(Number.NEGATIVE_INFINITY)
  expect(best(3, [0.5, 0.25, 1, 0.75]).bar).toBe(0.5)
})

test('none are kept of none', () => {
  expect([...best(5, []).sorted().indices]).toEqual([])
})

test('it is the head of a stable sort', () => {
  const scores = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 60 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), scores, (k, sample) => {
      const sorted = [...sample.keys()].sort((a, b) => sample[b] - sample[a]).slice(0, k)
      const { indices, scores: kept } = best(k, sample).sorted()
      expect([...indices]).toEqual(sorted)
      expect([...kept]).toEqual(sorted.map((i) => sample[i]))
    }),
  )
})
