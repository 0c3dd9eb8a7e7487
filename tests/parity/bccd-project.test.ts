import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Dataset } from '../../src/core/formats/dataset.ts'
import { FORMATS } from '../../src/core/formats/formats.ts'
import { loadDataset } from '../../src/main/studio/datasets/index.ts'
import {
  createProject,
  datasetOf,
  exportDataset,
  importDataset,
  scanImages,
} from '../../src/main/studio/project/index.ts'
import { scratch } from '../support/scratch.ts'

/** The BCCD blood cell data set (github.com/Shenggan/BCCD_Dataset, MIT): its folder BCCD, in Pascal VOC. */
const root = process.env.FCOS_BCCD ?? ''
if (root === '') console.warn('FCOS_BCCD is not set: the BCCD data set is not imported into a project')

test.skipIf(root === '')(
  'BCCD in a project: two bad boxes named, every file whole, in every format the same again',
  async () => {
    const source = await loadDataset(root)
    const folder = await scratch()
    const project = await createProject(folder, { imageRoot: source.imageRoot })
    onTestFinished(() => project.close())
    const report = await importDataset(project, source)
    expect(report).toMatchObject({ images: 364, boxes: 4886, newClasses: ['Platelets', 'RBC', 'WBC'] })
    expect(report.problems.map(({ file, where }) => `${file} ${where}`)).toEqual([
      'Annotations/BloodImage_00338.xml line 163',
      'Annotations/BloodImage_00343.xml line 55',
    ])
    expect(await scanImages(project)).toMatchObject({ found: 364, added: 0, missing: 0, broken: 0 })
    const sizes = ['train', 'val', 'test'] as const
    const lists = sizes.map((split) => datasetOf(project, split).dataset.images.length)
    expect(lists).toEqual([205, 87, 72])
    expect(boxes(datasetOf(project).dataset)).toEqual(boxes(source.dataset))
    for (const format of FORMATS) {
      await exportDataset(project, { format, out: join(folder, format) })
      const again = await loadDataset(join(folder, format), { images: source.imageRoot })
      expect(boxes(again.dataset), format).toEqual(boxes(source.dataset))
    }
  },
)

/** By name, since formats count classes from 0 or 1. */
const boxes = ({ categories, images }: Dataset): unknown => {
  const names = new Map(categories.map(({ id, name }) => [id, name]))
  return images.map(({ fileName, width, height, annotations }) => ({
    ...{ fileName, width, height },
    objects: annotations.map(({ categoryId, box }) => [names.get(categoryId), ...box]),
  }))
}
