import { expect, test } from 'vitest'
import { toFloat32 } from '../../../src/core/formats/tensor-values.ts'
import { loadReport } from '../../../src/main/engine/weights/load-report.ts'
import { partialLoad } from '../../../src/main/engine/weights/partial-load.ts'
import { r50Tensors } from '../../support/r50.ts'
import { fixtureShapes, numberedWeights } from '../../support/state-dict.ts'

const coco = numberedWeights(fixtureShapes('torchvision_state_dict.json'))
const CLASSIFIER = 'head.classification_head.cls_logits'

test('the same network loads whole', () => {
  const { loaded, reinitialised, unused } = partialLoad(r50Tensors(91), coco)
  expect([...loaded.keys()]).toEqual([...coco.keys()])
  expect([reinitialised, unused]).toEqual([[], []])
  expect(loadReport({ loaded, reinitialised, unused })).toBe('319 of 319 tensors loaded')
})

test('a 91-class head does not go into a 3-class model, and the report says so', () => {
  const load = partialLoad(r50Tensors(3), coco)
  expect(load.loaded.size).toBe(317)
  expect(loadReport(load)).toBe(
    [
      '317 of 319 tensors loaded',
      `${CLASSIFIER}.weight: re-initialised, the file has 91 classes, the model 3`,
      `${CLASSIFIER}.bias: re-initialised, the file has 91 classes, the model 3`,
    ].join('\n'),
  )
})

test('a backbone alone and a foreign tensor are told in three lines', () => {
  const body = new Map([...coco].filter(([name]) => name.startsWith('backbone.body.')))
  body.set('extra', coco.get(`${CLASSIFIER}.bias`)!)
  expect(loadReport(partialLoad(r50Tensors(3), body)).split('\n')).toEqual([
    '265 of 319 tensors loaded',
    'backbone.fpn.* (16 tensors): re-initialised, not in the file',
    'head.classification_head.* (18 tensors): re-initialised, not in the file',
    'head.regression_head.* (20 tensors): re-initialised, not in the file',
    'extra: not used, the model has no such tensor',
  ])
})

test('other shapes are told, never loaded', () => {
  const { reinitialised } = partialLoad(
    [{ name: 'a.weight', shape: [2, 3] }],
    numberedWeights([['a.weight', [3, 2]]]),
  )
  expect(reinitialised).toEqual([{ name: 'a.weight', reason: 'the file has shape [3, 2], the model [2, 3]' }])
})

test('rows of the classifier follow their classes, the others keep their initial values', () => {
  const name = 'cls_logits.weight'
  const expected = [{ name, shape: [3, 2], classes: 3 }]
  const file = numberedWeights([[name, [4, 2]]])
  toFloat32(file.get(name)!).set([0, 1, 10, 11, 20, 21, 30, 31])
  const initial = numberedWeights([
    ['first', []],
    [name, [3, 2]],
  ])
  const source = new Map([
    [0, 3],
    [2, 1],
  ])
  const { loaded, reinitialised } = partialLoad(expected, file, { source, initial })
  expect([...toFloat32(loaded.get(name)!)]).toEqual([30, 31, 1, 1, 10, 11])
  expect(reinitialised).toEqual([{ name, reason: '1 of 3 classes; the others are copied' }])
  expect([...toFloat32(initial.get(name)!)]).toEqual([1, 1, 1, 1, 1, 1])
  expect(() => partialLoad(expected, file, { source: new Map([[0, 4]]), initial })).toThrow(
    expect.objectContaining({ code: 'USAGE_CLASSES' }),
  )
})

test('of a classifier with several cells per location, the rows of each follow their classes', () => {
  const name = 'cls_logits.bias'
  // Two cells: classes a, b, c of the first, then those of the second.
  const file = numberedWeights([[name, [6]]])
  toFloat32(file.get(name)!).set([1, 2, 3, 11, 12, 13])
  const initial = numberedWeights([[name, [4]]])
  const spec = { name, shape: [4], classes: 2 }
  const load = partialLoad([spec], file, { source: new Map([[1, 2]]), initial })
  expect([...toFloat32(load.loaded.get(name)!)]).toEqual([0, 3, 0, 13])
  expect(partialLoad([spec], file).reinitialised).toEqual([
    { name, reason: 'the file has 3 classes, the model 2' },
  ])
})
