import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { descriptorOf } from '../../../src/core/review/descriptor.ts'
import { diverseOrder } from '../../../src/core/review/diverse-order.ts'
import { usefulness } from '../../../src/core/review/usefulness.ts'

const seen = (...scores: number[]) => scores.map((score) => ({ categoryId: 1, score }))

describe('usefulness', () => {
  it('uncertainty adds up entropies, as a share of the highest', () => {
    const values = usefulness(
      [
        { imageId: 1, detections: seen(0.5, 0.5) },
        { imageId: 2, detections: seen(0.5, 1, 0) },
        { imageId: 3, detections: [] },
      ],
      new Map(),
    )
    expect(values.map(({ uncertainty }) => uncertainty)).toEqual([1, 0.5, 0])
  })

  it('disagreement counts wrong detections by score, and missed objects', () => {
    const image = { detections: [] }
    const values = usefulness(
      [
        { ...image, imageId: 1, disagreement: { falsePositives: [0.9, 0.6], falseNegatives: 1 } },
        { ...image, imageId: 2, disagreement: { falsePositives: [0.5], falseNegatives: 0 } },
        { ...image, imageId: 3 },
      ],
      new Map(),
    )
    expect(values.map(({ disagreement }) => disagreement)).toEqual([1, expect.closeTo(0.2), 0])
    expect(values[0]!.value).toBeCloseTo(1 / 3)
  })

  it('rarity prefers classes with few labels', () => {
    const values = usefulness(
      [
        { imageId: 1, detections: [{ categoryId: 1, score: 0.8 }] },
        { imageId: 2, detections: [{ categoryId: 2, score: 0.8 }] },
      ],
      new Map([[1, 9]]),
    )
    expect(values.map(({ rarity }) => rarity)).toEqual([expect.closeTo(0.1), 1])
  })
})

describe('diverse order', () => {
  const item = (value: number, ...embedding: number[]) => ({ value, embedding: Float32Array.from(embedding) })

  it('starts with the most valuable, then leaves near-duplicates for later', () => {
    const items = [item(0.9, 1, 0.01), item(1, 1, 0), item(0.3, 0, 2), item(0.2, -1, 0)]
    // Distances to (1, 0): 0.00005, –, 1, 2.
    expect(diverseOrder(items, 4)).toEqual([1, 3, 2, 0])
    expect(diverseOrder(items, 2)).toEqual([1, 3])
  })

  it('keeps away from what was worked on', () => {
    const items = [item(1, 1, 0), item(0.4, 0, 1)]
    expect(diverseOrder(items, 2, [Float32Array.of(5, 0.1)])).toEqual([1, 0])
  })

  it('is an order of all; without anything to tell them apart, by value', () => {
    const list = fc.array(fc.record({ value: fc.nat(5), x: fc.nat(3), y: fc.nat(3) }), { maxLength: 20 })
    fc.assert(
      fc.property(list, (all) => {
        const items = all.map(({ value, x, y }) => item(value, x, y))
        expect(diverseOrder(items, 99).toSorted((a, b) => a - b)).toEqual([...items.keys()])
        const alike = items.map(({ value }) => item(value, 1, 0))
        const values = diverseOrder(alike, 99).map((i) => alike[i]!.value)
        expect(values).toEqual(values.toSorted((a, b) => b - a))
      }),
    )
  })

  it('every step takes the item of greatest value · distance', () => {
    const list = fc.array(fc.record({ value: fc.nat(5), angle: fc.nat(7) }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(list, (all) => {
        const items = all.map(({ value, angle }) => item(value, Math.cos(angle), Math.sin(angle)))
        const order = diverseOrder(items, 99)
        order.forEach((next, n) => {
          const gain = (i: number) =>
            all[i]!.value *
            Math.min(2, ...order.slice(0, n).map((j) => 1 - Math.cos(all[i]!.angle - all[j]!.angle)))
          for (const other of order.slice(n)) expect(gain(other)).toBeLessThanOrEqual(gain(next) + 1e-5)
        })
      }),
    )
  })
})

it('a descriptor says where, how large and how surely each class is seen', () => {
  const detections = [
    { categoryId: 5, box: [0, 0, 20, 10] as const, score: 0.5 },
    { categoryId: 2, box: [70, 40, 30, 10] as const, score: 0.9 },
    { categoryId: 9, box: [0, 0, 1, 1] as const, score: 1 },
  ]
  const descriptor = descriptorOf(detections, { width: 100, height: 50 }, [2, 5])
  expect(descriptor).toHaveLength(34)
  const filled = [...descriptor.entries()].filter(([, value]) => value > 0)
  expect(filled).toEqual([
    [15, expect.closeTo(0.9)],
    [16, expect.closeTo(0.5)],
    [32, expect.closeTo(0.9 * Math.sqrt(0.06))],
    [33, expect.closeTo(0.5 * 0.2)],
  ])
})
