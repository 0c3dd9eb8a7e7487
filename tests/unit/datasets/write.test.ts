import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Dataset } from '../../../src/core/formats/dataset.ts'
import { FORMATS } from '../../../src/core/formats/formats.ts'
import { loadDataset, writeDataset } from '../../../src/main/studio/datasets/index.ts'
import { lay, scratch } from '../../support/scratch.ts'

const dataset: Dataset = {
  categories: [
    { id: 1, name: 'cat' },
    { id: 2, name: 'dog' },
  ],
  images: [
    { id: 1, fileName: 'empty.jpg', width: 64, height: 48, annotations: [] },
    {
      id: 2,
      fileName: 'sub/a b.jpg',
      width: 64,
      height: 48,
      annotations: [
        { categoryId: 2, box: [1.5, 2, 30.25, 40] },
        { categoryId: 1, box: [8, 8, 16, 24] },
      ],
    },
  ],
}

const list = async (folder: string): Promise<string[]> => (await readdir(folder, { recursive: true })).sort()

test.each(FORMATS)('%s with its images copied is a data set that reads back equal', async (format) => {
  const root = await scratch()
  await lay(root, { 'from/empty.jpg': [64, 48], 'from/sub/a b.jpg': [64, 48] })
  const out = join(root, 'deep/out')
  const written = await writeDataset(dataset, { format, out, copyImagesFrom: join(root, 'from') })
  expect(written).toMatchObject({ copiedImages: 2, problems: [] })
  const back = await loadDataset(out)
  expect(back).toMatchObject({ format, problems: [] })
  const first = format === 'yolo' ? 0 : 1
  const objects = back.dataset.images.map(({ fileName, annotations }) => [
    fileName,
    annotations.map(({ categoryId, box }) => [categoryId - first, ...box]),
  ])
  expect(objects).toEqual([
    ['empty.jpg', []],
    [
      'sub/a b.jpg',
      [
        [1, 1.5, 2, 30.25, 40],
        [0, 8, 8, 16, 24],
      ],
    ],
  ])
  expect(back.dataset.categories.map(({ name }) => name)).toEqual(['cat', 'dog'])
  expect(await readdir(join(root, 'deep'))).toEqual(['out'])
})

test.each(FORMATS)('%s reads back where the images came from folders named images', async (format) => {
  const root = await scratch()
  await lay(root, { 'from/images/a.jpg': [64, 48], 'from/x/images/b.jpg': [64, 48] })
  const images = ['images/a.jpg', 'x/images/b.jpg'].map((fileName, i) => {
    const annotations = [{ categoryId: 1, box: [i, 2, 30, 40] as const }]
    return { id: i + 1, fileName, width: 64, height: 48, splits: ['train'], annotations }
  })
  const out = join(root, 'out')
  await writeDataset({ ...dataset, images }, { format, out, copyImagesFrom: join(root, 'from') })
  for (const options of [{}, { images: join(root, 'from') }]) {
    const back = await loadDataset(out, options)
    expect(back.problems).toEqual([])
    const boxes = back.dataset.images.map(({ fileName, annotations }) => [fileName, annotations[0]?.box])
    expect(boxes).toEqual(images.map(({ fileName, annotations }) => [fileName, annotations[0]!.box]))
  }
})

test.each(FORMATS)('%s keeps the scores of detections', async (format) => {
  const root = await scratch()
  await lay(root, { 'from/empty.jpg': [64, 48], 'from/sub/a b.jpg': [64, 48] })
  const scores = [0.123456789, 0]
  const scored = dataset.images.map((image) => ({
    ...image,
    annotations: image.annotations.map((annotation, i) => ({ ...annotation, score: scores[i]! })),
  }))
  await writeDataset({ ...dataset, images: scored }, { format, out: join(root, 'out') })
  const back = await loadDataset(join(root, 'out'), { images: join(root, 'from') })
  expect(back.dataset.images[1]?.annotations.map(({ score }) => score)).toEqual(scores)
})

test.each(FORMATS)('%s never overwrites unless told to, and then leaves other files', async (format) => {
  const root = await scratch()
  const out = join(root, 'out')
  await lay(out, { 'keep.me': 'mine', 'Annotations/sub/a b.xml': 'old', 'labels/sub/a b.txt': 'old' })
  const before = await list(out)
  await expect(writeDataset(dataset, { format, out })).rejects.toMatchObject({ code: 'DATA_EXISTS' })
  expect(await list(out)).toEqual(before)
  await writeDataset(dataset, { format, out, overwrite: true })
  expect(await readFile(join(out, 'keep.me'), 'utf8')).toBe('mine')
  expect(await list(out)).toEqual(expect.arrayContaining(before))
  expect(await readdir(root)).toEqual(['out'])
})

test('images that are there are never replaced', async () => {
  const root = await scratch()
  await lay(root, {
    'from/empty.jpg': [64, 48],
    'from/sub/a b.jpg': [64, 48],
    'out/images/empty.jpg': 'mine',
  })
  const copy = { overwrite: true, copyImagesFrom: join(root, 'from') }
  const written = await writeDataset(dataset, { format: 'yolo', out: join(root, 'out'), ...copy })
  expect(written.copiedImages).toBe(1)
  expect(await readFile(join(root, 'out/images/empty.jpg'), 'utf8')).toBe('mine')
})

test('a file name for COCO and CSV; a folder where a file is and the other way round are refused', async () => {
  const root = await scratch()
  await writeDataset(dataset, { format: 'coco', out: join(root, 'gt.json') })
  await writeDataset(dataset, { format: 'csv', out: join(root, 'gt.CSV') })
  expect(await readdir(root)).toEqual(['gt.CSV', 'gt.json'])
  await mkdir(join(root, 'x.json'))
  for (const [format, name] of [
    ['voc', 'gt.json'],
    ['coco', 'x.json'],
  ] as const) {
    const refused = writeDataset(dataset, { format, out: join(root, name), overwrite: true })
    await expect(refused).rejects.toMatchObject({ code: 'DATA_EXISTS' })
  }
})

test('nothing is left behind where writing fails', async () => {
  const root = await scratch()
  await writeFile(join(root, 'file'), '')
  await expect(writeDataset(dataset, { format: 'voc', out: join(root, 'file/out') })).rejects.toMatchObject({
    code: 'IO_WRITE',
  })
  expect(await readdir(root)).toEqual(['file'])
})

test('a picture that is not there is reported, the rest is written; a class list has no name twice', async () => {
  const root = await scratch()
  await lay(join(root, 'from'), { 'a.jpg': [64, 48] })
  const box = [1, 2, 3, 4] as const
  const images = ['a.jpg', 'gone.jpg'].map((fileName, index) => ({
    ...{ id: index + 1, fileName, width: 64, height: 48 },
    annotations: [{ categoryId: index + 1, box }],
  }))
  const categories = [1, 2].map((id) => ({ id, name: 'cat' }))
  const out = join(root, 'out')
  const written = await writeDataset(
    { categories, images },
    { format: 'yolo', out, copyImagesFrom: join(root, 'from') },
  )
  expect(written.copiedImages).toBe(1)
  expect(written.problems.map(({ file, action }) => `${file} ${action}`)).toEqual([
    'out repaired',
    'gone.jpg skipped',
  ])
  expect(await readFile(join(out, 'classes.txt'), 'utf8')).toBe('cat\n')
  expect(await readFile(join(out, 'labels/gone.txt'), 'utf8')).toMatch(/^0 /)
})

test.each(['../x.jpg', '/x.jpg', 'a/../../x.jpg'])(
  'a file named %s is refused by every format',
  async (fileName) => {
    const root = await scratch()
    const hostile = { ...dataset, images: [{ ...dataset.images[0]!, fileName }] }
    for (const format of FORMATS) {
      const refused = writeDataset(hostile, { format, out: join(root, 'out/deep') })
      await expect(refused).rejects.toMatchObject({ code: 'DATA_FILE_NAME' })
    }
    expect(await readdir(root)).toEqual([])
  },
)
