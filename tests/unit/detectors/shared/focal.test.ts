import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BACKGROUND, IGNORED } from '../../../../src/core/detectors/assigner.ts'
import { focalLoss } from '../../../../src/core/detectors/shared/focal.ts'
import { centralDifference } from '../../../support/finite-difference.ts'

const PAPER = { alpha: 0.25, gamma: 2, normaliser: 1 }

function lossOf(logits: number[], target: number[], options = PAPER) {
  const gradient = new Float32Array(logits.length).fill(Number.NaN)
  const loss = focalLoss(Float32Array.from(logits), Int32Array.from(target), options, gradient)
  return { loss, gradient: [...gradient] }
}

describe('focal loss', () => {
  test('at logit 0 a positive costs α/4·ln 2 and a negative (1 − α)/4·ln 2', () => {
    expect(lossOf([0], [0]).loss).toBeCloseTo((0.25 / 4) * Math.LN2, 12)
    expect(lossOf([0], [BACKGROUND]).loss).toBeCloseTo((0.75 / 4) * Math.LN2, 12)
  })

  test('without focusing and with α = ½ it is half the cross-entropy', () => {
    const { loss, gradient } = lossOf([1, -2], [0], { alpha: 0.5, gamma: 0, normaliser: 1 })
    expect(loss).toBeCloseTo((Math.log(1 + Math.exp(-1)) + Math.log(1 + Math.exp(-2))) / 2, 9)
    expect(gradient[0]).toBeCloseTo(-0.5 / (1 + Math.exp(1)), 7)
    expect(gradient[1]).toBeCloseTo(0.5 / (1 + Math.exp(2)), 7)
  })

  test('an ignored row costs nothing and has no gradient', () => {
    expect(lossOf([3, 4], [IGNORED])).toEqual({ loss: 0, gradient: [0, 0] })
  })

  test('loss and gradient are divided by the normaliser', () => {
    const whole = lossOf([1, -3, 2, -8], [1, BACKGROUND])
    const eighth = lossOf([1, -3, 2, -8], [1, BACKGROUND], { ...PAPER, normaliser: 8 })
    expect(eighth.loss).toBeCloseTo(whole.loss / 8, 12)
    expect(eighth.gradient).toEqual(whole.gradient.map((g) => g / 8))
  })

  test('saturated logits stay finite: a hopeless miss costs its logit', () => {
    const { loss, gradient } = lossOf([-200, 200], [0])
    expect(loss).toBeCloseTo(0.25 * 200 + 0.75 * 200, 9)
    expect(gradient).toEqual([-0.25, 0.75])
  })

  test('the series for unlikely classes is exact to 1e-10', () => {
    for (const z of [-1.5000001, -1.6, -3, -10, -40, -80].map(Math.fround)) {
      const p = 1 / (1 + Math.exp(-z))
      const exact = 0.75 * p * p * Math.log1p(Math.exp(z))
      expect(lossOf([z], [BACKGROUND]).loss / exact).toBeCloseTo(1, 10)
    }
  })

  test('a NaN logit is not hidden', () => {
    expect(lossOf([Number.NaN, -5], [BACKGROUND]).loss).toBeNaN()
  })

  test('the gradient is that of finite differences', () => {
    const rows = fc.array(
      fc.record({
        logits: fc.tuple(...Array.from({ length: 3 }, () => fc.double({ min: -12, max: 12, noNaN: true }))),
        target: fc.constantFrom(BACKGROUND, IGNORED, 0, 1, 2),
      }),
      { minLength: 1, maxLength: 5 },
    )
    fc.assert(
      fc.property(rows, fc.constantFrom(0, 1.5, 2), (sample, gamma) => {
        const logits = Float32Array.from(sample.flatMap((row) => row.logits))
        const target = Int32Array.from(sample, (row) => row.target)
        const options = { alpha: 0.25, gamma, normaliser: 3 }
        const gradient = new Float32Array(logits.length)
        focalLoss(logits, target, options, gradient)
        const loss = () => focalLoss(logits, target, options, new Float32Array(logits.length))
        for (const i of logits.keys()) {
          expect(Math.abs(gradient[i] - centralDifference(loss, logits, i, 2 ** -8))).toBeLessThan(2e-5)
        }
      }),
    )
  })
})
