/** ATSS' candidates and eligible locations, found in little time, against all locations sorted and asked one by one. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Anchors, type AtssRules, anchorCentres, assign } from '../../../src/core/detectors/atss/assign.ts'
import { ATSS_ASSIGNER } from '../../../src/core/detectors/atss/assigner.ts'
import { locationPoints } from '../../../src/core/pyramid/locations.ts'
import { flat, someBoxes, someSize } from '../../support/arbitrary-boxes.ts'

const someRules: fc.Arbitrary<AtssRules> = fc.record({
  candidates: fc.constantFrom(1, 3, 9, 19, 100),
  dialect: fc.constantFrom('authors', 'mmdet'),
  atLeastOne: fc.boolean(),
})

/** Centres on corners, edges and middles of cells, where many locations are equally near; far outside, too. */
const centredBoxes = fc
  .array(
    fc.record({
      x: fc.integer({ min: -200, max: 500 }),
      y: fc.integer({ min: -200, max: 500 }),
      half: fc.constantFrom(1, 4, 16, 60),
    }),
    { maxLength: 6 },
  )
  .map((all) =>
    Float32Array.from(
      all.flatMap(({ x, y, half }) => [4 * x - half, 4 * y - half, 4 * x + half, 4 * y + half]),
    ),
  )

test('candidates are the nearest of all locations of a level, of equals the first', () => {
  fc.assert(
    fc.property(
      someSize,
      someRules,
      fc.oneof(centredBoxes, someBoxes.map(flat)),
      (size, { candidates: k, ...rules }, boxes) => {
        const grid = anchorCentres(size, rules.dialect)
        const points = locationPoints(grid)
        const perBox = grid.levels.reduce((sum, { columns, rows }) => sum + Math.min(k, columns * rows), 0)
        const anchors = new Anchors(grid, { candidates: k, ...rules })
        const f = Math.fround
        for (let gt = 0; gt < boxes.length / 4; gt++) {
          const [x, y] = [0, 1].map((axis) => f(f(boxes[gt * 4 + 2 + axis]! + boxes[gt * 4 + axis]!) / 2))
          const away = (location: number) => {
            const [dx, dy] = [f(points[location * 2]! - x!), f(points[location * 2 + 1]! - y!)]
            return f(Math.sqrt(f(f(dx * dx) + f(dy * dy))))
          }
          const expected = grid.levels.flatMap(({ first, columns, rows }) =>
            Array.from({ length: columns * rows }, (_, cell) => first + cell)
              .sort((a, b) => away(a) - away(b) || a - b)
              .slice(0, k),
          )
          const found = new Int32Array(perBox)
          anchors.nearest(boxes, gt, k, found, 0)
          expect([...found]).toEqual(expected)
        }
      },
    ),
    { numRuns: 40 },
  )
})

test('a box is eligible where a candidate reaches its threshold inside it, and where it was given its only location', () => {
  fc.assert(
    fc.property(someSize, someRules, someBoxes, (size, rules, some) => {
      const boxes = flat(some)
      const grid = anchorCentres(size, rules.dialect)
      const assignment = ATSS_ASSIGNER.over(grid, rules, boxes)
      const matched = assignment.assign()
      const { candidates, candidateIou, threshold, rescued } = assign(grid, rules, boxes)
      const anchors = new Anchors(grid, rules)
      const perBox = candidates.length / Math.max(1, some.length)
      for (let gt = 0; gt < some.length; gt++) {
        const expected: number[] = []
        for (let c = gt * perBox; c < (gt + 1) * perBox; c++) {
          const location = candidates[c]!
          if (location < 0) continue
          const passes = candidateIou[c]! >= threshold[gt]! && anchors.isInside(location, boxes, gt)
          if (passes || (matched[location] === gt && rescued.includes(location))) expected.push(location)
        }
        const found: number[] = []
        assignment.eligible(gt, (start, end, level) => {
          expect(end).toBe(start + 1)
          expect(grid.levels[level]!.first).toBeLessThanOrEqual(start)
          found.push(start)
        })
        expect(found).toEqual(expected.sort((a, b) => a - b))
      }
    }),
    { numRuns: 40 },
  )
})
