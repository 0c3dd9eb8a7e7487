import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { CodedError, isInputError } from '../../../src/core/errors.ts'
import type { Dataset } from '../../../src/core/formats/dataset.ts'
import { FORMATS } from '../../../src/core/formats/formats.ts'
import { mulberry32 } from '../../../src/core/random.ts'
import { loadDataset, writeDataset } from '../../../src/main/studio/datasets/index.ts'
import { mutate } from '../../support/mutate.ts'
import { lay, scratch } from '../../support/scratch.ts'

/** Mutated folders per format: a tenth of the files that the readers alone are given. */
const COUNT = Math.ceil(Number(process.env.FCOS_FUZZ ?? 300) / 10)

const dataset: Dataset = {
  categories: [{ id: 1, name: 'cat' }],
  images: [
    { id: 1, fileName: 'a.jpg', width: 64, height: 48, splits: ['train'], annotations: [] },
    {
      id: 2,
      fileName: 'sub/b.jpg',
      width: 64,
      height: 48,
      splits: ['val'],
      annotations: [{ categoryId: 1, box: [1, 2, 30, 40], score: 0.5 }],
    },
  ],
}

test.each(FORMATS)(
  `%s: ${COUNT} folders with one mutated file are read or refused, and never written outside the target`,
  async (format) => {
    const root = await scratch()
    const given = join(root, 'given')
    await lay(join(root, 'images'), { 'a.jpg': [64, 48], 'sub/b.jpg': [64, 48] })
    await writeDataset(dataset, { format, out: given, copyImagesFrom: join(root, 'images') })
    const entries = await readdir(given, { recursive: true })
    const labels = entries.filter((path) => /\.(json|xml|txt|yaml|csv)$/.test(path)).sort()
    for (let seed = 0; seed < COUNT; seed++) {
      const file = join(given, labels[seed % labels.length]!)
      const text = await readFile(file, 'utf8')
      await writeFile(file, mutate(text, mulberry32(seed)))
      try {
        const loaded = await loadDataset(given)
        for (const { fileName } of loaded.dataset.images) {
          expect(relative(loaded.imageRoot, join(loaded.imageRoot, fileName))).toBe(fileName)
        }
        const to = FORMATS[seed % FORMATS.length]!
        await writeDataset(loaded.dataset, { format: to, out: join(root, 'out') })
      } catch (error) {
        const coded = error instanceof CodedError && isInputError(error.code)
        if (!coded) throw new Error(`seed ${seed}, ${file}`, { cause: error })
      }
      expect((await readdir(root)).filter((name) => name !== 'out')).toEqual(['given', 'images'])
      await rm(join(root, 'out'), { recursive: true, force: true })
      await writeFile(file, text)
    }
  },
  30_000 + 100 * COUNT,
)
