import { describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../../src/core/detectors/fcos/config.ts'
import { readLocation } from '../../../../src/renderer/xray/reading.ts'
import type { TargetBox } from '../../../../src/renderer/xray/target-boxes.ts'
import type { ComputedTargets } from '../../../../src/renderer/xray/targets.ts'
import { compute, RULES, targetBox } from './support.ts'

const name = ({ number }: TargetBox) => `box ${number} (cell)`
const read = (targets: ComputedTargets, x: number, y: number, level: 'P3' | 'P4' | 'P5' | null = null) =>
  readLocation(targets, { x, y }, level, name)

describe('a location that learns a box', () => {
  // Centre (60, 60), which is a location of P3: 4 + 7 · 8.
  const targets = compute([targetBox(7, [40, 44, 80, 76])])

  test('its sides in pixels and strides, and its centerness', () => {
    const { learned, ...reading } = read(targets, 53, 61)!
    expect(reading).toMatchObject({ level: 'P3', stride: 8, at: { x: 52, y: 60 }, findings: [] })
    expect(learned!.reading.rays.map(({ name, length }) => [name, length])).toEqual([
      ['l', 12],
      ['t', 16],
      ['r', 28],
      ['b', 16],
    ])
    expect(learned!.target.number).toBe(7)
    expect(learned!.reading.figures[0]!.value).toBeCloseTo(Math.sqrt(12 / 28), 6)
  })

  test('in pixels of the image where the network sees it larger', () => {
    const halved = compute([targetBox(7, [20, 22, 40, 38])], RULES, { width: 64, height: 64 })
    expect(read(halved, 26.5, 30.5)).toMatchObject({
      at: { x: 26, y: 30 },
      scale: { x: 0.5, y: 0.5 },
      learned: { reading: { rays: [{ length: 12 }, { length: 16 }, { length: 28 }, { length: 16 }] } },
    })
  })

  test('the cell that holds the point is read: its edge belongs to the next', () => {
    expect(read(targets, 55.9, 60)!.at.x).toBe(52)
    expect(read(targets, 56, 60)!.at.x).toBe(60)
  })

  test('in the corner rule cells lie around multiples of the stride', () => {
    const rules = { ...RULES, rules: { ...DIALECTS.torchvision } }
    const corner = compute([targetBox(7, [40, 44, 80, 76])], rules)
    expect(read(corner, 59.9, 60.1)).toMatchObject({ at: { x: 56, y: 64 }, level: 'P3' })
  })
})

describe('background, in words', () => {
  const words = (targets: ComputedTargets, x: number, y: number, level?: 'P3' | 'P4') => {
    const { learned, level: read, findings } = readLocation(targets, { x, y }, level ?? null, name)!
    expect(learned).toBeNull()
    return [read, ...findings]
  }

  test('too far from the centre', () => {
    expect(words(compute([targetBox(2, [30, 30, 90, 90])]), 76, 60)).toEqual([
      'P3',
      'inside box 2 (cell), but 16 px from its centre ≥ 1.5 × 8: outside center sampling',
    ])
  })

  test('the level asked for is read, though another would tell more', () => {
    expect(words(compute([targetBox(2, [30, 30, 90, 90])]), 56, 56, 'P4')).toEqual([
      'P4',
      "inside box 2 (cell), but max(l, t, r, b) 34 px ≤ 64: below P4's regression range",
    ])
  })

  test('without any box around, the nearest', () => {
    const targets = compute([targetBox(1, [96, 96, 120, 120]), targetBox(2, [40, 40, 60, 60])])
    expect(words(targets, 20, 52)).toEqual(['P3', 'outside box 2 (cell) by 20 px'])
  })

  test('the level that learns the box around is read', () => {
    // No location is within 64 px of all sides, so that P3 learns nothing of it.
    const targets = compute([targetBox(1, [2, 2, 128, 128])])
    expect(words(targets, 100, 60)).toEqual([
      'P4',
      'inside box 1 (cell), but 39 px from its centre ≥ 1.5 × 16: outside center sampling',
    ])
  })

  test('nothing off the input', () => {
    expect(read(compute([]), 500, 10)).toBeUndefined()
  })
})

test('who wants an ambiguous location, and who gets it', () => {
  const targets = compute([targetBox(1, [44, 44, 76, 76]), targetBox(2, [50, 50, 70, 70])])
  const reading = read(targets, 60, 60)!
  expect(reading.learned!.target.number).toBe(2)
  expect(reading.findings).toEqual(['eligible for box 1 (cell), but learns box 2 (cell), which is smaller'])
})

test('of levels that learn something at a point the finest is read, and the others are told', () => {
  const targets = compute([targetBox(1, [4, 4, 124, 124]), targetBox(2, [50, 50, 78, 78])])
  expect(read(targets, 60, 60)).toMatchObject({ level: 'P3', positiveLevels: ['P3', 'P4'] })
  expect(read(targets, 60, 60, 'P4')!.learned!.target.number).toBe(1)
})
