import { describe, expect, test } from 'vitest'
import { DIALECTS } from '../../../../src/core/detectors/fcos/config.ts'
import { locationAt } from '../../../../src/core/pyramid/locations.ts'
import { rulesOfDetector } from '../../../../src/renderer/xray/model-rules.ts'
import { readLocation } from '../../../../src/renderer/xray/reading.ts'
import { objectShare } from '../../../../src/renderer/xray/shares.ts'
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

describe('detectors other than FCOS', () => {
  const rulesFor = (detector: string, chosen = {}) => rulesOfDetector(detector, RULES.input, chosen)

  test('of RetinaNet, the nine anchors of the location under the pointer, and what became of them', () => {
    // The square anchor of P4's smallest size around (64, 64) is [32, 32, 96, 96].
    const image = { width: 128, height: 128 }
    const targets = compute([targetBox(3, [16, 16, 48, 48])], rulesFor('retinanet'), {
      width: 64,
      height: 64,
    })
    const reading = readLocation(targets, { x: 32, y: 32 }, 'P4', name)!
    expect(reading.anchors).toHaveLength(9)
    const square = reading.anchors.find(({ title }) => title === '64 × 64')!
    // In pixels of the image, which the network sees twice as large.
    expect(square).toEqual({
      ...{ title: '64 × 64', iou: 1, state: 'positive', box: [16, 16, 48, 48] },
      text: 'IoU 1.00 with box 3 (cell) ≥ 0.5',
    })
    expect(reading.learned!.target.number).toBe(3)
    expect(reading.learned!.reading.rays.map(({ length }) => length)).toEqual([32, 32, 32, 32])
    expect(targets.maps.owners[targets.maps.pyramid.levels[1]!.first + 4 * 8 + 4]).toBe(0)
    // Far away, everything is background, and says how well it fits.
    const far = readLocation(
      compute([targetBox(3, [0, 0, 20, 20])], rulesFor('retinanet'), image),
      { x: 120, y: 120 },
      'P3',
      name,
    )!
    expect(far.learned).toBeNull()
    expect(new Set(far.anchors.map(({ state }) => state))).toEqual(new Set(['background']))
  })

  test('a change of the rules reaches the targets; one that does not fit any more is ignored', () => {
    const tiny = [targetBox(1, [61, 61, 64, 64])]
    const learned = (chosen: object) =>
      compute(tiny, rulesFor('retinanet', chosen)).maps.matched.filter((gt) => gt >= 0).length
    expect(learned({})).toBeGreaterThan(10)
    expect(learned({ lowQualityFloor: 0.2 })).toBe(0)
    expect(rulesFor('retinanet', { positive: 0.1, negative: 0.9 }).rules).toEqual(rulesFor('retinanet').rules)
    expect(rulesFor('atss', { candidates: 5 }).rules).toMatchObject({ candidates: 5 })
  })

  test('of ATSS, why a candidate is none: its IoU, its centre, or another box', () => {
    const boxes = [targetBox(1, [20, 20, 100, 100]), targetBox(2, [22, 22, 102, 102])]
    const targets = compute(boxes, rulesFor('atss'))
    const strip = objectShare(targets, 0).strip!
    expect(strip.candidates).toHaveLength(9 + 9 + 9 + 4 + 1)
    expect(strip.threshold).toBeGreaterThan(strip.mean)
    for (const one of strip.candidates) {
      const why = one.describe((gt) => name(boxes[gt]!))
      if (one.positive) expect(why).toMatch(/^IoU \S+ ≥ t \S+$/)
      else
        expect(why).toMatch(
          /^(IoU \S+ (< t \S+|≥ t \S+, but its centre lies outside)|lost to box 2 \(cell\), \S+ > \S+)$/,
        )
    }
    const reasons = [0, 1].flatMap((gt) =>
      objectShare(targets, gt).strip!.candidates.map(({ describe }) => describe()),
    )
    expect(reasons.some((why) => why.includes('< t'))).toBe(true)
    expect(reasons.some((why) => /^lost to box [01], \S+ > \S+$/.test(why))).toBe(true)
    expect(objectShare(targets, 0).positives).toBe(strip.candidates.filter(({ positive }) => positive).length)
    const [positive] = strip.candidates.filter((one) => one.positive)
    const { level, x, y } = locationAt(targets.maps.pyramid, positive!.location)
    const reading = readLocation(targets, { x, y }, level.name, name)!
    expect(reading.learned!.target.number).toBe(1)
    expect(reading.anchors).toEqual([])
  })

  test('a starved box is named with the reason, and the switch gives it a location', () => {
    const boxes = [targetBox(1, [17, 17, 20, 20])]
    const starving = objectShare(compute(boxes, rulesFor('atss')), 0)
    expect(starving).toMatchObject({
      positives: 0,
      reason: expect.stringContaining('no location lies inside'),
    })
    const saved = objectShare(compute(boxes, rulesFor('atss', { atLeastOne: true })), 0)
    expect(saved).toMatchObject({ positives: 1, reason: null })
    expect(saved.strip!.candidates.find(({ positive }) => positive)!.describe()).toContain(
      'no other location',
    )
  })
})
