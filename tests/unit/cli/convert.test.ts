import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { renderConvert, runConvert } from '../../../src/main/cli/commands/convert.ts'
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
    'a.jpg, annotation 2: mended, cut at the border of the image',
    'COCO to YOLO: 2 images (1 without boxes), 2 boxes, 2 classes',
    '  4 cat: 2',
    '  2 dog: 0',
    'Not kept, YOLO has no place for it: difficult flag of 1 object',
    'Not kept, YOLO has no place for it: category ids (they count from 0 in the same order)',
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
  await runConvert({ input: join(root, 'gt.json'), to: 'coco', out: join(root, 'mended.json') })
  await expect(runConvert({ input: join(root, 'mended.json'), ...strict })).rejects.toMatchObject({
    message: 'a.jpg, annotation 2: mended, cut at the border of the image',
  })
  expect(await readdir(root)).toEqual(['a.jpg', 'gt.json', 'mended.json'])
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
