import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nms } from '../../../../src/core/detectors/shared/nms.ts'

interface Item {
  readonly box: readonly number[]
  readonly score: number
  readonly label: number
}

function keep(items: readonly Item[], threshold = 0.6, limit = 100): Item[] {
  const kept = nms(
    Float32Array.from(items.flatMap(({ box }) => box)),
    Float32Array.from(items, ({ score }) => score),
    Int32Array.from(items, ({ label }) => label),
    threshold,
    limit,
  )
  return Array.from(kept, (i) => items[i])
}

const item = (box: number[], score: number, label = 0): Item => ({ box, score, label })

describe('non-maximum suppression', () => {
  const whole = item([0, 0, 10, 10], 0.5)

  test('drops a worse box of the class that overlaps by more than the threshold', () => {
    const most = item([0, 0, 7, 10], 0.9)
    expect(keep([whole, most])).toEqual([most])
    expect(keep([whole, { ...most, label: 1 }])).toEqual([{ ...most, label: 1 }, whole])
  })

  test('an IoU equal to the threshold is kept', () => {
    const half = item([0, 0, 5, 10], 0.4)
    expect(keep([whole, half], 0.5)).toEqual([whole, half])
    expect(keep([whole, half], 0.4999)).toEqual([whole])
  })

  test('a suppressed box suppresses nothing', () => {
    // Each neighbour pair overlaps by 7/13 or 8/12, the outer pair by 5/15.
    const chain = [item([0, 0, 10, 1], 0.9), item([2, 0, 12, 1], 0.8), item([5, 0, 15, 1], 0.7)]
    expect(keep(chain, 0.5)).toEqual([chain[0], chain[2]])
  })

  test('equal scores keep their order, and the limit keeps the best', () => {
    const apart = [0, 20, 40, 60].map((x, i) => item([x, 0, x + 10, 10], i === 3 ? 0.9 : 0.5))
    expect(keep(apart, 0.6, 3)).toEqual([apart[3], apart[0], apart[1]])
  })

  test('boxes without area are kept apart from all others', () => {
    const dots = [item([5, 5, 5, 5], 0.9), item([5, 5, 5, 5], 0.8), whole]
    expect(keep(dots)).toEqual(dots)
  })

  const coordinate = fc.integer({ min: 0, max: 30 })
  const side = fc.integer({ min: 1, max: 20 })
  const items = fc.uniqueArray(
    fc
      .tuple(
        coordinate,
        coordinate,
        side,
        side,
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 0, max: 2 }),
      )
      .map(([x, y, w, h, score, label]) => item([x, y, x + w, y + h], score, label)),
    { selector: ({ score }) => score, maxLength: 40 },
  )

  test('is idempotent', () => {
    fc.assert(
      fc.property(items, (sample) => {
        expect(keep(keep(sample))).toEqual(keep(sample))
      }),
    )
  })

  test('does not depend on the order of its input', () => {
    fc.assert(
      fc.property(
        items.chain((sample) =>
          fc.tuple(fc.constant(sample), fc.shuffledSubarray(sample, { minLength: sample.length })),
        ),
        ([sample, shuffled]) => {
          expect(keep(shuffled)).toEqual(keep(sample))
        },
      ),
    )
  })
})
