import fc from 'fast-check'
import { expect, it } from 'vitest'
import { confusionMatrix } from '../../../../src/core/evaluation/analysis/confusion.ts'
import { detectionList, objectList } from './arbitrary.ts'
import { A, B, CATEGORIES, detection, NEAR_A, NOWHERE, object, tablesOf } from './scene.ts'

const cat = { categoryId: 1 }
const dog = { categoryId: 2 }

it('pairs from the best score down, whatever the class, and keeps the pairs behind each cell', () => {
  const objects = [object(A, cat), object(B, dog), object([300, 100, 30, 30], dog)]
  const detections = [
    detection(NEAR_A, 0.9, dog),
    detection(A, 0.8, cat),
    detection(B, 0.7, dog),
    detection(NOWHERE, 0.6, cat),
    detection([300, 100, 30, 30], 0.2, dog),
  ]
  const { counts, cells } = confusionMatrix(tablesOf(objects, detections), { score: 0.5, iou: 0.5 })
  expect(counts).toEqual([
    [0, 1, 0],
    [0, 1, 1],
    [2, 0, 0],
  ])
  expect(cells).toEqual([
    { truth: 0, predicted: 1, pairs: [{ imageId: 1, object: 0, detection: 0, iou: 0.6, score: 0.9 }] },
    { truth: 1, predicted: 1, pairs: [{ imageId: 1, object: 1, detection: 2, iou: 1, score: 0.7 }] },
    { truth: 1, predicted: 2, pairs: [{ imageId: 1, object: 2, detection: null, iou: 0, score: null }] },
    {
      truth: 2,
      predicted: 0,
      pairs: [
        { imageId: 1, object: null, detection: 1, iou: 0, score: 0.8 },
        { imageId: 1, object: null, detection: 3, iou: 0, score: 0.6 },
      ],
    },
  ])
})

it('of objects that fit equally takes one of its own class', () => {
  for (const objects of [
    [object(A, cat), object(A, dog)],
    [object(A, dog), object(A, cat)],
  ]) {
    const { counts } = confusionMatrix(tablesOf(objects, [detection(A, 0.9, dog)]), { score: 0, iou: 0.5 })
    expect(counts).toEqual([
      [0, 0, 1],
      [0, 1, 0],
      [0, 0, 0],
    ])
  }
})

it('of objects that fit equally, none of its class, takes the first', () => {
  const tables = tablesOf([object(A, dog), object(A, dog)], [detection(A, 0.9, cat)])
  const { cells } = confusionMatrix(tables, { score: 0, iou: 0.5 })
  expect(cells).toMatchObject([
    { truth: 1, predicted: 0, pairs: [{ object: 0 }] },
    { truth: 1, predicted: 2, pairs: [{ object: 1 }] },
  ])
})

it('a detection in a crowd of its class does not count, of another class it does', () => {
  const crowd = object([0, 0, 300, 300], { ...dog, crowd: true })
  const detections = [detection(A, 0.9, dog), detection(B, 0.9, cat)]
  const { counts } = confusionMatrix(tablesOf([crowd], detections), { score: 0, iou: 0.5 })
  expect(counts).toEqual([
    [0, 0, 0],
    [0, 0, 0],
    [1, 0, 0],
  ])
})

it('rows add up to objects, columns to detections that count; every pair is in one cell', () => {
  fc.assert(
    fc.property(objectList, detectionList, fc.nat(5), (objects, detections, n) => {
      const score = n / 5
      const matrix = confusionMatrix(tablesOf(objects, detections), { score, iou: 0.5 })
      CATEGORIES.forEach(({ id }, k) => {
        const ofClass = objects.filter((it) => it.categoryId === id && !it.crowd)
        expect(sum(matrix.counts[k]!)).toBe(ofClass.length)
        const crowds = objects.some((it) => it.categoryId === id && it.crowd)
        const taken = detections.filter((it) => it.categoryId === id && it.score >= score).length
        const column = sum(matrix.counts.map((row) => row[k]!))
        if (crowds) expect(column).toBeLessThanOrEqual(taken)
        else expect(column).toBe(taken)
      })
      const pairs = matrix.cells.flatMap((cell) => cell.pairs)
      expect(pairs).toHaveLength(sum(matrix.counts.flat()))
      for (const side of ['object', 'detection'] as const) {
        const indices = pairs.map((pair) => pair[side]).filter((index) => index !== null)
        expect(new Set(indices).size).toBe(indices.length)
      }
      for (const { truth, predicted, pairs: behind } of matrix.cells) {
        for (const pair of behind) {
          if (pair.object !== null) expect(objects[pair.object]!.categoryId).toBe(CATEGORIES[truth]!.id)
          if (pair.detection !== null) {
            expect(detections[pair.detection]!.categoryId).toBe(CATEGORIES[predicted]!.id)
          }
        }
      }
    }),
  )
})

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
