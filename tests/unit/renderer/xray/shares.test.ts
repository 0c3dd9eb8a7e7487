import { describe, expect, test } from 'vitest'
import type { BoxXyxy } from '../../../../src/core/geometry/box.ts'
import { grouped, storedRings } from '../../../../src/core/geometry/parts.ts'
import { applyCure } from '../../../../src/core/inspect/cures.ts'
import { rulesOfDetector } from '../../../../src/renderer/xray/model-rules.ts'
import { cureOf, imageTotals, markAt, objectShare } from '../../../../src/renderer/xray/shares.ts'
import { targetBoxes } from '../../../../src/renderer/xray/target-boxes.ts'
import { compute, RULES, targetBox } from './support.ts'

describe('the share of an object', () => {
  test('nine locations of P3 around the centre; what a smaller box takes is lost to it', () => {
    // Both have their centre at the location (60, 60). Box 2 holds it alone.
    const targets = compute([targetBox(1, [40, 40, 80, 80]), targetBox(2, [55, 55, 65, 65], 1)])
    const share = objectShare(targets, 0)
    expect(share.perLevel.map(({ locations }) => locations)).toEqual([8, 0, 0, 0, 0])
    expect(share.lost.map(({ to, locations }) => [to.number, locations])).toEqual([[2, 1]])
    // Four beside the centre with √(12/28), four off both axes with 12/28.
    expect(share.meanCenterness).toBeCloseTo((Math.sqrt(12 / 28) + 12 / 28) / 2, 6)
    expect([markAt(targets, 0), markAt(targets, 1)]).toEqual([null, 'starved'])
    expect(imageTotals(targets)).toMatchObject({
      ...{ objects: 2, learnable: 2, starved: 1, positives: 9, ambiguous: 1, ambiguousAcrossClasses: 1 },
      locations: 16 ** 2 + 8 ** 2 + 4 ** 2 + 2 ** 2 + 1,
    })
  })

  test('a box between all locations: why, and a change that helps when it is made', () => {
    const targets = compute([targetBox(4, [57, 57, 59, 59])])
    expect(objectShare(targets, 0)).toMatchObject({
      positives: 0,
      reason: 'no location lies inside box 4 (2 × 2 px)',
    })
    expect(markAt(targets, 0)).toBe('unlearnable')
    const { cure, text } = cureOf(targets, 0)!
    expect(text).toMatch(/^learnable from input size \d+ px \(now 128\)$/)
    const cured = compute(targets.boxes, { ...targets.rules, ...applyCure(targets.rules, cure) })
    expect(objectShare(cured, 0).positives).toBeGreaterThan(0)
  })

  test('of an object with an outline, what rays say of it, where the detector learns outlines', () => {
    const [outer, hole] = [
      [30, 30, 90, 30, 90, 90, 30, 90],
      [45, 45, 45, 75, 75, 75, 75, 45],
    ]
    const frame = { ...targetBox(1, [30, 30, 90, 90]), segmentation: storedRings(grouped([outer!, hole!])) }
    const plain = targetBox(2, [100, 100, 120, 120])
    const share = objectShare(compute([frame, plain], rulesOfDetector('polarmask', RULES.input, {})), 0)
    expect(share.outline!.losses).toEqual(['centroid outside', 'hole lost'])
    // A quarter of the square is the hole, and the rays cut its corners off.
    expect(share.outline!.fromCentroid).toBeCloseTo(0.737, 2)
    expect(
      objectShare(compute([frame, plain], rulesOfDetector('polarmask', RULES.input, {})), 1).outline,
    ).toBeNull()
    expect(objectShare(compute([frame]), 0).outline).toBeNull()
  })

  test('boxes that hide one are named by their numbers', () => {
    const hidden = compute([targetBox(3, [40, 40, 80, 80]), targetBox(9, [40, 40, 80, 80])])
    expect(objectShare(hidden, 1).reason).toBe(
      'box 9 (40 × 40 px) lost all its locations to smaller boxes: 3',
    )
    expect(cureOf(hidden, 1)).toBeUndefined()
  })
})

describe('which objects are targets', () => {
  const plain = { classId: 1, segmentation: null, area: null, crowd: false } as const
  const object = { ...plain, box: [0, 0, 9, 9], source: 'drawn' } as const
  const annotations = [
    { ...object, id: 11 },
    { ...object, id: 12, source: 'proposed' },
    { ...object, id: 13, crowd: true },
    { ...object, id: 14 },
  ] as const

  test('neither proposals nor crowds; each keeps its number in the list', () => {
    expect(targetBoxes(annotations, null, 5).map(({ id, number }) => [id, number])).toEqual([
      [11, 1],
      [14, 4],
    ])
  })

  test('boxes in the hand are where the hand is; a new one comes last, with the class of the pen', () => {
    const moved = [1, 1, 8, 8] as const
    const drawn = [2, 2, 3, 3] as const
    const targets = targetBoxes(
      annotations,
      [
        { id: 14, box: moved },
        { id: null, box: drawn },
      ],
      5,
    )
    expect(targets.slice(1)).toEqual([
      { id: 14, number: 4, classId: 1, box: moved, segmentation: null },
      { id: null, number: 5, classId: 5, box: drawn, segmentation: null },
    ])
  })

  test('an outline goes with its box', () => {
    const outlined = { ...object, id: 11, segmentation: [[0, 0, 9, 0, 0, 9]] }
    const shape = (box: BoxXyxy) => targetBoxes([outlined], [{ id: 11, box }], 5)[0]!.segmentation
    expect(shape([1, 2, 10, 11])).toEqual([[1, 2, 10, 2, 1, 11]])
    expect(shape([0, 0, 18, 9])).toEqual([[0, 0, 18, 0, 0, 9]])
  })
})
