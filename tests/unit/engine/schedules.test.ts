import { expect, it } from 'vitest'
import { trainingOptions } from '../../../src/core/training/presets.ts'
import { averageDecay } from '../../../src/main/engine/train/average.ts'
import { Normaliser } from '../../../src/main/engine/train/normaliser.ts'
import { rateFactor } from '../../../src/main/engine/train/schedule.ts'

it('warms up linearly from a thousandth', () => {
  const schedule = { warmup: 10, decay: 'constant' as const }
  expect(rateFactor(0, 100, schedule)).toBe(0.001)
  expect(rateFactor(5, 100, schedule)).toBeCloseTo(0.5005, 10)
  expect(rateFactor(10, 100, schedule)).toBe(1)
})

it('decays by a cosine to 0 or in two steps of a tenth', () => {
  const cosine = { warmup: 20, decay: 'cosine' as const }
  expect(rateFactor(20, 120, cosine)).toBe(1)
  expect(rateFactor(70, 120, cosine)).toBeCloseTo(0.5, 10)
  expect(rateFactor(119, 120, cosine)).toBeLessThan(0.001)
  const steps = { warmup: 0, decay: 'steps' as const }
  expect([0, 69, 70, 89, 90, 99].map((step) => rateFactor(step, 100, steps))).toEqual([
    1, 1, 0.1, 0.1, 0.01, 0.01,
  ])
})

it('averages weights over about a tenth of the run, and less at its beginning', () => {
  expect(averageDecay(0, 1000)).toBe(0.1)
  expect(averageDecay(999, 1000)).toBe(0.99)
  expect(averageDecay(10_000_000, 10_000_000)).toBe(0.9998)
})

it('divides losses by a moving average of positives, never below 1', () => {
  const moving = new Normaliser('moving')
  expect(moving.next(0)).toBe(1)
  expect(moving.next(11)).toBeCloseTo(2, 10)
  expect(moving.next(1)).toBeCloseTo(1.9, 10)
  const resumed = new Normaliser('moving', 2)
  expect(resumed.next(1)).toBeCloseTo(1.9, 10)
  expect(new Normaliser('batch').next(0)).toBe(1)
})

it('lets the choices of the user go over the preset', () => {
  const preset = trainingOptions('r50', 30)
  expect(preset.learn).toBe('head')
  expect(trainingOptions('r50', 300).learn).toBe('c4')
  const chosen = trainingOptions('r50', 30, { steps: 10, optimiser: { rate: 1 }, seed: undefined })
  expect(chosen).toEqual({
    ...preset,
    steps: 10,
    optimiser: { ...preset.optimiser, rate: 1 },
    schedule: { ...preset.schedule, warmup: 2 },
  })
})
