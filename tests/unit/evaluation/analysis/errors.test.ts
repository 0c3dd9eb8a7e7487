import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorGains } from '../../../../src/core/evaluation/analysis/error-gains.ts'
import {
  classifyErrors,
  ERROR_TYPES,
  type ErrorType,
} from '../../../../src/core/evaluation/analysis/error-types.ts'
import { find } from '../../../../src/core/evaluation/analysis/findings.ts'
import { falseNegatives, falsePositives } from '../../../../src/core/evaluation/analysis/mistakes.ts'
import { rank } from '../../../../src/core/evaluation/analysis/ranked-tables.ts'
import { evaluateGroundTruth } from '../../../../src/core/evaluation/coco-metrics.ts'
import type { TrueObject } from '../../../../src/core/evaluation/ground-truth.ts'
import { layOut } from '../../../../src/core/evaluation/tables.ts'
import type { Detection } from '../../../../src/core/formats/detection.ts'
import type { BoxXywh } from '../../../../src/core/geometry/box.ts'
import { detectionList, objectList } from './arbitrary.ts'
import { A, B, detection, EDGE_OF_A, HALF_A, NEAR_A, NOWHERE, object, tablesOf, truthOf } from './scene.ts'

const dog = { categoryId: 2 }

function analysed(objects: TrueObject[], detections: Detection[]) {
  const tables = tablesOf(objects, detections)
  const findings = find(tables, 0.5)
  const errors = classifyErrors(tables, findings)
  return {
    gains: errorGains(tables, findings, errors),
    wrong: (score = 0) => falsePositives(tables, errors, score),
    missing: (score = 0) => falseNegatives(tables, findings, errors, score),
  }
}

describe('types', () => {
  it.each<[string, TrueObject[], Detection[], ErrorType, object | null]>([
    [
      'right place, wrong class',
      [object(A)],
      [detection(NEAR_A, 0.9, dog)],
      'classification',
      { object: 0, iou: 0.6 },
    ],
    [
      'right class, wrong place',
      [object(A)],
      [detection(HALF_A, 0.9)],
      'localisation',
      { object: 0, iou: 1 / 3 },
    ],
    ['wrong class and place', [object(A)], [detection(HALF_A, 0.9, dog)], 'both', { object: 0, iou: 1 / 3 }],
    [
      'found again',
      [object(A)],
      [detection(A, 0.9), detection(NEAR_A, 0.8)],
      'duplicate',
      { object: 0, iou: 0.6 },
    ],
    ['nothing there', [object(A)], [detection(EDGE_OF_A, 0.9)], 'background', { object: null }],
    [
      'an empty image',
      [object(A)],
      [detection(A, 0.9, { imageId: 4 })],
      'background',
      { object: null, imageId: 4 },
    ],
  ])('%s', (_, objects, detections, type, about) => {
    const { wrong } = analysed(objects, detections)
    expect(wrong()).toEqual([expect.objectContaining({ type, detection: detections.length - 1, ...about })])
  })

  it('a detection in a crowd is no error, and a crowd is nothing to confuse with', () => {
    const crowd = object([0, 0, 100, 100], { crowd: true })
    expect(analysed([crowd], [detection(A, 0.9)]).wrong()).toEqual([])
    expect(analysed([crowd], [detection(A, 0.9, dog)]).wrong()).toMatchObject([{ type: 'background' }])
  })
})

describe('objects that are not found', () => {
  const objects = [object(A), object(B), object([300, 300, 30, 30]), object([400, 10, 30, 30])]
  const detections = [
    detection(HALF_A, 0.4),
    detection([20, 10, 40, 40], 0.3, dog),
    detection([300, 300, 30, 30], 0.2),
    detection([400, 10, 30, 30], 0.9),
  ]

  it('tell what came nearest: the best-scoring detection with the right class or place', () => {
    expect(analysed(objects, detections).missing()).toEqual([
      { imageId: 1, object: 0, detection: 0, iou: 1 / 3, score: 0.4, type: 'localisation', categoryId: 1 },
      { imageId: 1, object: 1, detection: null, iou: 0, score: null, type: 'missed', categoryId: 1 },
    ])
  })

  it('count those found below the score threshold', () => {
    expect(
      analysed(objects, detections)
        .missing(0.5)
        .map(({ object, type }) => [object, type]),
    ).toEqual([
      [0, 'localisation'],
      [1, 'missed'],
      [2, 'low score'],
    ])
  })

  it('wrong detections below the score threshold are left out', () => {
    expect(
      analysed(objects, detections)
        .wrong(0.35)
        .map(({ detection }) => detection),
    ).toEqual([0])
  })
})

describe('average precision given back, by hand', () => {
  it('a badly placed detection repaired finds its object; dropped where another does', () => {
    const { gains } = analysed([object(A), object(B)], [detection(HALF_A, 0.9), detection(B, 0.8)])
    expect(gains.ap).toBeCloseTo((51 * 0.5) / 101, 12)
    expect(gains.byType.localisation).toBeCloseTo(1 - (51 * 0.5) / 101, 12)
    // Object A is not missed, since a detection is near it: only the wrong score costs.
    expect(gains.byType.missed).toBe(0)
    expect(gains.falseNegatives).toBeCloseTo(0.5 - (51 * 0.5) / 101, 12)
    expect(gains.falsePositives).toBeCloseTo(51 / 101 - (51 * 0.5) / 101, 12)
  })

  it('a wrong class repaired goes over to the right one', () => {
    const objects = [object(A), object(B, dog)]
    const { gains } = analysed(objects, [detection(A, 0.9, dog), detection(B, 0.8, dog)])
    // Cats 0 → 1; dogs 1/2 → 1.
    expect(gains.ap).toBeCloseTo(0.25, 12)
    expect(gains.byType.classification).toBeCloseTo(0.75, 12)
  })

  it('a missed object is taken out, a duplicate and background are dropped', () => {
    const { gains } = analysed(
      [object(A), object(B)],
      [detection(NOWHERE, 0.9), detection(A, 0.8), detection(NEAR_A, 0.7)],
    )
    expect(gains.ap).toBeCloseTo((51 * 0.5) / 101, 12)
    expect(gains.byType).toMatchObject({
      missed: expect.closeTo(0.5 - (51 * 0.5) / 101, 12),
      background: expect.closeTo(51 / 101 - (51 * 0.5) / 101, 12),
      duplicate: 0,
    })
  })
})

it('repairing everything gives AP 1; wrong detections have one type each', () => {
  fc.assert(
    fc.property(objectList, detectionList, (objects, detections) => {
      const { gains, wrong, missing } = analysed(objects, detections)
      const { stats } = evaluateGroundTruth(truthOf(objects), detections)
      expect(gains.ap).toBeCloseTo(stats[1]!, 12)
      const found = objects.filter((it) => !it.crowd).length - missing().length
      const nearest = missing().filter(({ type }) => type !== 'missed').length
      // Without any object left to find there is no category to average over.
      if (found + nearest > 0) expect(gains.ap + gains.all).toBeCloseTo(1, 12)
      expect(new Set(wrong().map(({ detection }) => detection)).size).toBe(wrong().length)
    }),
  )
})

describe("tidecv's numbers for a stored set", () => {
  interface Fixture {
    images: number
    classes: number
    objects: { image: number; category: number; box: BoxXywh }[]
    detections: { image: number; category: number; box: BoxXywh; score: number }[]
    expected: {
      ap: number
      gains: Record<ErrorType, number>
      special: { FalsePos: number; FalseNeg: number }
      types: Record<ErrorType, number[]>
    }
  }
  const { images, classes, objects, detections, expected } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../fixtures/error_types.json'), 'utf8'),
  ) as Fixture
  const tables = rank(
    layOut(
      {
        categories: Array.from({ length: classes }, (_, id) => ({ id, name: '' })),
        images: Array.from({ length: images }, (_, id) => ({ id })),
        objects: objects.map(({ image, category, box }) =>
          object(box, { imageId: image, categoryId: category }),
        ),
      },
      detections.map(({ image, category, box, score }) =>
        detection(box, score, { imageId: image, categoryId: category }),
      ),
    ),
  )
  const findings = find(tables, 0.5)
  const errors = classifyErrors(tables, findings)

  it('the type of every detection and the missed objects', () => {
    const wrong = falsePositives(tables, errors, 0)
    for (const type of ERROR_TYPES.filter((it) => it !== 'missed')) {
      const ours = wrong.filter((it) => it.type === type).map((it) => it.detection!)
      expect(
        ours.toSorted((a, b) => a - b),
        type,
      ).toEqual(expected.types[type])
    }
    const missed = falseNegatives(tables, findings, errors, 0).filter((it) => it.type === 'missed')
    expect(missed.map((it) => it.object!).toSorted((a, b) => a - b)).toEqual(expected.types.missed)
  })

  it('AP given back by each type, and by all false positives and false negatives', () => {
    const gains = errorGains(tables, findings, errors)
    expect(gains.ap).toBeCloseTo(expected.ap, 9)
    for (const type of ERROR_TYPES) expect(gains.byType[type], type).toBeCloseTo(expected.gains[type], 9)
    expect(gains.falsePositives).toBeCloseTo(expected.special.FalsePos, 9)
    expect(gains.falseNegatives).toBeCloseTo(expected.special.FalseNeg, 9)
  })
})
