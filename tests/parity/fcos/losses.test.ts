/** Losses and gradients beside torchvision's in float64 (tests/fixtures/make/losses.py). */
import { describe, expect, test } from 'vitest'
import { fcosLoss } from '../../../src/core/detectors/fcos/loss.ts'
import { boxLoss } from '../../../src/core/detectors/shared/box-iou.ts'
import { focalLoss } from '../../../src/core/detectors/shared/focal.ts'
import { pyramid } from '../../../src/core/pyramid/levels.ts'
import expected from '../../fixtures/fcos_losses.json' with { type: 'json' }

import { formulaUniform } from '../../support/formula.ts'

const uniform = (key: string, count: number, scale: number, shift: number) =>
  formulaUniform(key, count).map((u) => Math.fround(u * scale) + shift)

/** Largest difference, relative to the largest expected value. */
function worst(actual: ArrayLike<number>, wanted: readonly number[]): number {
  expect(actual.length).toBe(wanted.length)
  const scale = Math.max(...wanted.map(Math.abs))
  return Math.max(...wanted.map((w, i) => Math.abs(actual[i] - w))) / scale
}

describe('beside torchvision', () => {
  test.each(expected.focal.results)(
    'sigmoid_focal_loss, alpha $alpha, gamma $gamma',
    ({ alpha, gamma, loss, gradient }) => {
      const logits = uniform('focal', 12 * 7, 24, -14)
      const into = new Float32Array(logits.length)
      const sum = focalLoss(
        logits,
        Int32Array.from(expected.focal.classes),
        { alpha, gamma, normaliser: 1 },
        into,
      )
      expect(sum / loss).toBeCloseTo(1, 10)
      expect(worst(into, gradient)).toBeLessThan(1e-7)
    },
  )

  test('generalized_box_iou_loss: ties and predictions without width or height included', () => {
    const { losses, gradient } = expected.giou
    const predicted = Float32Array.from(expected.giou.predicted)
    const target = uniform('giou/target', predicted.length, 60, 1)
    for (const [i, loss] of losses.entries()) {
      const four = [4 * i, 4 * i + 4] as const
      const into = new Float64Array(4)
      const value = boxLoss(
        'giou',
        Float64Array.from(predicted.slice(...four)),
        target.slice(...four),
        undefined,
        1,
        into,
      )
      expect(value).toBeCloseTo(loss, 6)
      for (let side = 0; side < 4; side++) expect(into[side]).toBeCloseTo(gradient[4 * i + side], 7)
    }
  })

  test('FCOSHead.compute_loss on a batch of two images', () => {
    const { width, height, classes, targets, losses, gradients } = expected.batch
    const levels = pyramid({ width, height }, 'corner')
    const rows = 2 * levels.locations
    const outputs = {
      logits: uniform('batch/logits', rows * classes, 8, -7),
      regression: uniform('batch/regression', rows * 4, 6, -1),
      centerness: uniform('batch/centerness', rows, 4, -2),
    }
    const into = {
      logits: new Float32Array(outputs.logits.length),
      regression: new Float32Array(outputs.regression.length),
      centerness: new Float32Array(outputs.centerness.length),
    }
    const loss = fcosLoss({
      outputs,
      targets: targets.map(({ locations, labels, distances, centerness }) => ({
        positives: {
          location: Int32Array.from(locations),
          gt: Int32Array.from(locations.keys()),
          ltrb: Float32Array.from(distances),
          centerness: Float32Array.from(centerness),
        },
        classes: Int32Array.from(labels),
      })),
      pyramid: levels,
      distance: 'relu',
      config: { box: 'giou', boxWeight: 'none', focalAlpha: 0.25, focalGamma: 2 },
      normaliser: targets.reduce((sum, { locations }) => sum + locations.length, 0),
      gradients: into,
    })
    expect(loss.classification / losses.classification).toBeCloseTo(1, 9)
    expect(loss.box / losses.bbox_regression).toBeCloseTo(1, 6)
    expect(loss.centerness / losses.bbox_ctrness).toBeCloseTo(1, 6)
    expect(worst(into.logits, gradients.cls_logits)).toBeLessThan(1e-6)
    expect(worst(into.regression, gradients.bbox_regression)).toBeLessThan(1e-6)
    expect(worst(into.centerness, gradients.bbox_ctrness)).toBeLessThan(1e-6)
  })
})
