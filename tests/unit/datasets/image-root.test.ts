/** Which folder a COCO file means where several hold files of the names that it labels. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { loadDataset } from '../../../src/main/studio/datasets/index.ts'
import { scratch } from '../../support/scratch.ts'

async function folderOf(labels: string, pictures: Record<string, string>): Promise<string> {
  const root = await scratch()
  for (const [path, background] of Object.entries(pictures)) {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    await sharp({ create: { width: background.length, height: 9, channels: 3, background } })
      .png()
      .toFile(file)
  }
  const file = join(root, labels)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(
    file,
    JSON.stringify({
      images: [{ id: 1, file_name: '1.png', width: 9, height: 9 }],
      categories: [{ id: 1, name: 'a' }],
      annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 1, 4, 4] }],
    }),
  )
  return file
}

const [ONE, OTHER] = ['#ff0000', 'darkslategrey']

test.each([
  ['annotations/instances_val.json', { 'train/1.png': ONE, 'val/1.png': OTHER }, 'val'],
  ['annotations/instances_val2017.json', { 'train2017/1.png': ONE, 'val2017/1.png': OTHER }, 'val2017'],
  ['annotations/train.json', { 'images/train/1.png': ONE, 'images/val/1.png': OTHER }, 'images/train'],
  ['labels.json', { 'images/1.png': ONE, 'thumbnails/1.png': OTHER }, 'images'],
  ['labels.json', { '1.png': ONE, 'copies/1.png': OTHER }, ''],
  ['labels.json', { 'a/1.png': ONE, 'b/1.png': ONE }, 'a'],
])('%s with %j means %s', async (labels, pictures, expected) => {
  const file = await folderOf(labels, pictures)
  const { imageRoot } = await loadDataset(file)
  const root = file.slice(0, -labels.length - 1)
  expect(imageRoot).toBe(expected === '' ? root : join(root, expected))
})

test('two folders of which nothing says which is meant are asked about', async () => {
  const file = await folderOf('annotations/labels.json', { 'a/1.png': ONE, 'b/1.png': OTHER })
  await expect(loadDataset(file)).rejects.toMatchObject({
    code: 'DATA_IMAGES_AMBIGUOUS',
    remedy: expect.stringContaining('--images'),
  })
})
