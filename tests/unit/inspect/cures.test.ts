import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assign } from '../../../src/core/detectors/fcos/assign.ts'
import { type AssignmentRules, DIALECTS } from '../../../src/core/detectors/fcos/config.ts'
import { FCOS } from '../../../src/core/detectors/fcos/index.ts'
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import { applyCure, describeCure, nearestCure } from '../../../src/core/inspect/cures.ts'
import { isLearnable, unlearnable } from '../../../src/core/inspect/reasons.ts'
import { fcosRules, type InputSetting, inputBoxes, inputPyramid } from '../../../src/core/inspect/setting.ts'
import { pyramid } from '../../../src/core/pyramid/levels.ts'
import { flat, someBoxes, someRules, someSize } from '../../support/arbitrary-boxes.ts'
import { bruteForce, points } from '../../support/brute-force.ts'

const { authors, torchvision } = DIALECTS

/** Cause and cure of the first box of a square image. */
function treat(side: number, input: number, rules: AssignmentRules, ...boxes: BoxXyxy[]) {
  const image = { width: side, height: side }
  const setting = { input: { shortSide: input, longSide: input }, rules }
  const layout = inputPyramid(image, setting)
  const scaled = inputBoxes(image, boxes, setting.input)
  const { cause } = unlearnable(FCOS.assigner.over(layout, rules, scaled), 0, assign(layout, rules, scaled))
  const cure = nearestCure({ image, boxes, gt: 0 }, setting)
  return [cause, cure && describeCure(cure)]
}

test('a larger input', () => {
  // At 32 px the box is 12.8 to 16, between P3's 12 and 20, P4's 8 and 24, and on P5's 16. At 64: 25.6 to 32 over 28; at 96:
  // 38.4 to 48 over 44; beyond it is wider than P3's stride.
  expect(treat(100, 32, authors, [40, 40, 50, 50])).toEqual([
    'inside',
    'learnable from input size 64 px (now 32)',
  ])
  // P4's 8 is inside, but 3 px is too near. From 288 on P3's 12 is inside, until 512, where the box is 12 px.
  expect(treat(256, 256, authors, [5, 5, 11, 11])).toEqual([
    'range',
    'learnable from input size 288 px (now 256)',
  ])
})

test('another radius', () => {
  // The centre is at -10, P3's nearest location at 4: 14 px, which 1.5 · 8 does not reach and 2 · 8 does, at any size.
  const onlyP3 = { ...authors, regressionRanges: { P3: [0, null] as [number, null] } }
  expect(treat(256, 256, onlyP3, [-40, 0, 20, 40])).toEqual([
    'center-sampling',
    'learnable with center sampling radius 2 (now 1.5)',
  ])
  // Both boxes have their centre at 20 and are sampled at 12, 20 and 28. With 2.5 · 8 = 20 px the first reaches 4 and 36,
  // where the smaller one is not. At 2048 px both are sampled at the same locations of P5.
  expect(treat(256, 256, authors, [0, 0, 40, 40], [4.5, 4.5, 35.5, 35.5])).toEqual([
    'lost',
    'learnable with center sampling radius 2.5 (now 1.5)',
  ])
})

test('center sampling off and on, in words', () => {
  expect(describeCure({ change: 'radius', to: 0, from: 1.5 })).toBe(
    'learnable without center sampling (now radius 1.5)',
  )
  expect(describeCure({ change: 'radius', to: 1.5, from: 0 })).toBe(
    'learnable with center sampling radius 1.5 (now off)',
  )
  // The centre is at -40, 44 px from P3's first location: more than 4 strides, at any size.
  const onlyP3 = { ...authors, regressionRanges: { P3: [0, null] as [number, null] } }
  expect(treat(256, 256, onlyP3, [-100, 0, 20, 40])).toEqual([
    'center-sampling',
    'learnable without center sampling (now radius 1.5)',
  ])
})

test('a wider range', () => {
  // x = 12 is a column of P3 alone; near the centre y = 116 and 124, 104 px from the farther end. At 2048 px the box is 48 px
  // wide and 1600 high, and no column of P7 (64, 192) runs through it.
  expect(treat(256, 256, authors, [9, 20, 15, 220])).toEqual([
    'range',
    "learnable if P3's regression range reached 104 px (now 64)",
  ])
  // At 2048 px 20 to 28 across, over P4's column 24, and 40 to 120 down: rows 72 and 88, both 48 px from the farther end.
  const rules = { ...authors, regressionRanges: { P4: [100, 128] as [number, number] } }
  expect(treat(256, 2048, rules, [2.5, 5, 3.5, 15])).toEqual([
    'range',
    "learnable if P4's regression range began at 48 px (now 100)",
  ])
})

test('one more level', () => {
  // Near the centre of 400 × 400, P3's locations are 204 px from a side, P5's 208.
  const rules = { ...authors, regressionRanges: { P3: [0, 64] as [number, number] } }
  expect(treat(512, 512, rules, [0, 0, 400, 400])).toEqual(['range', 'learnable with P5 (now off)'])
})

test('the other dialect’s locations', () => {
  // P3's corners are at 0 and 8, half a stride in there is 4. At 640 px the box is 8.75 to 11, between 8 and 16.
  expect(treat(256, 256, torchvision, [3.5, 3.5, 4.4, 4.4])).toEqual([
    'under-1-px',
    'learnable with locations half a stride in (now at cell corners)',
  ])
  expect(treat(256, 256, authors, [7.5, 7.5, 8.4, 8.4])[1]).toBe(
    'learnable with locations at cell corners (now half a stride in)',
  )
})

test('a smaller input for a box that torchvision cannot tell from background', () => {
  // 12000² at 256 px; at 224 10500² is still above 1e8, at 192 9000² is not.
  expect(treat(256, 256, { ...torchvision, radius: 0 }, [-6000, -6000, 6000, 6000])).toEqual([
    'area-limit',
    'learnable at input size 192 px (now 256)',
  ])
})

test('no cure', () => {
  expect(treat(256, 256, authors, [10, 10, 10, 20])).toEqual(['no-area', undefined])
  expect(treat(256, 256, authors, [-90, 10, -10, 90])).toEqual(['inside', undefined])
  // Drawn twice; of equals the first wins.
  const twice = [
    [4, 4, 36, 36],
    [4, 4, 36, 36],
  ] as const
  const setting = { input: { shortSide: 256, longSide: 256 }, rules: authors }
  expect(nearestCure({ image: { width: 256, height: 256 }, boxes: twice, gt: 1 }, setting)).toBeUndefined()
})

test('isLearnable agrees with the definition', () => {
  fc.assert(
    fc.property(someSize, someRules, someBoxes, (size, rules, boxes) => {
      const matched = bruteForce(points(size.width, size.height, rules.location), boxes, rules)
      for (const gt of boxes.keys()) {
        const learned = isLearnable(FCOS.assigner.over(pyramid(size, rules.location), rules, flat(boxes)), gt)
        expect(learned).toBe(matched.includes(gt))
      }
    }),
    { numRuns: 60 },
  )
})

test('a cure makes the definition learn the box, and so does any larger input', () => {
  fc.assert(
    fc.property(someSize, someRules, someBoxes, (image, rules, boxes) => {
      const setting = { input: { shortSide: 96, longSide: 128 }, rules }
      for (const gt of boxes.keys()) {
        const unlearnable = { image, boxes: boxes as unknown as BoxXyxy[], gt }
        const learns = (changed: InputSetting) => {
          const rules = fcosRules(changed)!
          const { width, height } = inputPyramid(image, changed).input
          const scaled = inputBoxes(image, unlearnable.boxes, changed.input)
          const rows = boxes.map((_, i) => [...scaled.subarray(i * 4, i * 4 + 4)])
          return bruteForce(points(width, height, rules.location), rows, rules).includes(gt)
        }
        if (learns(setting)) continue
        const cure = nearestCure(unlearnable, setting)
        if (!cure) continue
        expect(learns(applyCure(setting, cure))).toBe(true)
        if (cure.change !== 'input-size' || cure.to < cure.from) continue
        expect(learns(applyCure(setting, { ...cure, to: Math.min(2048, cure.to + 64) }))).toBe(true)
        if (cure.to > 128) expect(learns(applyCure(setting, { ...cure, to: cure.to - 32 }))).toBe(false)
      }
    }),
    { numRuns: 8 },
  )
})
