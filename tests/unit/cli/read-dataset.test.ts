/** What a command says of images whose pictures cannot be compared with their labels. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { readDataset } from '../../../src/main/cli/read-dataset.ts'
import { scratch } from '../../support/scratch.ts'

async function said(
  fileName: string,
  missing: 'skip' | 'keep',
): Promise<{ lines: string[]; images: number }> {
  const folder = await scratch()
  const picture = await sharp({ create: { width: 40, height: 20, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
  writeFileSync(join(folder, 'seen.png'), picture)
  writeFileSync(join(folder, 'cut.png'), picture.subarray(0, 20))
  writeFileSync(join(folder, 'text.png'), 'no picture')
  writeFileSync(join(folder, 'empty.png'), '')
  const image = (id: number, file_name: string) => ({ id, file_name, width: 30, height: 30 })
  const labels = join(folder, 'labels.json')
  writeFileSync(
    labels,
    JSON.stringify({
      images: [image(1, 'seen.png'), image(2, fileName)],
      categories: [{ id: 1, name: 'a' }],
      annotations: [1, 2].map((id) => ({ id, image_id: id, category_id: 1, bbox: [1, 1, 4, 4] })),
    }),
  )
  const lines: string[] = []
  const { dataset } = await readDataset(labels, (line) => lines.push(line), { missing })
  return { lines, images: dataset.images.length }
}

test.each([
  ['gone.png', 'there is no such image file'],
  ['elsewhere/seen.png', 'seen.png has its name, but another size'],
  ['cut.png', 'it is not a readable image'],
  ['text.png', 'it is not a readable image'],
  ['empty.png', 'it is not a readable image'],
  ['film.mp4', 'there is no such image file'],
])('%s is named, whether it is left out or kept for its labels', async (fileName, reason) => {
  const other =
    'seen.png: repaired, the labels are of an image of 30 × 30, the file has 40 × 20: boxes kept as they are'
  expect(await said(fileName, 'keep')).toEqual({
    lines: [other, `${fileName}: ${reason}, so the size that the labels state was not checked`],
    images: 2,
  })
  const skipped = await said(fileName, 'skip')
  expect(skipped.images).toBe(1)
  expect(skipped.lines.toSorted()).toEqual([`${fileName}: skipped, ${reason}`, other].toSorted())
})
