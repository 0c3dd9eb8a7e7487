import { expect, test } from 'vitest'
import type { EngineData } from '../../../src/core/contract/engine.ts'
import { detectors } from '../../../src/core/detectors/detectors.ts'
import { lite0Config } from '../../../src/core/detectors/fcos/presets.ts'
import { POLARMASK } from '../../../src/core/detectors/polarmask/index.ts'
import { WHOLE_IMAGES } from '../../../src/core/training/tiles.ts'
import { dataNotes } from '../../../src/main/engine/train/data-notes.ts'

const notes = (data: EngineData, config: Parameters<typeof dataNotes>[1]) =>
  dataNotes(data, config, WHOLE_IMAGES)

test('objects without an outline are told to whoever learns from outlines, and to nobody else', () => {
  const classes = [{ id: 1, name: 'a' }]
  const triangle = [[10, 10, 110, 10, 10, 110]]
  const image = {
    ...{ id: 1, path: 'a.jpg', width: 416, height: 320, categories: Int32Array.of(1, 1, 1) },
    boxes: Float64Array.of(10, 10, 110, 110, 200, 10, 300, 110, 0, 0, 400, 300),
    crowds: Uint8Array.of(0, 0, 1),
    areas: new Float64Array(3),
    outlines: [triangle, null, null],
  }
  const data: EngineData = { categories: classes, images: [image] }
  const fcos = lite0Config(classes)
  const masks = { centre: 'box', pixels: true, fallback: 'nearest' } as const
  expect(notes(data, fcos)).toEqual([])
  expect(notes(data, POLARMASK.presets.lite0(classes))).toEqual([
    '1 of the 2 objects have no outline: their boxes are learnt as their outlines',
  ])
  expect(notes(data, { ...fcos, assignment: { ...fcos.assignment, masks } })).toEqual([
    '1 of the 2 objects have no outline: their boxes alone decide',
  ])
})

test('classes without positives are named before the training, for every detector', () => {
  const classes = ['a', 'b', 'c', 'd'].map((name, i) => ({ id: i + 1, name }))
  // Of b there are no boxes but a crowd region, of c boxes without area, and d shares a box with a.
  const image = {
    ...{ id: 1, path: 'a.jpg', width: 416, height: 320, categories: Int32Array.of(1, 2, 3, 3, 4) },
    boxes: Float64Array.of(10, 10, 74, 74, 0, 0, 400, 300, 5, 5, 5, 5, 9, 9, 9, 9, 10, 10, 74, 74),
    crowds: Uint8Array.of(0, 1, 0, 0, 0),
    areas: new Float64Array(5),
  }
  const data: EngineData = { categories: classes, images: [image] }
  for (const { name, presets } of detectors()) {
    const note = notes(data, presets.lite0(classes)).find((line) => line.startsWith('Classes that'))
    // CenterNet has a map for each class, so that two classes can share a centre.
    const shadowed = name === 'centernet' ? '' : ', d (no location learns its box)'
    const expected = `Classes that train nothing yet: b (no boxes), c (no location learns any of its 2 boxes)${shadowed}`
    expect(note, name).toBe(expected)
  }
  const some = {
    categories: classes.slice(0, 1),
    images: [{ ...image, categories: Int32Array.of(1, 1, 1, 1, 1) }],
  }
  expect(notes(some, lite0Config(some.categories)).join()).not.toMatch(/Classes that/)
})
