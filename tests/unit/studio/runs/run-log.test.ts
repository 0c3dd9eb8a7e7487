import { expect, test } from 'vitest'
import { lastStep, readCurves } from '../../../../src/main/studio/runs/run-log.ts'
import { bestOf } from '../../../../src/main/studio/runs/summary.ts'
import { lay, scratch } from '../../../support/scratch.ts'

const step = (number: number, loss: number | null) => JSON.stringify({ step: number, loss, rate: 0.1 })
const evaluated = (number: number, ap: number) =>
  JSON.stringify({ step: number, stats: [ap, ap + 0.2], perCategory: [] })

test('steps count from 1, torn lines are passed over, and what is no number is null', async () => {
  const folder = await scratch()
  await lay(folder, {
    'log.jsonl': `${step(0, 3)}\n${step(1, null)}\n${step(2, 1)}\n{"step":3,"lo`,
    'evaluations.jsonl': `${evaluated(1, 0.1)}\n${evaluated(2, 0.3)}\n`,
  })
  const curves = readCurves(folder, 0)
  expect(curves.steps).toEqual([1, 2, 3])
  expect(curves.figures.loss).toEqual([3, null, 1])
  expect(curves.figures.positives).toEqual([null, null, null])
  expect(curves.evaluations.map((one) => [one.step, one.stats[0]])).toEqual([
    [2, 0.1],
    [3, 0.3],
  ])
  expect(readCurves(folder, 2)).toMatchObject({ steps: [3], evaluations: [{ step: 3 }] })
  expect(lastStep(folder)).toBe(3)
})

test('a run without a log has no steps', async () => {
  const folder = await scratch()
  expect(readCurves(folder, 0)).toMatchObject({ steps: [], evaluations: [] })
  expect(lastStep(folder)).toBe(0)
})

test('of equal evaluations the first is the best', () => {
  const one = (number: number, ap: number) => ({ step: number, stats: [ap, 0], perCategory: [] })
  expect(bestOf([])).toBeNull()
  expect(bestOf([one(1, 0.2), one(2, 0.4), one(3, 0.4)])).toEqual({ step: 2, ap: 0.4, ap50: 0 })
  const masked = (step: number, ap: number, maskAp: number) => ({ ...one(step, ap), maskStats: [maskAp] })
  const best = { step: 2, ap: 0.4, ap50: 0, maskAp: 0.3 }
  expect(bestOf([masked(1, 0.5, 0.1), masked(2, 0.4, 0.3), masked(3, 0.6, 0.2)])).toEqual(best)
})
