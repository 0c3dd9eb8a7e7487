import { expect, it } from 'vitest'
import { find } from '../../../../src/core/evaluation/analysis/findings.ts'
import { apByImage } from '../../../../src/core/evaluation/analysis/image-ap.ts'
import { A, B, detection, NOWHERE, object, tablesOf } from './scene.ts'

it('ranks each image on its own, all its categories together; images by ascending id', () => {
  const on = (imageId: number) => ({ imageId })
  const objects = [object(A), object(B, { categoryId: 2 }), object(A, on(4))]
  const detections = [
    detection(A, 0.9),
    detection(NOWHERE, 0.8, { categoryId: 2 }),
    detection(B, 0.7, { categoryId: 2 }),
    detection(A, 0.1, on(4)),
    detection(A, 0.2, on(9)),
  ]
  const tables = tablesOf(objects, detections)
  const [first, second, empty] = apByImage(tables, find(tables, 0.5))
  expect(first).toBeCloseTo((51 + 50 * (2 / 3)) / 101, 12)
  expect(second).toBeCloseTo(1, 12)
  expect(empty).toBe(0)
  const without = tablesOf(objects, [])
  expect([...apByImage(without, find(without, 0.5))]).toEqual([0, 0, 1])
})
