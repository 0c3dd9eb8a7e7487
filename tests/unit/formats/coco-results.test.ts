import { describe, expect, it } from 'vitest'
import { parseCocoResults, toCocoResults, toDetections } from '../../../src/core/formats/coco-results.ts'

const RESULT = { image_id: 1, category_id: 3, bbox: [1.5, 2, 30.25, 40], score: 0.875 }
const IMAGES = [
  { id: 1, fileName: 'val/a.jpg' },
  { id: 2, fileName: 'val/b.jpg' },
  { id: 3, fileName: 'more/b.jpg' },
]

describe('parseCocoResults', () => {
  it('takes results with and without a file name, and leaves other keys out', () => {
    const named = { ...RESULT, file_name: 'a.jpg' }
    expect(parseCocoResults([RESULT, { ...named, id: 7, area: 9 }], 'dt.json')).toEqual([RESULT, named])
    expect(parseCocoResults([], 'dt.json')).toEqual([])
  })

  it.each([
    ['[1].bbox[2]', { ...RESULT, bbox: [0, 0, '3', 4] }],
    ['[1].bbox[3]', { ...RESULT, bbox: [0, 0, 3, -4] }],
    ['[1].bbox', { ...RESULT, bbox: [0, 0, 3] }],
    ['[1].score', { ...RESULT, score: null }],
    ['[1].image_id', { ...RESULT, image_id: 1.5 }],
    ['[1].category_id', { ...RESULT, category_id: undefined }],
    ['[1]', 7],
  ])('names %s', (key, wrong) => {
    expect(() => parseCocoResults([RESULT, wrong], 'dt.json')).toThrow(
      expect.objectContaining({
        code: 'DATA_COCO_RESULTS',
        message: expect.stringContaining(`dt.json is not a COCO results list: ${key}: `),
      }),
    )
  })

  it('refuses a data set in the place of a list', () => {
    expect(() => parseCocoResults({ images: [] }, 'dt.json')).toThrow('dt.json is not a COCO results list')
  })
})

describe('toDetections', () => {
  const imageOf = (result: object) =>
    toDetections(parseCocoResults([{ ...RESULT, ...result }], 'dt.json'), IMAGES, 'dt.json')[0]!.imageId

  it('keeps box and score to the last bit', () => {
    expect(toDetections(parseCocoResults([RESULT], 'dt.json'), IMAGES, 'dt.json')).toEqual([
      { imageId: 1, categoryId: 3, box: [1.5, 2, 30.25, 40], score: 0.875 },
    ])
  })

  it.each([
    ['the id alone', { image_id: 2 }, 2],
    ['a name that agrees, in another folder', { image_id: 2, file_name: 'b.jpg' }, 2],
    ['a name that tells another image than the id', { image_id: 3, file_name: 'elsewhere/a.jpg' }, 1],
    ['a path that tells another image than the id', { image_id: 2, file_name: 'more/b.jpg' }, 3],
    ['a name, the id being unknown', { image_id: 77, file_name: 'C:\\photos\\a.jpg' }, 1],
  ])('tells the image by %s', (_, result, imageId) => {
    expect(imageOf(result)).toBe(imageId)
  })

  it.each([
    ['an unknown id', { image_id: 77 }, 'dt.json: [0]: image 77 is not in the ground truth'],
    [
      'an unknown name',
      { image_id: 1, file_name: 'z.jpg' },
      'dt.json: [0]: image 1 (z.jpg) is not in the ground truth',
    ],
    [
      'a name that several images share',
      { image_id: 1, file_name: 'b.jpg' },
      'dt.json: [0]: image 1 (b.jpg) is not in the ground truth',
    ],
  ])('refuses %s', (_, result, message) => {
    expect(() => imageOf(result)).toThrow(expect.objectContaining({ code: 'DATA_UNKNOWN_IMAGE', message }))
  })

  it('goes by id where the ground truth has no file names', () => {
    const results = parseCocoResults([{ ...RESULT, file_name: 'a.jpg' }], 'dt.json')
    expect(toDetections(results, [{ id: 1, fileName: '' }], 'dt.json')[0]!.imageId).toBe(1)
  })
})

it('what is written reads back the same', () => {
  const detections = [
    { imageId: 2, categoryId: 3, box: [0.1, 0.2, 10.3, 4 / 3], score: 1 / 3 },
    { imageId: 3, categoryId: 1, box: [5, 5, 0, 0], score: 0 },
  ] as const
  const text = JSON.stringify(toCocoResults(detections, IMAGES))
  const results = parseCocoResults(JSON.parse(text), 'dt.json')
  expect(results.map((it) => it.file_name)).toEqual(['val/b.jpg', 'more/b.jpg'])
  expect(toDetections(results, IMAGES, 'dt.json')).toEqual(detections)
})
