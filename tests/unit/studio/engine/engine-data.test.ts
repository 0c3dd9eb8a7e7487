import { expect, test } from 'vitest'
import { RunData, writeRunData } from '../../../../src/core/contract/run-data.ts'
import type { Annotation, Dataset } from '../../../../src/core/formats/dataset.ts'
import { signedArea } from '../../../../src/core/geometry/polygon.ts'
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

test('outlines go along, of polygons and of masks, and survive the file of a run', () => {
  const polygon = [1, 2, 1, 22, 11, 22]
  // Two columns of 3 × 3 pixels around an empty one in the middle.
  const mask = { size: [30, 40] as const, counts: [0, 3, 27, 1, 1, 1, 27, 3, 1137] }
  const { data } = trainingData(
    named('train', [CAT], [box(1), box(1, { segmentation: [polygon] }), box(1, { segmentation: mask })]),
    null,
  )
  const [image] = data.images
  expect(image!.outlines!.slice(0, 2)).toEqual([null, [[11, 22, 1, 22, 1, 2]]])
  expect(image!.outlines![2]!.map(signedArea)).toEqual([9, -1])
  const read = RunData.parse(JSON.parse(writeRunData({ data, validation: null })))
  expect(read.data).toEqual(data)
  const plain = trainingData(training, null)
  expect(RunData.parse(JSON.parse(writeRunData(plain))).data).toEqual(plain.data)
})
