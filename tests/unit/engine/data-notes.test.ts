import { expect, test } from 'vitest'
import type { EngineData } from '../../../src/core/contract/engine.ts'
import { lite0Config } from '../../../src/core/detectors/fcos/presets.ts'
import { POLARMASK } from '../../../src/core/detectors/polarmask/index.ts'
import { dataNotes } from '../../../src/main/engine/train/data-notes.ts'

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
  expect(dataNotes(data, fcos)).toEqual([])
  expect(dataNotes(data, POLARMASK.presets.lite0(classes))).toEqual([
    '1 of the 2 objects have no outline: their boxes are learnt as their outlines',
  ])
  expect(dataNotes(data, { ...fcos, assignment: { ...fcos.assignment, masks } })).toEqual([
    '1 of the 2 objects have no outline: their boxes alone decide',
  ])
})
