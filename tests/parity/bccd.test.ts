import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Dataset } from '../../src/core/formats/dataset.ts'
import { describeProblem } from '../../src/core/formats/problems.ts'
import { runConvert } from '../../src/main/cli/commands/convert.ts'
import { loadDataset } from '../../src/main/studio/datasets/index.ts'
import { scratch } from '../support/scratch.ts'

/** The BCCD blood cell data set (github.com/Shenggan/BCCD_Dataset, MIT): its folder BCCD, in Pascal VOC. */
const root = process.env.FCOS_BCCD ?? ''
if (root === '') console.warn('FCOS_BCCD is not set: the BCCD data set is not read')

describe.skipIf(root === '')('BCCD', () => {
  test('364 images, all objects that a text search finds but two flat boxes, which are named', async () => {
    const { dataset, problems } = await loadDataset(root)
    const found = new Map<string, number>()
    for (const file of await readdir(join(root, 'Annotations'))) {
      const text = await readFile(join(root, 'Annotations', file), 'utf8')
      for (const [, name] of text.matchAll(/<name>(.*?)<\/name>/g))
        found.set(name!, (found.get(name!) ?? 0) + 1)
    }
    expect(problems.map(describeProblem)).toEqual([
      'Annotations/BloodImage_00338.xml, line 163: skipped, the box [504, 337, 504, 337] has no width',
      'Annotations/BloodImage_00343.xml, line 55: skipped, the box [181, 329, 181, 329] has no width',
    ])
    expect(dataset.images).toHaveLength(364)
    const annotations = dataset.images.flatMap((image) => image.annotations)
    const counts = dataset.categories.map(({ id, name }) => {
      const flat = name === 'RBC' ? 2 : 0
      return [name, annotations.filter(({ categoryId }) => categoryId === id).length + flat]
    })
    expect(new Map(counts as [string, number][])).toEqual(new Map([...found].sort()))
  })

  test('lists have as many images as lines', async () => {
    for (const split of ['train', 'val', 'test']) {
      const lines = (await readFile(join(root, `ImageSets/Main/${split}.txt`), 'utf8')).trim().split('\n')
      const { dataset, problems } = await loadDataset(`${root}:${split}`)
      expect(dataset.images.map(({ fileName }) => fileName)).toEqual(
        lines.map((line) => `${line.trim()}.jpg`).sort(),
      )
      expect(problems.filter(({ file }) => file.startsWith('ImageSets'))).toEqual([])
    }
  })

  test('through all formats and back, everything is equal', async () => {
    const out = await scratch()
    const images = join(root, 'JPEGImages')
    let input = root
    for (const to of ['coco', 'yolo', 'labelme', 'csv', 'voc'] as const) {
      const report = await runConvert({ input, to, out: join(out, to), images })
      expect(report.problems).toHaveLength(input === root ? 2 : 0)
      input = join(out, to)
    }
    const back = await loadDataset(input, { images })
    expect(boxes(back.dataset)).toEqual(boxes((await loadDataset(root)).dataset))
  })
})

const boxes = ({ categories, images }: Dataset): unknown => ({
  categories,
  images: images.map(({ id, fileName, width, height, annotations }) => ({
    ...{ id, fileName, width, height },
    objects: annotations.map(({ categoryId, box }) => [categoryId, ...box]),
  })),
})
