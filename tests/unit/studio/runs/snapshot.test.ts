import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeRunData } from '../../../../src/core/contract/run-data.ts'
import { engineOutline } from '../../../../src/main/studio/engine/engine-data.ts'
import type { StoredRun } from '../../../../src/main/studio/runs/run-store.ts'
import { changesSince, knownBetter } from '../../../../src/main/studio/runs/snapshot.ts'
import { someProject } from '../../../support/project.ts'
import { scratch } from '../../../support/scratch.ts'

const TRIANGLE = [10, 10, 50, 10, 10, 50]

test('another outline in the same box is a change to a run that learns from outlines, and none to another', async () => {
  const project = await someProject('a.png', 'b.png')
  const classId = project.classes.add('a')
  const [a, b] = project.find('') as [number, number]
  const box = [10, 10, 50, 50] as const
  const object = { classId, box, source: 'drawn' as const, segmentation: [TRIANGLE] }
  const [changed] = project.annotations.add(a, [object])
  project.annotations.add(b, [{ classId, box, source: 'drawn' }])
  const image = (id: number, outline: readonly number[] | null) => ({
    ...{ id, path: `${id}`, width: 640, height: 480 },
    ...{ boxes: Float64Array.from(box), categories: Int32Array.of(classId) },
    ...{ crowds: new Uint8Array(1), areas: Float64Array.of(1) },
    ...(outline && { outlines: [engineOutline([outline])] }),
  })
  const data = { categories: [{ id: classId, name: 'a' }], images: [image(a, TRIANGLE), image(b, null)] }
  const since = (outlines: boolean) => changesSince(project, { data, validation: null }, outlines)
  const none = { images: [], addedBoxes: 0, removedBoxes: 0, gone: 0 }
  expect(since(true)).toEqual(none)

  project.annotations.update(changed!, { segmentation: [[10, 10, 50, 50, 10, 50]], box })
  expect(since(true)).toEqual({ ...none, images: [a], addedBoxes: 1, removedBoxes: 1 })
  expect(since(false)).toEqual(none)

  project.annotations.update(changed!, { segmentation: null })
  expect(since(true)).toMatchObject({ images: [a] })
  project.annotations.update(changed!, { segmentation: [TRIANGLE], box })
  expect(since(true)).toEqual(none)
})

test('a run is known to be better only by a higher AP on the same labels', async () => {
  const folder = await scratch()
  const image = (id: number, right: number) => ({
    ...{ id, path: `${id}`, width: 640, height: 480 },
    ...{ boxes: Float64Array.of(10, 10, right, 50), categories: Int32Array.of(1) },
    ...{ crowds: new Uint8Array(1), areas: Float64Array.of(1) },
  })
  const categories = [{ id: 1, name: 'a' }]
  const set = (...rights: number[]) => ({ categories, images: rights.map((right, i) => image(i + 1, right)) })
  let runs = 0
  const run = async (best: StoredRun['summary']['best'], validation: ReturnType<typeof set> | null) => {
    const place = join(folder, String(++runs))
    await mkdir(place)
    await writeFile(join(place, 'data.json'), writeRunData({ data: set(50), validation }))
    return { folder: place, summary: { best } } as StoredRun
  }
  const of = (ap: number, maskAp?: number) => ({
    step: 1,
    ap,
    ap50: ap,
    ...(maskAp !== undefined && { maskAp }),
  })
  const val = set(50, 60)
  const good = await run(of(0.794), val)
  expect(knownBetter(await run(of(0.8), val), good)).toBe(true)
  expect(knownBetter(await run(of(0.8), set(60, 50)), good)).toBe(false)
  expect(knownBetter(await run(of(0.8), set(50)), good)).toBe(false)
  expect(knownBetter(await run(of(0.8), null), good)).toBe(false)
  expect(knownBetter(await run(of(0.794), val), good)).toBe(false)
  expect(knownBetter(await run(of(0.001), val), good)).toBe(false)
  expect(knownBetter(await run(null, null), good)).toBe(false)
  // What is in use was not measured, or there was nothing to measure: then nothing is known to be better.
  expect(knownBetter(await run(of(0.001), val), await run(null, null))).toBe(false)
  expect(knownBetter(await run(of(0.001), val), await run(of(-1), val))).toBe(false)
  // By masks where both find outlines.
  const masks = await run(of(0.5, 0.4), val)
  expect(knownBetter(await run(of(0.6, 0.3), val), masks)).toBe(false)
  expect(knownBetter(await run(of(0.4, 0.5), val), masks)).toBe(true)
  expect(knownBetter(await run(of(0.6), val), masks)).toBe(true)
})
