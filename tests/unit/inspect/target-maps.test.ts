import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DIALECTS, rangesFor } from '../../../src/core/detectors/fcos/config.ts'
import { targets } from '../../../src/core/detectors/fcos/targets.ts'
import { countShares, lostLocations } from '../../../src/core/inspect/shares.ts'
import { TargetMaps } from '../../../src/core/inspect/target-maps.ts'
import { flat, someBoxes, someRules, someSize } from '../../support/arbitrary-boxes.ts'
import { bruteForce, eligible, points } from '../../support/brute-force.ts'

const { authors } = DIALECTS
const input = { width: 256, height: 256 }

/** Box 0 is eligible at 12, 20 and 28 along both axes, box 1 at 12 and 20 alone. */
const two = flat([
  [6, 6, 34, 34],
  [6, 6, 26, 26],
])

test('two boxes by hand', () => {
  const maps = new TargetMaps(input)
  maps.update({ boxes: two, classes: [3, 3], assignment: authors, loss: { boxWeight: 'centerness' } })
  expect(maps.count).toEqual({ positives: 9, ambiguous: 4, ambiguousAcrossClasses: 0 })
  const at = (column: number, row: number) => row * 32 + column
  expect(maps.matched[at(1, 1)]).toBe(1)
  expect(maps.matched[at(3, 3)]).toBe(0)
  expect(maps.candidates[at(2, 2)]).toBe(2)
  expect(maps.candidates[at(3, 2)]).toBe(1)
  // Location (28, 28) of box 0: l = t = 22, r = b = 6.
  expect([...maps.own.ltrb.subarray(at(3, 3) * 4, at(3, 3) * 4 + 4)]).toEqual([22, 22, 6, 6])
  expect(maps.own.centerness[at(3, 3)]).toBeCloseTo(6 / 22, 6)
  expect([...maps.shares.perLevel.subarray(0, 10)]).toEqual([5, 0, 0, 0, 0, 4, 0, 0, 0, 0])
  expect([...maps.shares.lost.subarray(0, 2)]).toEqual([4, 0])
  // Of box 1 each axis contributes min/max = 6/14 at 12 and at 20.
  expect(maps.shares.meanCenterness[1]).toBeCloseTo(6 / 14, 6)
  // Of box 0 the axes contribute 6/22, 1 (at 20: 14 to both sides) and 6/22; it keeps those where either is at 28.
  const low = 6 / 22
  expect(maps.shares.meanCenterness[0]).toBeCloseTo((3 * low + 2 * Math.sqrt(low)) / 5, 6)
  expect(lostLocations(maps.assignment, 0, maps.matched)).toEqual([{ to: 1, locations: 4 }])
  expect(lostLocations(maps.assignment, 1, maps.matched)).toEqual([])

  maps.update({ boxes: two, classes: [3, 4], assignment: authors, loss: { boxWeight: 'none' } })
  expect(maps.count.ambiguousAcrossClasses).toBe(4)
  expect(maps.own.effectivePositives).toBe(9)
  expect(maps.own.boxWeight.reduce((sum, w) => sum + w, 0)).toBe(9)
})

test('effective positives: (Σw)² / Σw²', () => {
  // 16 × 16 around (16, 16): the locations 12 and 20 of P3 along both axes, all with 4/12 on either axis: equal weights.
  const maps = new TargetMaps(input)
  maps.update({
    boxes: flat([[8, 8, 24, 24]]),
    classes: [0],
    assignment: authors,
    loss: { boxWeight: 'centerness' },
  })
  expect(maps.own.effectivePositives).toBeCloseTo(4, 6)
  // 24 × 24 around (12, 12): 1 in the middle, 4/20 on each axis that is not.
  maps.update({
    boxes: flat([[0, 0, 24, 24]]),
    classes: [0],
    assignment: authors,
    loss: { boxWeight: 'centerness' },
  })
  const [edge, corner] = [Math.sqrt(0.2), 0.2]
  const sum = 1 + 4 * edge + 4 * corner
  expect(maps.own.effectivePositives).toBeCloseTo(sum ** 2 / (1 + 4 * edge ** 2 + 4 * corner ** 2), 4)
  maps.update({ boxes: flat([]), classes: [], assignment: authors, loss: { boxWeight: 'centerness' } })
  expect(maps.own.effectivePositives).toBe(0)
})

test('keeps its arrays from frame to frame, whatever the rules', () => {
  const maps = new TargetMaps(input)
  maps.update({ boxes: two, classes: [0, 1], assignment: authors, loss: { boxWeight: 'none' } })
  const { matched, candidates, own } = maps
  const { ltrb, centerness, boxWeight } = own
  for (const rules of [authors, DIALECTS.torchvision, { ...authors, regressionRanges: rangesFor(['P3']) }]) {
    maps.update({ boxes: two, classes: [0, 1], assignment: rules, loss: { boxWeight: 'centerness' } })
  }
  expect(maps.matched).toBe(matched)
  expect(maps.own.ltrb).toBe(ltrb)
  expect(maps.own.centerness).toBe(centerness)
  expect(maps.candidates).toBe(candidates)
  expect(maps.own.boxWeight).toBe(boxWeight)
})

test('ranges for some levels leave no distance out', () => {
  expect(rangesFor(['P3', 'P4', 'P5'])).toEqual({ P3: [0, 64], P4: [64, 128], P5: [128, null] })
  expect(rangesFor(['P4', 'P6'])).toEqual({ P4: [0, 128], P6: [128, null] })
  expect(rangesFor(['P5'])).toEqual({ P5: [0, null] })
})

test('agrees with the definition, after any other frame', () => {
  fc.assert(
    fc.property(someSize, fc.array(fc.tuple(someRules, someBoxes), { maxLength: 3 }), (size, frames) => {
      const maps = new TargetMaps(size)
      for (const [rules, boxes] of frames) {
        const classes = boxes.map((_, gt) => gt % 3)
        maps.update({ boxes: flat(boxes), classes, assignment: rules, loss: { boxWeight: 'centerness' } })
        const all = points(size.width, size.height, rules.location)
        const matched = bruteForce(all, boxes, rules)
        expect([...maps.matched]).toEqual(matched)
        expect([...maps.level]).toEqual(all.map(({ level }) => level))
        const expected = targets(maps.pyramid, rules, flat(boxes))
        expect(maps.own.ltrb).toEqual(expected.ltrb)
        expect(maps.own.boxWeight).toEqual(expected.centerness)
        for (const [gt, box] of boxes.entries()) {
          const own = all.flatMap((_, i) => (matched[i] === gt ? [i] : []))
          for (let level = 0; level < 5; level++) {
            const onLevel = own.filter((i) => all[i].level === level).length
            expect(maps.shares.perLevel[gt * 5 + level]).toBe(onLevel)
          }
          const mean = own.reduce((sum, i) => sum + expected.centerness[i], 0) / own.length
          expect(maps.shares.meanCenterness[gt]).toBeCloseTo(own.length > 0 ? mean : 0, 5)
          const winners = all
            .map((point, i) => (eligible(point, box, rules) ? matched[i] : gt))
            .filter((winner) => winner !== gt)
          // A box that never wins takes part in no contest, so that background or smaller boxes have its locations.
          const never = rules.area === 'float32' && (box[2] - box[0]) * (box[3] - box[1]) >= 0.99e8
          if (!never) expect(maps.shares.lost[gt]).toBe(winners.length)
          const perWinner = lostLocations(maps.assignment, gt, maps.matched)
          expect(perWinner.reduce((sum, { locations }) => sum + locations, 0)).toBe(maps.shares.lost[gt])
          for (const { to, locations } of perWinner) {
            expect(winners.filter((winner) => winner === to).length).toBe(locations)
          }
        }
        expect(countShares(maps.assignment, maps.matched).positives).toEqual(
          maps.shares.positives.slice(0, boxes.length),
        )
      }
    }),
    { numRuns: 60 },
  )
})
