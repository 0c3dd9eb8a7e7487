import fc from 'fast-check'
import { expect, it } from 'vitest'
import { find, VERDICT } from '../../../../src/core/evaluation/analysis/findings.ts'
import { thresholdCurves } from '../../../../src/core/evaluation/analysis/threshold-curve.ts'
import { evaluateGroundTruth } from '../../../../src/core/evaluation/coco-metrics.ts'
import { averagePrecisionOfRanking } from '../../../../src/core/evaluation/envelope.ts'
import { averagePrecision } from '../../../../src/core/evaluation/precision-recall.ts'
import { AREA, IOU_THRESHOLDS } from '../../../../src/core/evaluation/protocol.ts'
import { detectionList, objectList } from './arbitrary.ts'
import { A, B, detection, NEAR_A, NOWHERE, object, tablesOf, truthOf } from './scene.ts'

it('keeps who finds whom; a crowd makes a detection ignored', () => {
  const objects = [object(B), object(A), object([300, 300, 80, 80], { crowd: true })]
  const detections = [detection(NEAR_A, 0.5), detection(NOWHERE, 0.9), detection([310, 310, 20, 20], 0.7)]
  const tables = tablesOf(objects, detections)
  const { verdict, object: found, detection: finder, wanted, positives } = find(tables, 0.5)
  // By row, which is by score: nowhere, in the crowd, near A.
  expect([...verdict]).toEqual([VERDICT.wrong, VERDICT.ignored, VERDICT.right])
  expect([...found]).toEqual([-1, -1, 1])
  expect([...finder]).toEqual([-1, 2, -1])
  expect([...wanted]).toEqual([1, 1, 0])
  expect([...positives]).toEqual([2, 0])
  expect([...find(tables, 0.65).verdict]).toEqual([VERDICT.wrong, VERDICT.ignored, VERDICT.wrong])
})

it("gives the evaluator's average precision at every IoU threshold and size", () => {
  fc.assert(
    fc.property(objectList, detectionList, (objects, detections) => {
      const { curves } = evaluateGroundTruth(truthOf(objects), detections)
      const tables = tablesOf(objects, detections)
      for (const t of [0, 4, 9]) {
        for (const a of Object.values(AREA)) {
          for (const [k, curve] of thresholdCurves(tables, find(tables, IOU_THRESHOLDS[t]!, a)).entries()) {
            if (curve.positives === 0) continue
            const right = Uint8Array.from(curve.object, (g) => (g < 0 ? 0 : 1))
            const ap = averagePrecisionOfRanking(right, curve.positives)
            expect(ap).toBeCloseTo(averagePrecision(curves, { t, k, a, m: 2 }), 12)
          }
        }
      }
    }),
  )
})
