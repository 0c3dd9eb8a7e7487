import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assign } from '../../../src/core/detectors/fcos/assign.ts'
import { type AssignmentRules, DIALECTS } from '../../../src/core/detectors/fcos/config.ts'
import { FCOS } from '../../../src/core/detectors/fcos/index.ts'
import {
  boxSize,
  describeUnlearnable,
  locationsPerBox,
  unlearnable,
} from '../../../src/core/inspect/reasons.ts'
import { pyramid } from '../../../src/core/pyramid/levels.ts'
import { flat, someBoxes, someRules, someSize } from '../../support/arbitrary-boxes.ts'
import { bruteForce, eligible, points } from '../../support/brute-force.ts'

const { authors, torchvision } = DIALECTS

/** Why nobody learns the first box in a 256 × 256 input. */
function why(rules: AssignmentRules, ...boxes: number[][]) {
  const layout = pyramid({ width: 256, height: 256 }, rules.location)
  const matched = assign(layout, rules, flat(boxes))
  expect(locationsPerBox(matched, boxes.length)[0]).toBe(0)
  const box = unlearnable(FCOS.assigner.over(layout, rules, flat(boxes)), 0, matched)
  return [box.cause, box.lostTo, describeUnlearnable(box, boxSize(flat(boxes), 0))]
}

test('a box without area', () => {
  expect(why(authors, [10, 10, 10, 20])).toEqual(['no-area', [], 'box 0 (0 × 10 px) has no area'])
  expect(why(authors, [30, 10, 10, 20])[0]).toBe('no-area')
})

test('a sliver between locations', () => {
  expect(why(authors, [5, 5, 30, 5.5])).toEqual([
    'under-1-px',
    [],
    'box 0 (25 × 0.5 px) is under 1 px and lies between all locations',
  ])
})

test('a small box between locations', () => {
  // P3's nearest are 36 and 44, P4's 40, P5's 48.
  expect(why(authors, [40.5, 40.5, 43.5, 43.5])).toEqual([
    'inside',
    [],
    'no location lies inside box 0 (3 × 3 px)',
  ])
  expect(why(authors, [0, 0, 4, 4])[0]).toBe('inside')
})

test('a box wholly outside the input', () => {
  expect(why(authors, [-90, 10, -10, 90])[0]).toBe('inside')
})

test('a box whose centre lies far outside the input', () => {
  // The nearest P7 location is at 64, its reach 192, and the centre at -220.
  expect(why(authors, [-500, 0, 60, 128])).toEqual([
    'center-sampling',
    [],
    'no location inside box 0 (560 × 128 px) is near enough to its centre for center sampling',
  ])
})

test('a small box over a location of P4 alone', () => {
  // P4's (8, 8) is inside, but 3 px is P3's business, whose locations lie at 4 and 12.
  expect(why(authors, [5, 5, 11, 11])[0]).toBe('range')
})

test('a long sliver over a column of P3 alone falls between the ranges', () => {
  // x = 12 is a column of P3, not of P4 (8, 24) or above; the box is 200 px high, so that max(t, b) ≥ 100 > 64 on P3.
  expect(why(authors, [9, 20, 15, 220])).toEqual([
    'range',
    [],
    "no location inside box 0 (6 × 200 px) has max(l, t, r, b) in its level's regression range",
  ])
})

test('open ranges have gaps of no width that a box can fall into', () => {
  // Location (64, 64), the only one within 0.5 × 8 (P3) and 0.5 × 16 (P4) of the centre, is 64 px from every side; on
  // P5 to P7, which reach farther, 64 px is too little.
  expect(why({ ...torchvision, radius: 0.5 }, [0, 0, 128, 128])[0]).toBe('range')
})

test('a box under two smaller ones', () => {
  const rules = { ...authors, radius: 0 }
  // Locations (20, 20) and (28, 20) are all that lie inside the first box.
  const lost = why(rules, [14, 14, 34, 26], [16, 16, 24, 24], [100, 100, 120, 120], [24, 16, 32, 24])
  expect(lost).toEqual(['lost', [1, 3], 'box 0 (20 × 12 px) lost all its locations to smaller boxes: 1, 3'])
})

test('a box too large for the float32 tie-break', () => {
  expect(why({ ...torchvision, radius: 0 }, [-6000, -6000, 6000, 6000])[0]).toBe('area-limit')
})

test('agrees with the definition', () => {
  fc.assert(
    fc.property(someSize, someRules, someBoxes, (size, rules, boxes) => {
      const layout = pyramid(size, rules.location)
      const all = points(size.width, size.height, rules.location)
      const matched = bruteForce(all, boxes, rules)
      const counts = locationsPerBox(Int32Array.from(matched), boxes.length)
      for (const [gt, box] of boxes.entries()) {
        expect(counts[gt]).toBe(matched.filter((m) => m === gt).length)
        if (counts[gt] > 0) continue
        const { cause, lostTo } = unlearnable(
          FCOS.assigner.over(layout, rules, flat(boxes)),
          gt,
          Int32Array.from(matched),
        )
        const eligibleAt = all.flatMap((point, i) => (eligible(point, box, rules) ? [matched[i]] : []))
        expect(['lost', 'area-limit'].includes(cause)).toBe(eligibleAt.length > 0)
        if (cause === 'lost') expect(lostTo).toEqual([...new Set(eligibleAt)].sort((a, b) => a - b))
      }
    }),
    { numRuns: 100 },
  )
})
