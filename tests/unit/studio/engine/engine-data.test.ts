import { expect, test } from 'vitest'
import type { Annotation, Dataset } from '../../../../src/core/formats/dataset.ts'
import { trainingData } from '../../../../src/main/studio/engine/engine-data.ts'

const CAT = { id: 1, name: 'cat' }
const DOG = { id: 2, name: 'dog' }
const box = (categoryId: number, more: Partial<Annotation> = {}): Annotation => ({
  box: [1, 2, 11, 22],
  categoryId,
  ...more,
})
const named = (
  name: string,
  categories: Dataset['categories'],
  annotations: Annotation[],
  fileName = 'a.jpg',
) => ({
  name,
  imageRoot: `/${name}`,
  dataset: { categories, images: [{ id: 7, fileName, width: 40, height: 30, annotations }] },
})
const training = named('train', [CAT, DOG], [box(1), box(2, { crowd: true, area: 5 })])

test('boxes, ids, crowds and areas as the contract wants them', () => {
  const { data, validation } = trainingData(training, null)
  expect(validation).toBeNull()
  expect(data).toEqual({
    categories: [CAT, DOG],
    images: [
      {
        id: 7,
        path: '/train/a.jpg',
        width: 40,
        height: 30,
        boxes: Float64Array.of(1, 2, 11, 22, 1, 2, 11, 22),
        categories: Int32Array.of(1, 2),
        crowds: Uint8Array.of(0, 1),
        areas: Float64Array.of(200, 5),
      },
    ],
  })
})

test('a validation set that numbers its classes otherwise is taken by name', () => {
  const { validation } = trainingData(training, named('val', [{ id: 1, name: 'dog' }], [box(1)]))
  expect(validation?.categories).toEqual([CAT, DOG])
  expect(validation!.images[0]!.categories).toEqual(Int32Array.of(2))
})

test('a class that cannot be trained is refused, unless nothing is of it', () => {
  const owl = [CAT, { id: 9, name: 'owl' }]
  expect(() => trainingData(training, named('val', owl, [box(1), box(9)]))).toThrow(
    'val: its class owl (1 box) is none of the training classes cat, dog',
  )
  expect(trainingData(training, named('val', owl, [box(1)])).validation!.images[0]!.categories).toEqual(
    Int32Array.of(1),
  )
})

test('data without a box are refused', () => {
  const crowds = named('train', [CAT], [box(1, { crowd: true })])
  expect(() => trainingData(crowds, null)).toThrow(expect.objectContaining({ code: 'DATA_NO_BOXES' }))
  expect(() => trainingData(training, named('val', [CAT], []))).toThrow('val: 1 image without a box')
})

test('counts the images that both sets have', () => {
  expect(trainingData(training, { ...named('val', [CAT], [box(1)]), imageRoot: '/train' }).shared).toBe(1)
})
