import { expect, test } from 'vitest'
import { assign } from '../../../../src/core/detectors/fcos/assign.ts'
import {
  AssignmentRules,
  DIALECTS,
  PAPER_RANGES,
  rangesFor,
} from '../../../../src/core/detectors/fcos/config.ts'
import { pyramid } from '../../../../src/core/pyramid/levels.ts'

const withRanges = (regressionRanges: unknown) =>
  AssignmentRules.safeParse({ ...DIALECTS.authors, regressionRanges })

test('rules of checkpoints without ranges read as they are, and mean the paper’s', () => {
  expect(AssignmentRules.parse(DIALECTS.torchvision)).toEqual(DIALECTS.torchvision)
  expect(rangesFor(['P3', 'P4', 'P5', 'P6', 'P7'])).toEqual(PAPER_RANGES)
  const layout = pyramid({ width: 800, height: 600 }, 'half-stride')
  const boxes = Float32Array.of(10, 10, 138, 138, 0, 0, 800, 600, 300, 100, 330, 520)
  const named = { ...DIALECTS.authors, regressionRanges: rangesFor(['P3', 'P4', 'P5', 'P6', 'P7']) }
  expect(assign(layout, named, boxes)).toEqual(assign(layout, DIALECTS.authors, boxes))
})

test('rules with ranges survive JSON', () => {
  const rules = { ...DIALECTS.authors, regressionRanges: rangesFor(['P3', 'P5']) }
  expect(AssignmentRules.parse(JSON.parse(JSON.stringify(rules)))).toEqual(rules)
})

test.each([
  ['a level that is none', { P2: [0, 32] }],
  ['a range that ends before it begins', { P3: [64, 8] }],
  ['an empty range', { P3: [64, 64] }],
  ['a negative distance', { P3: [-1, 64] }],
])('%s is refused', (_, ranges) => {
  expect(withRanges(ranges).success).toBe(false)
})
