import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { averageRanks, spearman } from '../../../../src/core/evaluation/analysis/rank-correlation.ts'
import { rank } from '../../../../src/core/evaluation/analysis/ranked-tables.ts'
import { bestIous, scoreAgainstIou } from '../../../../src/core/evaluation/analysis/score-iou.ts'
import { layOut } from '../../../../src/core/evaluation/tables.ts'
import type { BoxXywh } from '../../../../src/core/geometry/box.ts'
import { A, detection, HALF_A, NEAR_A, NOWHERE, object, tablesOf } from './scene.ts'

describe('best IoUs', () => {
  const objects = [object(A), object(NEAR_A, { categoryId: 2 }), object(NOWHERE, { crowd: true })]
  const detections = [detection(HALF_A, 0.2), detection(NEAR_A, 0.9), detection(NOWHERE, 0.5)]
  const tables = tablesOf(objects, detections)

  it('with objects of any class, crowds left out, each with what it belongs to', () => {
    const { detection, object, iou } = bestIous(tables, 'any class')
    expect([...detection]).toEqual([1, 2, 0])
    expect([...object]).toEqual([1, -1, 1])
    expect([...iou]).toEqual([1, 0, 0.6])
  })

  it('with objects of the same class', () => {
    const { object, iou } = bestIous(tables, 'same class')
    expect([...object]).toEqual([0, -1, 0])
    expect([...iou]).toEqual([0.6, 0, 1 / 3])
  })
})

it('numbers of the plot, by hand', () => {
  const points = {
    detection: Uint32Array.of(2, 0, 1, 3),
    object: Int32Array.of(0, 1, -1, 2),
    iou: Float64Array.of(0.5, 0.9, 0, 0.7),
  }
  const plot = scoreAgainstIou(points, [0.81, 0.2, 0.85, 1])
  expect(plot).toMatchObject({
    count: 4,
    shareBelow: 3 / 4,
    meanExcess: expect.closeTo((0.35 - 0.09 + 0.2 + 0.3) / 4),
  })
  expect(plot.bins.filter(({ count }) => count > 0)).toEqual([
    { from: 0.2, to: 0.3, count: 1, meanScore: 0.2, meanIou: 0 },
    { from: 0.8, to: 0.9, count: 2, meanScore: expect.closeTo(0.83), meanIou: 0.7 },
    { from: 0.9, to: 1, count: 1, meanScore: 1, meanIou: 0.7 },
  ])
  expect(plot.calibrationError).toBeCloseTo(0.25 * 0.2 + 0.5 * 0.13 + 0.25 * 0.3, 12)
  // Ranks of scores .85 .81 .2 1: 3 2 1 4; of IoUs: 2 4 1 3. ρ = 1 − 6·(1+4+0+1)/(4·15).
  expect(plot.spearman).toBeCloseTo(1 - 36 / 60, 12)
})

it('without points nothing has a value', () => {
  const none = { detection: new Uint32Array(), object: new Int32Array(), iou: new Float64Array() }
  expect(scoreAgainstIou(none, [])).toMatchObject({
    count: 0,
    spearman: null,
    shareBelow: null,
    calibrationError: null,
  })
})

describe("Spearman's ρ", () => {
  it('ranks equal values by the mean of their places', () => {
    expect([...averageRanks(Float64Array.of(3, 1, 3, 2, 3))]).toEqual([4, 1, 4, 2, 4])
  })

  it('has no value for a constant', () => {
    expect(spearman(Float64Array.of(1, 1), Float64Array.of(1, 2))).toBeNull()
  })

  it('does not change under rising maps, and turns round under falling ones', () => {
    const values = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { minLength: 2, maxLength: 30 })
    fc.assert(
      fc.property(values, (pairs) => {
        const x = Float64Array.from(pairs, ([a]) => a)
        const y = Float64Array.from(pairs, ([, b]) => b)
        const rho = spearman(x, y)
        expect(
          spearman(
            x.map(Math.exp),
            y.map((v) => v ** 3),
          ),
        ).toBe(rho)
        const turned = spearman(
          x.map((v) => -v),
          y,
        )
        if (rho === null) expect(turned).toBeNull()
        else expect(turned).toBeCloseTo(-rho, 12)
      }),
    )
  })

  it("agrees with scipy, with and without ties, and IoUs with pycocotools'", () => {
    const { images, classes, objects, detections, expected } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../../fixtures/error_types.json'), 'utf8'),
    ) as {
      images: number
      classes: number
      objects: { image: number; category: number; box: BoxXywh }[]
      detections: { image: number; category: number; box: BoxXywh; score: number }[]
      expected: { bestIous: number[]; spearman: number; spearmanTies: number }
    }
    const tables = rank(
      layOut(
        {
          categories: Array.from({ length: classes }, (_, id) => ({ id, name: '' })),
          images: Array.from({ length: images }, (_, id) => ({ id })),
          objects: objects.map((it) => object(it.box, { imageId: it.image, categoryId: it.category })),
        },
        detections.map((it) => detection(it.box, it.score, { imageId: it.image, categoryId: it.category })),
      ),
    )
    const best = bestIous(tables, 'any class')
    expect(best.iou).toHaveLength(detections.length)
    best.iou.forEach((iou, i) => {
      expect(iou).toBeCloseTo(expected.bestIous[best.detection[i]!]!, 12)
    })
    const scores = detections.map(({ score }) => score)
    expect(scoreAgainstIou(best, scores).spearman).toBeCloseTo(expected.spearman, 12)
    const coarse = scores.map((score) => Number(score.toFixed(1)))
    expect(scoreAgainstIou(best, coarse).spearman).toBeCloseTo(expected.spearmanTies, 12)
  })
})
