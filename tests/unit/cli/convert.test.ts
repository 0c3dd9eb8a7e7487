import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { renderConvert, runConvert } from '../../../src/main/cli/commands/convert.ts'
import { findImages } from '../../../src/main/cli/detection/inputs.ts'
import { readDataset } from '../../../src/main/cli/read-dataset.ts'
import { trainingData } from '../../../src/main/studio/engine/engine-data.ts'
import { createProject, scanImages } from '../../../src/main/studio/project/index.ts'
import { lay, scratch } from '../../support/scratch.ts'

async function coco(): Promise<string> {
  const root = await scratch()
  await lay(root, {
    'a.jpg': [64, 48],
    'gt.json': JSON.stringify({
      images: [
        { id: 1, file_name: 'a.jpg', width: 64, height: 48 },
        { id: 2, file_name: 'gone.jpg', width: 64, height: 48 },
      ],
      annotations: [
        { id: 1, image_id: 1, category_id: 4, bbox: [1, 2, 3, 4], difficult: 1 },
        { id: 2, image_id: 1, category_id: 4, bbox: [1, 2, 0, 4] },
        { id: 3, image_id: 1, category_id: 4, bbox: [60, 40, 10, 4] },
      ],
      categories: [
        { id: 4, name: 'cat' },
        { id: 2, name: 'dog' },
      ],
    }),
  })
  return root
}

test('reports what was read, left out, and cannot be kept', async () => {
  const root = await coco()
  const out = join(root, 'out')
  const report = await runConvert({ input: join(root, 'gt.json'), to: 'yolo', out })
  expect(renderConvert(report).split('\n')).toEqual([
    'gt.json, annotations[1].bbox: skipped, the box [1, 2, 1, 6] has no width',
    'a.jpg, annotation 2: repaired, cut at the border of the image',
    'gone.jpg: there is no such image file, so the size that the labels state was not checked',
    'COCO to YOLO: 2 images (1 without boxes), 2 boxes, 2 classes',
    '  4 cat: 2',
    '  2 dog: 0',
    'Not kept because YOLO cannot store it: difficult flag of 1 object',
    'Not kept because YOLO cannot store it: category ids (they count from 0 in the same order)',
    `Wrote 4 files to ${out}`,
  ])
  expect((await readdir(out, { recursive: true })).sort()).toEqual([
    ...['classes.txt', 'data.yaml', 'labels', 'labels/a.txt', 'labels/gone.txt'],
  ])
})

test('a dry run counts the same and writes nothing', async () => {
  const root = await coco()
  const options = { input: join(root, 'gt.json'), to: 'yolo', out: join(root, 'out') } as const
  const dry = await runConvert({ ...options, dryRun: true })
  expect(await readdir(root)).toEqual(['a.jpg', 'gt.json'])
  expect(renderConvert(dry)).toContain('Would write 4 files')
  expect(await runConvert(options)).toEqual({ ...dry, written: true })
})

test('strict makes the first problem an error, of reading or of writing, and writes nothing', async () => {
  const root = await coco()
  const strict = { to: 'yolo', out: join(root, 'out'), strict: true } as const
  await expect(runConvert({ input: join(root, 'gt.json'), ...strict })).rejects.toMatchObject({
    code: 'DATA_STRICT',
    message: 'gt.json, annotations[1].bbox: skipped, the box [1, 2, 1, 6] has no width',
  })
  await runConvert({ input: join(root, 'gt.json'), to: 'coco', out: join(root, 'repaired.json') })
  await expect(runConvert({ input: join(root, 'repaired.json'), ...strict })).rejects.toMatchObject({
    message: 'a.jpg, annotation 2: repaired, cut at the border of the image',
  })
  expect(await readdir(root)).toEqual(['a.jpg', 'gt.json', 'repaired.json'])
})

test('with images to copy, those that are missing are left out', async () => {
  const root = await coco()
  const options = {
    input: join(root, 'gt.json'),
    to: 'voc',
    out: join(root, 'out'),
    copyImages: true,
  } as const
  const report = await runConvert(options)
  expect(report).toMatchObject({ images: 1, copiedImages: 1 })
  expect(report.problems).toContainEqual(expect.objectContaining({ file: 'gone.jpg', action: 'skipped' }))
  expect(await readdir(join(root, 'out/JPEGImages'))).toEqual(['a.jpg'])
})

test('a project is converted, trained on and listed for detection like a data set', async () => {
  const root = await scratch()
  await lay(root, { 'a.jpg': [64, 48], 'b.jpg': [64, 48] })
  const project = await createProject(root)
  onTestFinished(() => project.close())
  await scanImages(project)
  const classId = project.classes.add('cat', { id: 4 })
  project.annotations.add(1, [{ classId, box: [1.5, 2, 30, 40], source: 'drawn' }])
  const out = join(root, 'out.json')
  const report = await runConvert({ input: root, to: 'coco', out })
  expect(renderConvert(report).split('\n')).toEqual([
    'Project to COCO: 1 image (0 without boxes), 1 box, 1 class',
    '  4 cat: 1',
    `Wrote 1 file to ${out}`,
  ])
  expect(JSON.parse(await readFile(out, 'utf8'))).toMatchObject({
    images: [{ id: 1, file_name: 'a.jpg' }],
    annotations: [{ image_id: 1, category_id: 4, bbox: [1.5, 2, 28.5, 38] }],
  })
  const { dataset, imageRoot } = await readDataset(root, () => {}, { missing: 'keep' })
  expect(trainingData({ name: root, dataset, imageRoot }, null).data.images).toMatchObject([
    { id: 1, path: join(root, 'a.jpg'), boxes: Float64Array.of(1.5, 2, 30, 40) },
  ])
  expect(await findImages([root])).toEqual([
    {
      ...{ id: 1, fileName: 'a.jpg', path: join(root, 'a.jpg') },
      truth: [{ box: [1.5, 2, 30, 40], name: 'cat' }],
      labelled: { categories: [{ id: 4, name: 'cat' }], size: { width: 64, height: 48 } },
    },
  ])
})

test('a conversion that is interrupted leaves nothing', async () => {
  const root = await coco()
  const stop = new AbortController()
  const run = { signal: stop.signal, onProgress: () => stop.abort() }
  const options = { input: join(root, 'gt.json'), to: 'labelme', out: join(root, 'out') } as const
  await expect(runConvert(options, run)).rejects.toThrow(/abort/)
  expect(await readdir(root)).toEqual(['a.jpg', 'gt.json'])
})
