import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boxLoss } from '../../../../src/core/detectors/shared/box-iou.ts'
import { iou } from '../../../../src/core/geometry/box.ts'
import { centralDifference } from '../../../support/finite-difference.ts'

const lossOf = (
  kind: 'iou' | 'giou',
  predicted: number[],
  target: number[],
  weights?: number[],
  normaliser = 1,
) => {
  const gradient = new Float64Array(predicted.length)
  const loss = boxLoss(
    kind,
    Float64Array.from(predicted),
    Float32Array.from(target),
    weights && Float32Array.from(weights),
    normaliser,
    gradient,
  )
  return { loss, gradient: [...gradient] }
}

describe('box losses', () => {
  // Predicted 4×4, target 8×4, left and top shared: I = 16, U = 32, C = 32.
  const predicted = [2, 2, 2, 2]
  const target = [2, 2, 6, 2]

  test('IoU loss of half a box, with 1 added to both areas', () => {
    expect(lossOf('iou', predicted, target).loss).toBeCloseTo(Math.log(33 / 17), 12)
  })

  test('GIoU loss of half a box: the enclosing box is the union', () => {
    const { loss, gradient } = lossOf('giou', predicted, target)
    expect(loss).toBeCloseTo(0.5, 7)
    // Moving the right side out by ε adds 4ε to I and leaves U and C: dL/dr = −4/32.
    expect(gradient[2]).toBeCloseTo(-0.125, 7)
  })

  test('GIoU charges for the empty part of the enclosing box', () => {
    // Predicted 2×2 and target 4×4 on opposite sides but for a 1×1 overlap: I = 1, U = 19, C = 25.
    const { loss } = lossOf('giou', [1, 1, 1, 1], [0, 0, 4, 4])
    expect(loss).toBeCloseTo(1 - 1 / 19 + 6 / 25, 7)
  })

  test('equal boxes cost nothing and, by sharing the kinks, have no gradient', () => {
    for (const kind of ['iou', 'giou'] as const) {
      const { loss, gradient } = lossOf(kind, [3, 5, 7, 9], [3, 5, 7, 9])
      expect(loss).toBeCloseTo(0, 7)
      for (const slope of gradient) expect(slope).toBeCloseTo(0, 7)
    }
  })

  test('weights over their sum give a weighted mean', () => {
    const far = [1, 1, 1, 1]
    const mean = lossOf('giou', [...predicted, ...far], [...target, ...target], [0.75, 0.25]).loss
    const { loss: near } = lossOf('giou', predicted, target)
    const { loss: worse } = lossOf('giou', far, target)
    expect(mean).toBeCloseTo(0.75 * near + 0.25 * worse, 12)
    const pair = lossOf('giou', [...predicted, ...far], [...target, ...target], [3, 1], 4)
    expect(pair.loss).toBeCloseTo(mean, 12)
  })

  test('a prediction without width or height is finite', () => {
    for (const kind of ['iou', 'giou'] as const) {
      for (const degenerate of [
        [0, 3, 0, 3],
        [0, 0, 0, 0],
      ]) {
        const { loss, gradient } = lossOf(kind, degenerate, target)
        expect([loss, ...gradient].every(Number.isFinite)).toBe(true)
      }
    }
  })

  const side = fc.double({ min: 0.5, max: 300, noNaN: true })
  const distances = fc.tuple(side, side, side, side)

  test('IoU and GIoU losses are those of the boxes', () => {
    fc.assert(
      fc.property(distances, distances, (p, t) => {
        const targetBox = t.map(Math.fround)
        const overlap = iou(
          [-p[0], -p[1], p[2], p[3]],
          [-targetBox[0], -targetBox[1], targetBox[2], targetBox[3]],
        )
        const { loss } = lossOf('giou', p, t)
        expect(loss).toBeGreaterThanOrEqual(1 - overlap - 1e-6)
        expect(loss).toBeLessThan(2 - overlap)
        // Areas of 1 px² at least: the +1 moves I/U towards 1 by less than 1/U.
        expect(Math.exp(-lossOf('iou', p, t).loss)).toBeGreaterThanOrEqual(overlap - 1e-12)
      }),
    )
  })

  test('the gradient is that of finite differences', () => {
    const step = 1e-4
    fc.assert(
      fc.property(fc.constantFrom('iou' as const, 'giou' as const), distances, distances, (kind, p, t) => {
        const predictions = Float64Array.from(p)
        const targets = Float32Array.from(t)
        fc.pre(predictions.every((d, i) => Math.abs(d - targets[i]) > 2 * step))
        const weights = Float32Array.of(0.5)
        const gradient = new Float64Array(4)
        boxLoss(kind, predictions, targets, weights, 3, gradient)
        const loss = () => boxLoss(kind, predictions, targets, weights, 3, new Float64Array(4))
        for (let i = 0; i < 4; i++) {
          expect(Math.abs(gradient[i] - centralDifference(loss, predictions, i, step))).toBeLessThan(1e-7)
        }
      }),
    )
  })
})
