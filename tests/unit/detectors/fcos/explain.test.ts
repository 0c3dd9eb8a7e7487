import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AssignmentRules, DIALECTS } from '../../../../src/core/detectors/fcos/config.ts'
import { describeOutcome, explain } from '../../../../src/core/detectors/fcos/explain.ts'
import { pyramid } from '../../../../src/core/pyramid/levels.ts'
import { flat, someBoxes, someRules, someSize } from '../../../support/arbitrary-boxes.ts'
import { bruteForce, eligible, points } from '../../../support/brute-force.ts'

const { authors, torchvision } = DIALECTS

/** Sentences for the location at (x, y) of level 0 … 4 in a 512 × 512 input. */
function sentences(
  rules: AssignmentRules,
  [x, y, level]: [number, number, number],
  ...boxes: number[][]
): string[] {
  const index = points(512, 512, rules.location).findIndex((p) => p.x === x && p.y === y && p.level === level)
  const { boxes: outcomes, location } = explain(
    pyramid({ width: 512, height: 512 }, rules.location),
    rules,
    flat(boxes),
    index,
  )
  expect(location).toMatchObject({ x, y })
  return outcomes.map((outcome) => describeOutcome(outcome, location))
}

test.each<
  [what: string, rules: AssignmentRules, at: [number, number, number], boxes: number[][], expected: string[]]
>([
  ['learns', authors, [20, 20, 0], [[10, 10, 30, 30]], ['learns box 0 on P3']],
  ['outside', authors, [20, 20, 0], [[25.5, 10, 60, 30]], ['outside box 0 by 5.5 px']],
  ['outside, at a corner', authors, [20, 20, 0], [[24, 27, 60, 60]], ['outside box 0 by 7 px']],
  [
    'nearest of two',
    authors,
    [20, 20, 0],
    [
      [100, 0, 120, 40],
      [30, 10, 50, 30],
    ],
    ['outside box 1 by 10 px'],
  ],
  ['on a side', authors, [20, 20, 0], [[20, 10, 60, 30]], ['on a side of box 0, not inside it']],
  [
    'far from the centre',
    authors,
    [20, 20, 0],
    [[0, 0, 122, 60]],
    ['inside box 0, but 41 px from its centre ≥ 1.5 × 8: outside center sampling'],
  ],
  [
    'at exactly the radius',
    authors,
    [20, 20, 0],
    [[0, 0, 64, 40]],
    ['inside box 0, but 12 px from its centre ≥ 1.5 × 8: outside center sampling'],
  ],
  [
    'above the range',
    { ...authors, radius: 0 },
    [20, 20, 0],
    [[10, 10, 90, 30]],
    ["inside box 0, but max(l, t, r, b) 70 px ≥ 64: above P3's regression range"],
  ],
  [
    'below the range',
    authors,
    [24, 24, 1],
    [[10, 10, 40, 40]],
    ["inside box 0, but max(l, t, r, b) 16 px ≤ 64: below P4's regression range"],
  ],
  [
    'on an open bound',
    torchvision,
    [64, 64, 0],
    [[0, 0, 128, 128]],
    ["inside box 0, but max(l, t, r, b) 64 px ≥ 64: above P3's regression range"],
  ],
  [
    'on a closed bound',
    { ...authors, location: 'corner' },
    [64, 64, 0],
    [[0, 0, 128, 128]],
    ['learns box 0 on P3'],
  ],
  [
    'lost to a smaller box',
    authors,
    [20, 20, 0],
    [
      [5, 5, 35, 35],
      [10, 10, 30, 30],
    ],
    ['learns box 1 on P3', 'eligible for box 0, but learns box 1, which is smaller'],
  ],
  [
    'lost a tie',
    authors,
    [20, 20, 0],
    [
      [10, 10, 30, 30],
      [10, 10, 30, 30],
    ],
    ['learns box 0 on P3', 'eligible for box 1, but learns box 0, which ties in area and comes first'],
  ],
  [
    'too large for the float32 tie-break',
    { ...torchvision, radius: 0 },
    [0, 0, 4],
    [[-6000, -6000, 6000, 6000]],
    ['inside box 0, whose area of 1e8 px² or more loses to background'],
  ],
  [
    'a level that is switched off',
    { ...authors, regressionRanges: { P4: [0, null] } },
    [20, 20, 0],
    [[10, 10, 30, 30]],
    ['inside box 0, but P3 learns nothing: it is switched off'],
  ],
  [
    'above an edited range',
    { ...authors, regressionRanges: { P3: [0, 8] } },
    [20, 20, 0],
    [[10, 10, 30, 30]],
    ["inside box 0, but max(l, t, r, b) 10 px ≥ 8: above P3's regression range"],
  ],
  ['no boxes', authors, [20, 20, 0], [], []],
  ['only a box without area', authors, [20, 20, 0], [[40, 40, 40, 60]], []],
])('%s', (_, rules, at, boxes, expected) => {
  expect(sentences(rules, at, ...boxes)).toEqual(expected)
})

test('agrees with the definition at every location', () => {
  fc.assert(
    fc.property(someSize, someRules, someBoxes, ({ width, height }, rules, boxes) => {
      const layout = pyramid({ width: width / 2, height: height / 2 }, rules.location)
      const all = points(width / 2, height / 2, rules.location)
      const matched = bruteForce(all, boxes, rules)
      for (const [i, point] of all.entries()) {
        const { boxes: outcomes } = explain(layout, rules, flat(boxes), i)
        const learned = outcomes.filter(({ outcome }) => outcome.test === 'positive').map(({ gt }) => gt)
        expect(learned).toEqual(matched[i] < 0 ? [] : [matched[i]])
        for (const { gt, outcome } of outcomes) {
          const passed = ['positive', 'lost', 'area-limit'].includes(outcome.test)
          expect(passed, outcome.test).toBe(eligible(point, boxes[gt], rules))
          if (outcome.test === 'lost') expect(outcome.to).toBe(matched[i])
        }
      }
    }),
    { numRuns: 30 },
  )
})
