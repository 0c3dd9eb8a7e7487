import { expect, it } from 'vitest'
import { parseCocoGroundTruth } from '../../../src/core/formats/coco-ground-truth.ts'

const images = [{ id: 1, file_name: 'a.jpg', width: 10, height: 10 }, { id: 2 }]
const categories = [{ id: 3, name: 'cat', supercategory: 'animal' }]
const annotation = { id: 1, image_id: 1, category_id: 3, bbox: [0.1, 0.2, 10.3, 4.7], area: 12.5, iscrowd: 1 }

it('keeps boxes, areas and degenerate objects as written', () => {
  const flat = { image_id: 2, category_id: 3, bbox: [1, 2, 0, 5] }
  expect(parseCocoGroundTruth({ images, categories, annotations: [annotation, flat] }, 'gt.json')).toEqual({
    images: [
      { id: 1, fileName: 'a.jpg', width: 10, height: 10 },
      { id: 2, fileName: '' },
    ],
    categories: [{ id: 3, name: 'cat' }],
    objects: [
      { imageId: 1, categoryId: 3, box: [0.1, 0.2, 10.3, 4.7], area: 12.5, crowd: true },
      { imageId: 2, categoryId: 3, box: [1, 2, 0, 5], area: 0, crowd: false },
    ],
  })
})

it.each([
  [
    'annotations[1].bbox',
    { images, categories, annotations: [annotation, { ...annotation, bbox: undefined }] },
  ],
  ['annotations[0].iscrowd', { images, categories, annotations: [{ ...annotation, iscrowd: 'yes' }] }],
  ['images[0].id', { images: [{ id: 'x' }], categories, annotations: [] }],
  ['categories', { images, annotations: [] }],
])('names %s', (key, json) => {
  expect(() => parseCocoGroundTruth(json, 'gt.json')).toThrow(
    expect.objectContaining({
      code: 'DATA_COCO',
      message: expect.stringContaining(`gt.json is not a COCO ground truth: ${key}: `),
    }),
  )
})
