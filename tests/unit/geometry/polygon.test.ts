import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  clockwise,
  distanceToEdge,
  fitRing,
  polygonArea,
  polygonBounds,
  polygonHolds,
  signedArea,
} from '../../../src/core/geometry/polygon.ts'

/** An L: 4 × 4 without its upper right quarter. */
const L = [0, 0, 2, 0, 2, 2, 4, 2, 4, 4, 0, 4]

test('area and bounds of an L, and of two parts', () => {
  expect(signedArea(L)).toBe(12)
  expect(signedArea([0, 4, 4, 4, 4, 2, 2, 2, 2, 0, 0, 0])).toBe(-12)
  expect(polygonArea([L, [10, 10, 12, 10, 11, 12]])).toBe(14)
  expect(polygonBounds([L, [10, 10, 12, 10, 11, 12]])).toEqual([0, 0, 12, 12])
  expect(polygonArea([])).toBe(0)
})

test('a small area far from the origin keeps its digits', () => {
  const far = [1e9, 1e9, 1e9 + 1, 1e9, 1e9 + 1, 1e9 + 1, 1e9, 1e9 + 1]
  expect(signedArea(far)).toBe(1)
})

test('points in an L, in a hole, and in parts that overlap', () => {
  expect(polygonHolds([L], 1, 1)).toBe(true)
  expect(polygonHolds([L], 3, 1)).toBe(false)
  expect(polygonHolds([L], 3, 3)).toBe(true)
  expect(polygonHolds([L], 5, 3)).toBe(false)
  const outside = [0, 0, 9, 0, 9, 9, 0, 9]
  const hole = [3, 3, 3, 6, 6, 6, 6, 3]
  expect(signedArea(hole)).toBeLessThan(0)
  expect(polygonHolds([outside, hole], 4, 4)).toBe(false)
  expect(polygonHolds([outside, hole], 2, 4)).toBe(true)
  // As parts of one object, both run clockwise and are united.
  expect(polygonHolds([outside, clockwise(hole)], 4, 4)).toBe(true)
})

test('the distance to the nearest edge, the closing one included', () => {
  expect(distanceToEdge([L], 3, 1)).toBe(1)
  expect(distanceToEdge([L], -3, 2)).toBe(3)
  expect(distanceToEdge([L], 7, 8)).toBe(5)
  expect(distanceToEdge([[1, 1, 1, 1]], 4, 5)).toBe(5)
  expect(distanceToEdge([], 0, 0)).toBe(Infinity)
})

test('what lies on the edges of a box lies on those of the other to the bit', () => {
  const side = fc.tuple(
    fc.double({ min: -1e4, max: 1e4, noNaN: true }).map((value) => value + 0),
    fc.double({ min: 0.1, max: 1e4, noNaN: true }),
  )
  fc.assert(
    fc.property(side, side, side, side, ([x, w], [y, h], [u, a], [v, b]) => {
      const from = [x, y, x + w, y + h] as const
      const to = [u, v, u + a, v + b] as const
      expect(fitRing([from[0], from[1], from[2], from[3]], from, to)).toEqual([...to])
    }),
  )
})
