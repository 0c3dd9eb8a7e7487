/** RetinaNet's matcher as an assigner: what it says of boxes and anchors agrees with what it assigns. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BACKGROUND } from '../../../src/core/detectors/assigner.ts'
import {
  assign,
  MatcherRules,
  nearAnchors,
  TORCHVISION_RULES,
} from '../../../src/core/detectors/retinanet/assign.ts'
import { RETINANET_ASSIGNER } from '../../../src/core/detectors/retinanet/assigner.ts'
import { isLearnable, learnedBoxes, unlearnable } from '../../../src/core/inspect/reasons.ts'
import { countShares } from '../../../src/core/inspect/shares.ts'
import { pyramid } from '../../../src/core/pyramid/levels.ts'
import { flat, someBoxes, someSize } from '../../support/arbitrary-boxes.ts'

const someRules = fc.record({
  positive: fc.constantFrom(0.5, 0.6, 0.4),
  negative: fc.constantFrom(0.4, 0.2),
  lowQuality: fc.boolean(),
  lowQualityFloor: fc.constantFrom(0, 0, 0.15, 0.45),
})

test('anchors that cannot matter are left out without changing a match', () => {
  fc.assert(
    fc.property(someSize, someRules, someBoxes, (size, rules, some) => {
      const grid = pyramid(size, 'corner')
      const boxes = flat(some)
      const [all, near] = [
        assign(grid, rules, boxes),
        assign(grid, rules, boxes, (gt) => nearAnchors(grid, boxes, gt, rules.negative)),
      ]
      expect(near.matched).toEqual(all.matched)
      expect(near.boxIou).toEqual(all.boxIou)
      expect(near.lowQuality).toEqual(all.lowQuality)
    }),
    { numRuns: 60 },
  )
})

test('each anchor learns the strongest of the boxes that it is eligible for', () => {
  fc.assert(
    fc.property(someSize, someRules, someBoxes, (size, rules, some) => {
      const grid = pyramid(size, 'corner')
      const boxes = flat(some)
      const assignment = RETINANET_ASSIGNER.over(grid, rules, boxes)
      const matched = assignment.assign().slice()
      const winners = new Int32Array(matched.length).fill(BACKGROUND)
      const best = new Float64Array(matched.length)
      for (let gt = 0; gt < some.length; gt++) {
        let before = -1
        assignment.eligible(gt, (start, end) => {
          expect(start).toBeGreaterThan(before)
          before = end - 1
          for (let cell = start; cell < end; cell++) {
            const strength = assignment.strength(gt, cell)
            if (strength <= best[cell]!) continue
            best[cell] = strength
            winners[cell] = gt
          }
        })
      }
      expect(matched.map((gt) => Math.max(gt, BACKGROUND))).toEqual(winners)

      const shares = countShares(assignment, matched)
      const learned = [...some.keys()].filter((gt) => matched.includes(gt))
      expect(learnedBoxes(assignment, matched)).toEqual(learned)
      for (const gt of some.keys()) {
        expect(shares.positives[gt]).toBe(matched.filter((owner) => owner === gt).length)
        expect(isLearnable(assignment, gt)).toBe(learned.includes(gt))
        if (learned.includes(gt)) expect(assignment.obstacle(gt)).toBeNull()
        else expect(unlearnable(assignment, gt, matched).cause).toBeDefined()
      }
    }),
    { numRuns: 60 },
  )
})

const GRID = pyramid({ width: 256, height: 256 }, 'corner')

test('a box whose only anchors fit another better is robbed, and both are named', () => {
  // A box around whole anchors, and a small one inside twice: the second of equals gets nothing.
  const boxes = Float32Array.of(100, 100, 107, 107, 100, 100, 107, 107)
  const assignment = RETINANET_ASSIGNER.over(GRID, TORCHVISION_RULES, boxes)
  const matched = assignment.assign()
  expect(matched.includes(0)).toBe(true)
  expect(matched.includes(1)).toBe(false)
  const reason = unlearnable(assignment, 1, matched)
  expect(reason).toMatchObject({ cause: 'lost', lostTo: [0] })
  expect(reason.describe('box 1', (gt) => `box ${gt}`)).toBe(
    'box 1 lost all its locations to boxes that fit them better: box 0',
  )
  const [cell] = [...matched.keys()].filter((at) => matched[at] === 0)
  const said = assignment.explain(cell!).map(({ describe }) => describe((gt) => `box ${gt}`))
  expect(said[0]).toMatch(/^IoU 0\.0\d with box 0: of low quality, but the best that this box has$/)
  expect(said[1]).toMatch(/^IoU 0\.0\d with box 1, its best; given to box 0, which fits better$/)
})

test('a floor keeps the low-quality rule from flooding tiny boxes; a box that overlaps no anchor never learns', () => {
  const tiny = Float32Array.of(101, 101, 104, 104)
  const count = (rules: MatcherRules, boxes: Float32Array) =>
    RETINANET_ASSIGNER.over(GRID, rules, boxes)
      .assign()
      .filter((gt) => gt >= 0).length
  expect(count(TORCHVISION_RULES, tiny)).toBeGreaterThan(10)
  const floored = { ...TORCHVISION_RULES, lowQualityFloor: 0.1 }
  expect(count(floored, tiny)).toBe(0)
  expect(RETINANET_ASSIGNER.over(GRID, floored, tiny).obstacle(0)).toMatchObject({ cause: 'iou' })
  for (const poison of [Float32Array.of(5000, 5000, 5010, 5010), Float32Array.of(40, 40, 40, 60)]) {
    expect(count(TORCHVISION_RULES, poison)).toBe(0)
    expect(RETINANET_ASSIGNER.over(GRID, TORCHVISION_RULES, poison).obstacle(0)!.cause).toMatch(/^no-/)
  }
})

test('a floor counts in float32, as IoUs do', () => {
  const box = Float32Array.of(101, 101, 104.3, 104)
  const { boxIou } = assign(GRID, TORCHVISION_RULES, box)
  const rules = { ...TORCHVISION_RULES, lowQualityFloor: boxIou[0]! + 1e-10 }
  const assignment = RETINANET_ASSIGNER.over(GRID, rules, box)
  expect(assignment.assign()).toContain(0)
  expect(assignment.obstacle(0)).toBeNull()
  expect(learnedBoxes(assignment, assignment.assign())).toEqual([0])
})

test('the nine anchors of a location say what became of them', () => {
  // The square anchor of P4's smallest size around (128, 128), which equals the box, and its neighbours of other shapes.
  const assignment = RETINANET_ASSIGNER.over(GRID, TORCHVISION_RULES, Float32Array.of(96, 96, 160, 160))
  const location = GRID.levels[1]!.first + 8 * 16 + 8
  const marks = assignment.marks!(location)
  expect(marks).toHaveLength(9)
  const square = marks.find(({ title }) => title === '64 × 64')!
  expect(square).toMatchObject({ iou: 1, state: 'positive', box: [96, 96, 160, 160] })
  const states = new Set(marks.map(({ state }) => state))
  expect(states).toEqual(new Set(['positive', 'ignored']))
  for (const { iou, state, describe } of marks) {
    expect(state).toBe(iou >= 0.5 ? 'positive' : iou >= 0.4 ? 'ignored' : 'background')
    expect(describe()).toContain('with box 0')
  }
})

test('thresholds in the wrong order are refused', () => {
  expect(MatcherRules.safeParse({ ...TORCHVISION_RULES, negative: 0.6 }).success).toBe(false)
})
