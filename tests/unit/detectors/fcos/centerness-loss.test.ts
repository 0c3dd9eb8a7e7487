import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { centernessLoss, entropy } from '../../../../src/core/detectors/fcos/loss.ts'
import { centralDifference } from '../../../support/finite-difference.ts'

const lossOf = (logits: number[], target: number[], normaliser = 1) =>
  centernessLoss(
    Float32Array.from(logits),
    Float32Array.from(target),
    normaliser,
    new Float32Array(logits.length),
  )

describe('centerness loss', () => {
  test('entropy: ln 2 for a fair coin, none for certainty', () => {
    expect(entropy(0.5)).toBeCloseTo(Math.LN2, 15)
    expect(entropy(0)).toBe(0)
    expect(entropy(1)).toBe(0)
    expect(entropy(0.25)).toBeCloseTo(0.25 * Math.log(4) + 0.75 * Math.log(4 / 3), 15)
  })

  test('a perfect branch still pays the floor', () => {
    // σ(ln 3) = 3/4.
    const { loss, floor } = lossOf([Math.log(3)], [0.75])
    expect(floor).toBeCloseTo(entropy(0.75), 12)
    expect(loss).toBeCloseTo(floor, 12)
  })

  test('loss and floor are divided by the normaliser', () => {
    const one = lossOf([1, -2], [0.25, 0.5])
    const four = lossOf([1, -2], [0.25, 0.5], 4)
    expect(four.loss).toBeCloseTo(one.loss / 4, 12)
    expect(four.floor).toBeCloseTo(one.floor / 4, 12)
  })

  test('no positives, no loss', () => {
    expect(lossOf([], [])).toEqual({ loss: 0, floor: 0 })
  })

  const logit = fc.double({ min: -30, max: 30, noNaN: true })
  const target = fc.double({ min: 0, max: 1, noNaN: true })

  test('the excess above the floor is the Kullback-Leibler divergence, never negative', () => {
    fc.assert(
      fc.property(logit, target, (z, c) => {
        const { loss, floor } = lossOf([z], [c])
        const t = Math.fround(c)
        const p = 1 / (1 + Math.exp(-Math.fround(z)))
        fc.pre(t > 1e-6 && t < 1 && p < 1 - 1e-9)
        expect(loss - floor).toBeGreaterThan(-1e-12)
        expect(loss - floor).toBeCloseTo(t * Math.log(t / p) + (1 - t) * Math.log((1 - t) / (1 - p)), 5)
      }),
    )
  })

  test('the gradient is that of finite differences', () => {
    fc.assert(
      fc.property(logit, target, (z, c) => {
        const logits = Float32Array.of(z)
        const targets = Float32Array.of(c)
        const gradient = new Float32Array(1)
        centernessLoss(logits, targets, 2, gradient)
        const loss = () => centernessLoss(logits, targets, 2, new Float32Array(1)).loss
        expect(Math.abs(gradient[0] - centralDifference(loss, logits, 0, 2 ** -8))).toBeLessThan(1e-5)
      }),
    )
  })
})
