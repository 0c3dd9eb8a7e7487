import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { Dataset } from '../../../../src/core/formats/dataset.ts'
import { FORMATS } from '../../../../src/core/formats/formats.ts'
import { naturalKey } from '../../../../src/core/project/natural-order.ts'
import { loadDataset } from '../../../../src/main/studio/datasets/index.ts'
import { datasetOf, exportDataset } from '../../../../src/main/studio/project/export.ts'
import { importDataset } from '../../../../src/main/studio/project/import.ts'
import { createProject, openProject, type Project } from '../../../../src/main/studio/project/project.ts'
import { scanImages } from '../../../../src/main/studio/project/scan.ts'
import { someDataset } from '../../../support/arbitrary-datasets.ts'
import { addImages, someProject } from '../../../support/project.ts'
import { tracked } from '../../../support/project-state.ts'
import { lay, scratch } from '../../../support/scratch.ts'

const BOX = [0.1 + 0.2, 1 / 3, 20.000000000000004, 40.1] as const

/** A data set whose images need not be there. */
const loaded = (project: Project, dataset: Dataset) => ({
  dataset,
  imageRoot: project.imageRoot,
  problems: [],
})

const oneImage = (fileName: string, ...boxes: Dataset['images'][number]['annotations']): Dataset => ({
  categories: [{ id: 7, name: 'cell' }],
  images: [{ id: 3, fileName, width: 640, height: 480, annotations: boxes }],
})

test('any data set comes back as it went in, is known when it comes again, and can be undone', async () => {
  await fc.assert(
    fc.asyncProperty(someDataset, async (dataset) => {
      const project = await createProject(await scratch())
      try {
        const boxes = dataset.images.flatMap(({ annotations }) => annotations).length
        const report = await importDataset(project, loaded(project, dataset))
        expect(report).toMatchObject({ images: dataset.images.length, boxes, knownBoxes: 0 })
        const out = datasetOf(project).dataset
        expect(out.categories).toEqual(dataset.categories)
        const bytes = ({ fileName }: { fileName: string }) =>
          Buffer.from(`${naturalKey(fileName)}\0${fileName}`)
        const sorted = dataset.images.toSorted((a, b) => Buffer.compare(bytes(a), bytes(b)))
        expect(out.images).toEqual(
          sorted.map(({ splits, ...image }) => ({ ...image, ...(splits && { splits: splits.slice(0, 1) }) })),
        )
        const after = tracked(project)
        expect(await importDataset(project, loaded(project, dataset))).toMatchObject({
          knownBoxes: boxes,
          newImages: 0,
        })
        expect(tracked(project)).toEqual(after)
        while (project.history.undo());
        expect(datasetOf(project).dataset).toEqual({ categories: [], images: [] })
      } finally {
        project.close()
      }
    }),
    { numRuns: 60 },
  )
}, 240_000)

test('a dry run counts the same and changes nothing', async () => {
  const project = await someProject('a.jpg')
  const dataset = oneImage('b.jpg', { categoryId: 7, box: BOX }, { categoryId: 7, box: [1, 2, 3, 4] })
  const before = tracked(project)
  const dry = await importDataset(project, loaded(project, dataset), { dryRun: true })
  expect(tracked(project)).toEqual(before)
  expect(project.history.steps()).toEqual([])
  expect(await importDataset(project, loaded(project, dataset))).toEqual(dry)
  expect(dry).toEqual({
    images: 1,
    newImages: 1,
    boxes: 2,
    knownBoxes: 0,
    newClasses: ['cell'],
    problems: [],
  })
})

test('labels go to images that are known, classes to those of the same name; ids that are taken are named', async () => {
  const project = await someProject('sub/a.jpg', 'b.jpg')
  const { annotations, classes, images } = project
  classes.add('nucleus', { id: 7 })
  const cell = classes.add('cell')
  annotations.add(1, [{ classId: cell, box: BOX, source: 'drawn' }])
  const dataset: Dataset = {
    categories: [
      { id: 1, name: 'cell' },
      { id: 7, name: 'platelet' },
    ],
    images: [
      {
        ...{ id: 9, fileName: 'sub/a.jpg', width: 480, height: 640, splits: ['trainval', 'valid'] },
        annotations: [
          { categoryId: 1, box: BOX },
          { categoryId: 1, box: BOX },
          { categoryId: 7, box: [1, 2, 3, 4], crowd: true },
        ],
      },
      { id: 10, fileName: 'b.jpg', width: 0, height: 0, annotations: [], splits: ['train', 'test'] },
    ],
  }
  const report = await importDataset(project, loaded(project, dataset))
  expect(report).toEqual({
    ...{ images: 2, newImages: 0, boxes: 3, knownBoxes: 1, newClasses: ['platelet'] },
    problems: [
      expect.objectContaining({
        file: 'sub/a.jpg',
        reason: expect.stringContaining('of 480 × 640, the file has 640 × 480'),
      }),
      expect.objectContaining({ file: 'b.jpg', reason: 'it is in the lists train and test: taken as train' }),
      expect.objectContaining({ reason: 'class "platelet" gets a new id: 7 is that of "nucleus"' }),
    ],
  })
  expect(annotations.of(1).map(({ classId, source }) => `${classId} ${source}`)).toEqual([
    ...['8 drawn', '8 imported', '9 imported'],
  ])
  // Somebody is at work on the first; of the second the data set says that nothing is in it.
  expect(images.list([1, 2])).toMatchObject([
    { state: 'in-progress', split: 'val', width: 640 },
    { state: 'done', split: 'train' },
  ])
})

test('labels whose images lie elsewhere are matched by path, however composed, or named', async () => {
  const project = await someProject('sub/\u00e9.jpg')
  const elsewhere = await scratch()
  const dataset = oneImage('sub/e\u0301.jpg', { categoryId: 7, box: BOX })
  await importDataset(project, { dataset, imageRoot: elsewhere, problems: [] })
  expect(project.annotations.of(1)).toHaveLength(1)
  const foreign = { dataset: oneImage('other.jpg'), imageRoot: elsewhere, problems: [] }
  await expect(importDataset(project, foreign)).rejects.toMatchObject({ code: 'DATA_IMAGES_MISSING' })
})

test('images that were moved are known by name and size, where no other image has both', async () => {
  const project = await someProject('a.jpg', 'b.jpg', 'deep/twin.jpg', 'flat/twin.jpg', 'small.jpg')
  const image = (fileName: string, width = 640) => ({
    ...oneImage(fileName, { categoryId: 7, box: BOX }).images[0]!,
    width,
  })
  const images = [
    image('images/A.jpg'),
    image('one/b.jpg'),
    image('other/b.jpg'),
    image('images/twin.jpg'),
    image('images/small.jpg', 320),
  ].map((one, id) => ({ ...one, id }))
  const dataset = { categories: [{ id: 7, name: 'cell' }], images }
  const report = await importDataset(project, { dataset, imageRoot: await scratch(), problems: [] })
  expect(report).toMatchObject({ images: 1, newImages: 0, boxes: 1 })
  expect(report.problems.map(({ file }) => file)).toEqual(images.slice(1).map(({ fileName }) => fileName))
  expect(project.annotations.of(1)).toMatchObject([{ box: BOX }])
})

test('an import that is cancelled or fails leaves everything as it was, and others wait for it', async () => {
  const project = await someProject('a.jpg')
  project.classes.add('cell')
  const many: Dataset = {
    categories: [
      { id: 1, name: 'cell' },
      { id: 2, name: 'new' },
    ],
    images: Array.from({ length: 1200 }, (_, i) => ({
      ...{ id: i + 1, fileName: `${i}.jpg`, width: 9, height: 9 },
      annotations: [{ categoryId: 2, box: BOX }],
    })),
  }
  const before = tracked(project)
  const stop = new AbortController()
  const progress: number[] = []
  const running = importDataset(project, loaded(project, many), {
    signal: stop.signal,
    onProgress: (done) => {
      progress.push(done)
      expect(() => project.images.setState([1], 'done')).toThrow(/"Import labels" is in progress/)
      expect(project.annotations.of(2).length).toBe(1)
      if (done === 1000) stop.abort()
    },
  })
  await expect(running).rejects.toThrow(/abort/)
  expect(progress).toEqual([500, 1000])
  expect(tracked(project)).toEqual(before)
  expect(project.history.steps()).toHaveLength(1)
  const broken = {
    ...many,
    images: [
      ...many.images,
      { ...many.images[0]!, annotations: [{ categoryId: 2, box: [3, 3, 3, 3] as const }] },
    ],
  }
  await expect(importDataset(project, loaded(project, broken))).rejects.toThrow(/is not a box/)
  expect(tracked(project)).toEqual(before)
  await importDataset(project, loaded(project, many))
  expect(project.images.count()).toBe(1201)
})

test('what is learned from: images somebody worked on whose file can be read, without proposals', async () => {
  const project = await someProject()
  const [fresh, begun, done, ignored, broken] = addImages(
    project,
    'new',
    'begun',
    'done',
    'ignored',
    'broken',
  )
  const classId = project.classes.add('cell', { id: 4 })
  for (const id of [begun, ignored, broken]) {
    project.annotations.add(id!, [{ classId, box: BOX, source: 'drawn', difficult: true }])
  }
  project.annotations.propose(begun!, 'm', [{ classId, box: [1, 2, 3, 4], score: 0.5 }])
  project.annotations.propose(fresh!, 'm', [{ classId, box: [1, 2, 3, 4], score: 0.5 }])
  project.images.setState([done!], 'done')
  project.images.setState([ignored!], 'ignored')
  project.images.setSplit([begun!], 'train')
  project.images.setError(broken!, 'truncated')
  const size = { width: 640, height: 480 }
  const labels = [{ categoryId: 4, box: BOX, difficult: true }]
  const train = { id: begun, fileName: 'begun', ...size, annotations: labels, splits: ['train'] }
  expect(datasetOf(project)).toEqual({
    imageRoot: project.imageRoot,
    dataset: {
      categories: [{ id: 4, name: 'cell' }],
      images: [train, { id: done, fileName: 'done', ...size, annotations: [] }],
    },
    problems: [{ file: 'broken', where: '', reason: 'truncated', action: 'skipped' }],
  })
  expect(datasetOf(project, 'train').dataset.images).toEqual([train])
  expect(datasetOf(project, 'val').dataset.images).toEqual([])
})

test('a folder of files: imported, exported in every format, the same again from there', async () => {
  const root = await scratch()
  await lay(root, {
    'data.yaml': 'train: images/train\nval: images/val\nnames: [cell, nucleus]',
    'images/train/a.jpg': [100, 80],
    'images/val/b.jpg': [60, 40],
    'labels/train/a.txt': '0 0.5 0.5 0.2 0.4\n1 0.25 0.25 0.1 0.1',
    'labels/val/b.txt': '',
  })
  const source = await loadDataset(root)
  const project = await createProject(join(root, 'project'), { imageRoot: source.imageRoot })
  onTestFinished(() => project.close())
  await importDataset(project, source)
  expect(await scanImages(project)).toMatchObject({ found: 2, added: 0, changed: 0, broken: 0 })
  const simple = ({ categories, images }: Dataset) => {
    const names = new Map(categories.map(({ id, name }) => [id, name]))
    return images.map(({ fileName, annotations }) => [
      fileName,
      annotations.map(({ categoryId, box }) => [names.get(categoryId), ...box.map((v) => Math.round(v))]),
    ])
  }
  for (const format of FORMATS) {
    const out = join(root, 'out', format)
    await exportDataset(project, { format, out, copyImages: true })
    const again = await loadDataset(out)
    expect(simple(again.dataset), format).toEqual(simple(source.dataset))
    await expect(exportDataset(project, { format, out })).rejects.toMatchObject({ code: 'DATA_EXISTS' })
  }
})

test('an export that is cancelled leaves nothing; a query chooses the images', async () => {
  const project = await someProject('a.jpg', 'b.jpg', 'bad\nname.jpg')
  const classId = project.classes.add('cell')
  project.annotations.add(1, [{ classId, box: BOX, source: 'drawn' }])
  const folder = await scratch()
  await mkdir(join(folder, 'in'))
  const stop = new AbortController()
  const out = join(folder, 'in/out')
  const files: number[] = []
  const onProgress = (count: number) => {
    files.push(count)
    stop.abort()
  }
  const running = exportDataset(project, { format: 'labelme', out, signal: stop.signal, onProgress })
  await expect(running).rejects.toThrow(/abort/)
  expect(files).toEqual([1])
  expect(await readdir(join(folder, 'in'))).toEqual([])
  const written = await exportDataset(project, { format: 'labelme', out, query: '-count:0' })
  expect(await readdir(out)).toEqual(['a.json'])
  expect(written).toMatchObject({ files: 1, problems: [] })
  await rm(out, { recursive: true })
  expect((await exportDataset(project, { format: 'labelme', out })).problems).toEqual([
    expect.objectContaining({ file: 'bad\nname.jpg', action: 'skipped' }),
  ])
})

test('every kind of change is undone and redone across restarts', async () => {
  const folder = await scratch()
  let project = await createProject(folder)
  onTestFinished(() => project.close())
  addImages(project, 'a.jpg', 'b.jpg')
  const box = { categoryId: 1, box: BOX }
  const labels: Dataset = {
    categories: [
      { id: 1, name: 'cat' },
      { id: 2, name: 'dog' },
    ],
    images: [
      { id: 1, fileName: 'a.jpg', width: 640, height: 480, annotations: [box, { ...box, categoryId: 2 }] },
    ],
  }
  const proposals = () => project.annotations.of(2).map(({ id }) => id)
  const guess = (score: number) => ({ classId: 1, box: BOX, score })
  const changes = [
    () => importDataset(project, loaded(project, labels)),
    () => project.annotations.propose(2, 'run 1', [guess(0.9), guess(0.4)]),
    () => project.annotations.accept(proposals().slice(0, 1)),
    () => project.annotations.reject(proposals().slice(1)),
    () => project.annotations.update(1, { box: [5, 6, 7, 8], attributes: { colour: 'red' } }),
    () => project.annotations.update(2, { classId: 1 }),
    () => project.classes.recolour(1, '#123456'),
    () => project.classes.rename(2, 'wolf'),
    () => project.classes.merge([2], 1),
    () => project.classes.remove(1),
  ]
  const restart = async () => {
    project.close()
    project = await openProject(folder)
  }
  const states = [tracked(project)]
  for (const change of changes) {
    await change()
    states.push(tracked(project))
    await restart()
  }
  expect(new Set(states.map((state) => JSON.stringify(state))).size).toBe(changes.length + 1)
  for (const state of states.slice(0, -1).reverse()) {
    project.history.undo()
    expect(tracked(project)).toEqual(state)
    await restart()
  }
  for (const state of states.slice(1)) {
    project.history.redo()
    expect(tracked(project)).toEqual(state)
    await restart()
  }
})
