import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadLabels, openLabels } from '../../../../src/main/studio/project/load.ts'
import { createProject, type Project } from '../../../../src/main/studio/project/project.ts'
import { scanImages } from '../../../../src/main/studio/project/scan.ts'
import { tracked } from '../../../support/project-state.ts'
import { lay, scratch } from '../../../support/scratch.ts'

/** Five images: done in train, in progress in val, new, ignored, and done without a box; the second has a proposal. */
async function worked(): Promise<Project> {
  const folder = await scratch()
  const names = ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg', 'e.jpg']
  await lay(join(folder, 'photos'), Object.fromEntries(names.map((name) => [name, [64, 48]])))
  const project = await createProject(folder, { imageRoot: join(folder, 'photos') })
  onTestFinished(() => project.close())
  await scanImages(project)
  const { annotations, classes, images } = project
  const classId = classes.add('cell', { id: 4 })
  const box = [1, 2, 3, 4] as const
  const draw = (image: number) => annotations.add(image, [{ classId, box, source: 'drawn' }])
  for (const image of [1, 2, 4]) draw(image)
  annotations.propose(2, 'run 1', [{ classId, box: [5, 6, 7, 8], score: 0.9 }])
  annotations.propose(3, 'run 1', [{ classId, box: [5, 6, 7, 8], score: 0.9 }])
  images.setState([1, 5], 'done')
  images.setState([4], 'ignored')
  images.setSplit([1], 'train')
  images.setSplit([2], 'val')
  return project
}

const namesIn = async (path: string): Promise<string[]> =>
  (await loadLabels(path)).dataset.images.map(({ fileName }) => fileName)

test('a project is the data set of what somebody has labelled: no proposals, nothing new, nothing ignored', async () => {
  const project = await worked()
  const folder = dirname(project.path)
  const { format, dataset, imageRoot, problems } = await loadLabels(folder)
  expect({ format, imageRoot, problems }).toEqual({
    format: 'project',
    imageRoot: join(folder, 'photos'),
    problems: [],
  })
  const size = { width: 64, height: 48 }
  const annotations = [{ categoryId: 4, box: [1, 2, 3, 4] }]
  expect(dataset).toEqual({
    categories: [{ id: 4, name: 'cell' }],
    images: [
      { id: 1, fileName: 'a.jpg', ...size, annotations, splits: ['train'] },
      { id: 2, fileName: 'b.jpg', ...size, annotations, splits: ['val'] },
      { id: 5, fileName: 'e.jpg', ...size, annotations: [] },
    ],
  })
  expect((await loadLabels(project.path)).dataset).toEqual(dataset)
  expect(await namesIn(`${folder}:train`)).toEqual(['a.jpg'])
  expect(await namesIn(`${project.path}:val`)).toEqual(['b.jpg'])
  for (const split of ['test', 'trainval']) {
    await expect(loadLabels(`${folder}:${split}`)).rejects.toMatchObject({ code: 'DATA_LIST' })
  }
})

test('a studio at work is not disturbed, and what it does meanwhile is not seen', async () => {
  const project = await worked()
  const labels = await openLabels(dirname(project.path))
  const first = [...labels.dataset.images]
  const before = tracked(project)
  project.annotations.add(1, [{ classId: 4, box: [10, 10, 20, 20], source: 'drawn' }])
  project.images.setState([3], 'done')
  expect([...labels.dataset.images]).toEqual(first)
  labels.close()
  expect((await loadLabels(dirname(project.path))).dataset.images).toHaveLength(4)
  project.history.undo()
  project.history.undo()
  expect(tracked(project)).toEqual(before)
})

test('reading a project that nobody has open leaves its file as it is', async () => {
  const project = await worked()
  project.close()
  const bytes = await readFile(project.path)
  const { mtimeMs } = await stat(project.path)
  expect(await namesIn(dirname(project.path))).toHaveLength(3)
  expect(await readFile(project.path)).toEqual(bytes)
  expect((await stat(project.path)).mtimeMs).toBe(mtimeMs)
})

test('images that are missing or damaged are named and left out, or kept where only the labels matter', async () => {
  const project = await worked()
  const folder = dirname(project.path)
  await rm(join(folder, 'photos/a.jpg'))
  await writeFile(join(folder, 'photos/b.jpg'), 'no image')
  await scanImages(project)
  await rm(join(folder, 'photos/e.jpg'))
  await expect(loadLabels(folder)).rejects.toMatchObject({ code: 'DATA_IMAGES_MISSING' })
  await lay(join(folder, 'photos'), { 'e.jpg': [64, 48] })
  const { dataset, problems } = await loadLabels(folder)
  expect(dataset.images.map(({ fileName }) => fileName)).toEqual(['e.jpg'])
  expect(problems.map(({ file, reason }) => `${file}: ${reason}`)).toEqual([
    'a.jpg: the file is gone',
    'b.jpg: not an image, or in an unsupported format',
  ])
  const kept = await loadLabels(folder, { missing: 'keep' })
  expect(kept.dataset.images).toHaveLength(3)
  expect(kept.problems).toEqual([])
  await lay(join(folder, 'elsewhere'), { 'a.jpg': [64, 48], 'b.jpg': [64, 48] })
  const elsewhere = await loadLabels(folder, { images: join(folder, 'elsewhere') })
  expect(elsewhere.dataset.images.map(({ fileName }) => fileName)).toEqual(['a.jpg', 'b.jpg'])
})
