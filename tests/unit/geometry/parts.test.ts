import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maskRings } from '../../../src/core/geometry/mask.ts'
import {
  filledRings,
  grouped,
  insertCorner,
  moveCorner,
  partsOf,
  removeCorner,
  ringsOf,
  storedRings,
} from '../../../src/core/geometry/parts.ts'
import { type Ring, signedArea, translateRing } from '../../../src/core/geometry/polygon.ts'
import { rleArea, rleOfPixels, rleOfPolygons } from '../../../src/core/geometry/rle.ts'

const outside = [0, 0, 20, 0, 20, 20, 0, 20]
const hole = [5, 5, 5, 8, 8, 8, 8, 5]
const behind = [12, 5, 12, 9, 15, 9, 15, 5]
const bridges = (rings: readonly Ring[]) => storedRings(grouped(rings))

const pixels = fc
  .array(fc.boolean(), { minLength: 12 * 12, maxLength: 12 * 12 })
  .map((set) => rleOfPixels(set.map(Number), 12, 12))

test('one ring with a bridge fills the same pixels as the part without the hole', () => {
  const [ring, ...others] = bridges([outside, hole])
  expect(others).toEqual([])
  expect(ring).toEqual([0, 0, 20, 0, 20, 20, 0, 20, 0, 5, 5, 5, 5, 8, 8, 8, 8, 5, 5, 5, 0, 5])
  expect(signedArea(ring!)).toBe(400 - 9)
  expect(rleArea(rleOfPolygons([ring!], 30, 30))).toBe(400 - 9)
})

test('a second hole may hang on the first, an island lies in a hole, and a hole outside of all parts takes nothing away', () => {
  const island = [6, 6, 7, 6, 7, 7, 6, 7]
  const rings = bridges([outside, hole, behind, island, [30, 0, 30, 5, 35, 0]])
  expect(rings.map(signedArea)).toEqual([400 - 9 - 12, 1])
})

test('a hole belongs to the part around it where it touches the outline beyond rounding, and where an island fills most of it', () => {
  const outline = [0, 0, 100, 0, 100, 100, 0, 100]
  const touching = [-1e-3, 50, 20, 60, 20, 40]
  expect(grouped([outline, touching])).toEqual([{ outline, holes: [touching] }])
  const hole = [10, 10, 10, 90, 90, 90, 90, 10]
  const island = [10, 10, 90, 10, 90, 85, 10, 85]
  expect(grouped([outline, hole, island])).toEqual([
    { outline, holes: [hole] },
    { outline: island, holes: [] },
  ])
})

test('bridges are opened again into the rings of before', () => {
  const sorted = (rings: readonly Ring[]) => rings.map(signedArea).toSorted((a, b) => a - b)
  fc.assert(
    fc.property(pixels, fc.integer({ min: -3, max: 3 }), (mask, by) => {
      const edges = maskRings(mask)
      if (!edges) return
      const stored = bridges(edges).map((ring) => translateRing(ring, by / 3, by / 7))
      const opened = filledRings(partsOf(stored))
      expect(opened.length).toBe(edges.length)
      for (const [i, area] of sorted(edges).entries()) expect(sorted(opened)[i]).toBeCloseTo(area, 9)
      // Stored and opened once more, nothing is added.
      const again = filledRings(partsOf(storedRings(partsOf(stored))))
      expect(again.map(({ length }) => length)).toEqual(opened.map(({ length }) => length))
    }),
    { numRuns: 300 },
  )
})

test('a hole that another program joined by a corner of the outline is a hole too', () => {
  const foreign = [0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 3, 3, 6, 3, 6, 6, 3, 6, 3, 3]
  const [part, ...others] = partsOf([foreign])
  expect(others).toEqual([])
  expect(signedArea(part!.outline)).toBe(81)
  expect(part!.outline).toHaveLength(8)
  expect(part!.holes.map(signedArea)).toEqual([-9])
  expect(rleArea(rleOfPolygons(storedRings([part!]), 9, 9))).toBe(81 - 9)
})

test('a ring without bridges is a part as it is stored, whatever its direction, and so is one that touches itself at a corner', () => {
  const eight = [0, 0, 4, 0, 4, 4, 8, 4, 8, 8, 4, 8, 4, 4, 0, 4]
  for (const ring of [outside, hole, eight]) {
    expect(partsOf([ring])[0]!.outline).toBe(ring)
    expect(storedRings(partsOf([ring]))[0]).toBe(ring)
  }
})

test('a vertex is moved, added and taken away, and no other changes', () => {
  const parts = grouped([outside, hole])
  expect(ringsOf(moveCorner(parts, { ring: 1, index: 2 }, 9.5, 8.25))).toEqual([
    outside,
    [5, 5, 5, 8, 9.5, 8.25, 8, 5],
  ])
  expect(ringsOf(insertCorner(parts, { ring: 0, index: 3 }, -1, 10))).toEqual([[...outside, -1, 10], hole])
  expect(ringsOf(removeCorner(parts, { ring: 0, index: 0 }))).toEqual([[20, 0, 20, 20, 0, 20], hole])
  const triangle = removeCorner(parts, { ring: 1, index: 0 })
  expect(ringsOf(removeCorner(triangle, { ring: 1, index: 0 }))).toEqual([outside])
  expect(removeCorner(grouped([[0, 0, 1, 0, 0, 1]]), { ring: 0, index: 1 })).toEqual([])
})
