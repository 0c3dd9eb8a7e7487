import { expect, test } from 'vitest'
import { engineOutline } from '../../../../src/main/studio/engine/engine-data.ts'
import { changesSince } from '../../../../src/main/studio/runs/snapshot.ts'
import { someProject } from '../../../support/project.ts'

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
