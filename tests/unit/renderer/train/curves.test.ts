import { expect, test } from 'vitest'
import { COMMON_CURVES, type Curves } from '../../../../src/core/contract/studio/runs.ts'
import { evaluationPoints, pointsOf } from '../../../../src/renderer/train/chart-series.ts'
import { append } from '../../../../src/renderer/train/curves.ts'

function curves(steps: readonly number[], evaluated: readonly number[] = []): Curves {
  const columns = COMMON_CURVES.map((name): [string, number[]] => [name, steps.map((step) => step * 10)])
  return {
    steps,
    figures: Object.fromEntries(columns),
    evaluations: evaluated.map((step) => ({ step, stats: [step / 10, -1], perCategory: [] })),
  }
}

test('new steps are added, and a run that comes by a step again replaces what was there', () => {
  const grown = append(curves([1, 2, 3], [2]), curves([4, 5], [4]))!
  expect(grown.steps).toEqual([1, 2, 3, 4, 5])
  expect(grown.figures.loss).toEqual([10, 20, 30, 40, 50])
  expect(grown.evaluations.map(({ step }) => step)).toEqual([2, 4])
  const again = append(grown, curves([3]))!
  expect(again.steps).toEqual([1, 2, 3])
  expect(again.evaluations.map(({ step }) => step)).toEqual([2])
  expect(append(curves([1]), curves([3]))).toBeUndefined()
  expect(append(curves([1, 2]), curves([], [2]))!.evaluations).toHaveLength(1)
})

test('long runs are drawn as means of neighbouring steps', () => {
  const steps = Array.from({ length: 900 }, (_, i) => i + 1)
  const points = pointsOf(curves(steps), 'loss')
  expect(points).toHaveLength(300)
  expect(points[0]).toEqual({ x: 3, y: 20 })
  expect(points.at(-1)).toEqual({ x: 900, y: 8990 })
  expect(pointsOf(curves([]), 'loss')).toEqual([])
})

test("COCO's −1 is a gap", () => {
  expect(evaluationPoints(curves([], [3]), 0)).toEqual([{ x: 3, y: 0.3 }])
  expect(evaluationPoints(curves([], [3]), 1)).toEqual([{ x: 3, y: Number.NaN }])
})
