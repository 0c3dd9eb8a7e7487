import fc from 'fast-check'
import { expect, it } from 'vitest'
import { find } from '../../../../src/core/evaluation/analysis/findings.ts'
import {
  bestThreshold,
  figuresAt,
  thresholdCurves,
} from '../../../../src/core/evaluation/analysis/threshold-curve.ts'
import { evaluateGroundTruth } from '../../../../src/core/evaluation/coco-metrics.ts'
import { curve } from '../../../../src/core/evaluation/precision-recall.ts'
import { AREA, IOU_50, RECALL_THRESHOLDS, UP_TO } from '../../../../src/core/evaluation/protocol.ts'
import { detectionList, objectList } from './arbitrary.ts'
import { A, B, detection, NOWHERE, object, tablesOf, truthOf } from './scene.ts'

const curvesOf = (...[objects, detections]: Parameters<typeof tablesOf>) => {
  const tables = tablesOf(objects, detections)
  return thresholdCurves(tables, find(tables, 0.5))
}

it('precision, recall and F1 down the ranking, with the detection and the object behind each point', () => {
  const [cats, dogs] = curvesOf(
    [object(B), object(A)],
    [detection(A, 0.7), detection(NOWHERE, 0.8), detection(B, 0.9)],
  )
  expect(cats).toEqual({
    categoryId: 1,
    positives: 2,
    scores: Float64Array.of(0.9, 0.8, 0.7),
    precision: Float64Array.of(1, 1 / 2, 2 / 3),
    recall: Float64Array.of(1 / 2, 1 / 2, 1),
    f1: Float64Array.of(2 / 3, 1 / 2, 4 / 5),
    detection: Uint32Array.of(2, 1, 0),
    object: Int32Array.of(0, -1, 1),
  })
  expect(bestThreshold(cats!)).toEqual({ score: 0.7, precision: 2 / 3, recall: 1, f1: 4 / 5 })
  expect(dogs).toMatchObject({ positives: 0, scores: new Float64Array() })
  expect(bestThreshold(dogs!)).toBeNull()
})

it('a threshold takes all detections of its score', () => {
  const [cats] = curvesOf([object(A)], [detection(A, 0.5), detection(NOWHERE, 0.5)])
  expect(bestThreshold(cats!)).toMatchObject({ score: 0.5, precision: 0.5, recall: 1, f1: 2 / 3 })
})

it('F1 is the harmonic mean; no threshold among the scores is better than the best', () => {
  fc.assert(
    fc.property(objectList, detectionList, (objects, detections) => {
      for (const points of curvesOf(objects, detections)) {
        points.f1.forEach((f1, i) => {
          const [p, r] = [points.precision[i]!, points.recall[i]!]
          expect(f1).toBeCloseTo(p + r === 0 ? 0 : (2 * p * r) / (p + r), 12)
        })
        const best = bestThreshold(points)
        for (const score of new Set(points.scores)) {
          const taken = points.scores.filter((it) => it >= score).length
          const right = points.object.subarray(0, taken).filter((g) => g >= 0).length
          expect((2 * right) / (taken + points.positives)).toBeLessThanOrEqual((best?.f1 ?? 0) + 1e-12)
        }
      }
    }),
  )
})

it('figures at a threshold are those of the detections that reach it, between the steps of any grid too', () => {
  // Rounded to 0.65, the best threshold would take a wrong detection; rounded to 0.66 it would lose the second object.
  const [cats] = curvesOf(
    [object(A), object(B)],
    [detection(A, 0.9), detection(B, 0.6543), detection(NOWHERE, 0.6521)],
  )
  const best = bestThreshold(cats!)!
  expect(best).toEqual({ score: 0.654, precision: 1, recall: 1, f1: 1 })
  expect(figuresAt(cats!, best.score)).toEqual(best)
  expect(figuresAt(cats!, 0.65)).toEqual({ score: 0.65, precision: 2 / 3, recall: 1, f1: 4 / 5 })
  expect(figuresAt(cats!, 0.66)).toEqual({ score: 0.66, precision: 1, recall: 1 / 2, f1: 2 / 3 })
  expect(figuresAt(cats!, 1)).toEqual({ score: 1, precision: 1, recall: 0, f1: 0 })
})

it('the best threshold keeps what it promises, and counting by hand agrees at any threshold', () => {
  fc.assert(
    fc.property(
      objectList,
      detectionList,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (objects, detections, any) => {
        for (const points of curvesOf(objects, detections)) {
          const best = bestThreshold(points)
          if (best) expect(figuresAt(points, best.score)).toEqual(best)
          for (const score of [any, ...points.scores]) {
            const taken = points.scores.filter((it) => it >= score).length
            const right = points.object.subarray(0, taken).filter((g) => g >= 0).length
            const { precision, f1 } = figuresAt(points, score)
            expect(precision).toBeCloseTo(taken === 0 ? 1 : right / taken, 12)
            expect(f1).toBeCloseTo(taken === 0 ? 0 : (2 * right) / (taken + points.positives), 12)
          }
        }
      },
    ),
  )
})

it("the FCOS demo's choice, read off 101 points of the envelope, is this one where every find is a point", () => {
  const boxes = Array.from({ length: 20 }, (_, i) => [i * 50, 0, 30, 30] as const)
  const objects = boxes.map((box) => object(box))
  const detections = [
    ...boxes.slice(0, 15).map((box, i) => detection(box, 0.95 - i / 100)),
    ...Array.from({ length: 40 }, (_, i) => detection(NOWHERE, 0.7 - i / 100)),
    ...boxes.slice(15, 17).map((box) => detection(box, 0.1)),
  ]
  const { curves } = evaluateGroundTruth(truthOf(objects), detections)
  const { precision, scores } = curve(curves, { t: IOU_50, k: 0, a: AREA.all, m: UP_TO[100] })
  const f = precision.map(
    (p, i) => (2 * p * RECALL_THRESHOLDS[i]!) / Math.max(p + RECALL_THRESHOLDS[i]!, 1e-6),
  )
  const demo = scores[f.indexOf(Math.max(...f))]!
  const [points] = curvesOf(objects, detections)
  const { score } = bestThreshold(points!)!
  expect(points!.scores.filter((it) => it >= score)).toEqual(points!.scores.filter((it) => it >= demo))
})
