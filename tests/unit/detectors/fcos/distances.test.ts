import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { distance, distanceSlope } from '../../../../src/core/detectors/fcos/distances.ts'

describe('distances from raw outputs', () => {
  test('relu counts in strides, exp in pixels', () => {
    expect(distance('relu', 1.5, 16)).toBe(24)
    expect(distance('relu', -1.5, 16)).toBe(0)
    expect(distance('exp', Math.log(24), 16)).toBeCloseTo(24, 12)
  })

  test('exp stops at the widest possible image', () => {
    expect(distance('exp', 1000, 8)).toBeCloseTo(65536, 6)
    expect(distanceSlope('exp', 1000, 8)).toBe(0)
  })

  test('a dead side does not learn, its kink included', () => {
    expect(distanceSlope('relu', 0, 8)).toBe(0)
    expect(distanceSlope('relu', -2, 8)).toBe(0)
  })

  test('NaN is not hidden', () => {
    expect(distance('relu', Number.NaN, 8)).toBeNaN()
    expect(distance('exp', Number.NaN, 8)).toBeNaN()
  })

  test('the slope is that of finite differences', () => {
    const u = fc.double({ min: -10, max: 10, noNaN: true })
    fc.assert(
      fc.property(fc.constantFrom('exp' as const, 'relu' as const), u, (rule, at) => {
        fc.pre(Math.abs(at) > 1e-3)
        const h = 1e-5
        const difference = (distance(rule, at + h, 32) - distance(rule, at - h, 32)) / (2 * h)
        expect(distanceSlope(rule, at, 32)).toBeCloseTo(difference, 3)
      }),
    )
  })
})
