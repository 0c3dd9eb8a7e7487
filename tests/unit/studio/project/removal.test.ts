/** Images that a user takes out of a project: never from the disk, as one step, and no scan or import brings them back. */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { StepEffect } from '../../../../src/main/studio/project/history.ts'
import {
  importDataset,
  loadForProject,
  scanImages,
  summarise,
} from '../../../../src/main/studio/project/index.ts'
import { createProject, openProject, type Project } from '../../../../src/main/studio/project/project.ts'
import { vocXml } from '../../../support/labels.ts'
import { tracked } from '../../../support/project-state.ts'
import { lay, scratch } from '../../../support/scratch.ts'

const BOX = [1, 2, 20, 30] as const

async function labelled(): Promise<{ project: Project; folder: string; die: number }> {
  const folder = await scratch()
  await lay(folder, { 'a.jpg': [64, 48], 'b.jpg': [60, 40], 'sub/c.jpg': [50, 30] })
  const project = await createProject(folder)
  onTestFinished(() => project.close())
  await scanImages(project)
  const die = project.classes.add('die')
  for (const id of [1, 2, 3]) project.annotations.add(id, [{ classId: die, box: BOX, source: 'drawn' }])
  project.annotations.add(2, [{ classId: die, box: BOX, source: 'proposed', score: 0.5, model: 'm' }])
  project.annotations.reject([project.annotations.of(2)[1]!.id])
  project.images.setState([2], 'done')
  project.images.setSplit([2, 3], 'val')
  return { project, folder, die }
}

const paths = (project: Project) => project.images.list(project.find('')).map(({ path }) => path)

test('removed images and their labels are in no list, count or query; undo brings all of it back, also after a restart', async () => {
  const { project, folder, die } = await labelled()
  const before = tracked(project)
  const effects: StepEffect[] = []
  project.history.subscribe((effect) => effects.push(effect))
  project.images.remove([2, 3, 99])
  expect(effects).toMatchObject([{ label: 'Remove images', images: 'many' }])
  expect(paths(project)).toEqual(['a.jpg'])
  expect(project.find('class:die')).toEqual([1])
  expect(summarise(project)).toMatchObject({ images: 1, labels: 1, removed: 2, bySplit: { val: 0, none: 1 } })
  expect(project.classes.counts().get(die)).toBe(1)
  expect(existsSync(join(folder, 'b.jpg'))).toBe(true)

  project.close()
  const again = await openProject(folder)
  onTestFinished(() => again.close())
  again.history.undo()
  expect(tracked(again)).toEqual(before)
  again.history.redo()
  expect(paths(again)).toEqual(['a.jpg'])
  again.history.undo()
  expect(tracked(again)).toEqual(before)
})

test('no scan brings them back, also when their files were moved or renamed; restoring them does, as new images', async () => {
  const { project, folder } = await labelled()
  project.images.remove([2, 3])
  expect(await scanImages(project)).toMatchObject({ found: 3, added: 0, missing: 0, removed: 2 })
  await mkdir(join(folder, 'other'))
  await rename(join(folder, 'b.jpg'), join(folder, 'other/renamed.jpg'))
  expect(await scanImages(project)).toMatchObject({ found: 3, added: 0, missing: 0, removed: 2 })
  expect(paths(project)).toEqual(['a.jpg'])

  expect(project.images.restore()).toEqual([2, 3])
  expect(project.images.list([2, 3])).toMatchObject([
    { path: 'other/renamed.jpg', state: 'new', split: 'val', labels: 0 },
    { path: 'sub/c.jpg', state: 'new', labels: 0 },
  ])
  expect(await scanImages(project)).toMatchObject({ added: 0, missing: 0, moved: 0, removed: 0 })
  project.history.undo()
  project.history.undo()
  expect(project.images.get(2)).toMatchObject({ path: 'other/renamed.jpg', state: 'done', labels: 1 })
})

test('a copy of a removed image is an image of its own only where it is another file', async () => {
  const { project, folder } = await labelled()
  await lay(folder, { 'copy.jpg': [64, 48] })
  await scanImages(project)
  project.images.remove([project.find('copy.jpg')[0]!])
  await scanImages(project)
  expect(paths(project)).toEqual(['a.jpg', 'b.jpg', 'sub/c.jpg'])
  // The image with the same bytes moves; the removed one stays removed.
  await rename(join(folder, 'a.jpg'), join(folder, 'z.jpg'))
  await scanImages(project)
  expect(project.images.get(1)?.path).toBe('z.jpg')
  await rm(join(folder, 'copy.jpg'))
  expect(await scanImages(project)).toMatchObject({ added: 0, removed: 0 })
})

test('an import passes removed images over and says so, and takes none of their ids', async () => {
  const { project, folder } = await labelled()
  project.images.remove([2])
  await lay(folder, { 'b.xml': vocXml('dog'), 'a.xml': vocXml('dog') })
  const loaded = await loadForProject(project, folder)
  const { problems } = await importDataset(project, loaded)
  expect(paths(project)).toEqual(['a.jpg', 'sub/c.jpg'])
  expect(problems).toContainEqual({
    ...{ file: 'b.jpg', where: '', action: 'skipped' },
    reason: 'the image was removed from this project',
  })
  expect(project.images.isFree(2)).toBe(false)
  project.history.undo()
  project.history.undo()
  expect(paths(project)).toEqual(['a.jpg', 'b.jpg', 'sub/c.jpg'])
})

test('the class of all labels of several images is one step, and proposals stay', async () => {
  const { project, die } = await labelled()
  const cat = project.classes.add('cat')
  project.annotations.add(1, [{ classId: die, box: BOX, source: 'proposed', score: 0.5 }])
  project.images.setClass([1, 3], cat)
  const classesOf = (id: number) => project.annotations.of(id).map(({ classId }) => classId)
  expect([classesOf(1), classesOf(2), classesOf(3)]).toEqual([[cat, die], [die], [cat]])
  expect(() => project.images.setClass([1], 77)).toThrow(/no class 77/)
  project.history.undo()
  expect([classesOf(1), classesOf(3)]).toEqual([[die, die], [die]])
})
