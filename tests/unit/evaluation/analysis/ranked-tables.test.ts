import { expect, it } from 'vitest'
import { confusionMatrix } from '../../../../src/core/evaluation/analysis/confusion.ts'
import { A, B, detection, NOWHERE, object, tablesOf } from './scene.ts'

const given = (tables: ReturnType<typeof tablesOf>, rows: Uint32Array) =>
  [...rows].map((row) => tables.detections.source[row])

it('ranks across categories: by score, then image id, then as given', () => {
  const tables = tablesOf(
    [object(B, { categoryId: 2 }), object(A, { imageId: 9 }), object(A)],
    [
      detection(A, 0.5, { categoryId: 2, imageId: 9 }),
      detection(A, 0.5, { imageId: 9 }),
      detection(A, 0.5),
      detection(A, 0.9, { imageId: 9 }),
    ],
  )
  expect(given(tables, tables.ranked)).toEqual([3, 2, 0, 1])
  expect(tables.images.map(({ detections }) => given(tables, detections))).toEqual([[2], [], [3, 0, 1]])
  expect(tables.images.map(({ objects }) => [...objects].map((g) => tables.groundTruth.source[g]))).toEqual([
    [0, 2],
    [],
    [1],
  ])
})

it('leaves out what comes after the best 100 of an image and category, as the metrics do', () => {
  const wrong = Array.from({ length: 100 }, () => detection(NOWHERE, 0.9))
  const tables = tablesOf([object(A)], [...wrong, detection(A, 0.8), detection(B, 0.1, { categoryId: 2 })])
  expect(given(tables, tables.ranked)).toEqual([...wrong.keys(), 101])
  const { counts } = confusionMatrix(tables, { score: 0, iou: 0.5 })
  expect(counts).toEqual([
    [0, 0, 1],
    [0, 0, 0],
    [100, 1, 0],
  ])
})
