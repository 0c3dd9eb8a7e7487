import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { importDataset } from '../../../../src/main/studio/project/import.ts'
import { loadForProject, requireImages } from '../../../../src/main/studio/project/import-load.ts'
import { createProject, type Project } from '../../../../src/main/studio/project/project.ts'
import { scanImages } from '../../../../src/main/studio/project/scan.ts'
import { lay, scratch } from '../../../support/scratch.ts'

const voc = (file: string) =>
  `<annotation><filename>${file}</filename><size><width>64</width><height>48</height></size><object><name>cat</name>` +
  '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object></annotation>'

async function projectOf(folder: string): Promise<Project> {
  const project = await createProject(folder)
  onTestFinished(() => project.close())
  await scanImages(project)
  return project
}

test('labels of a folder beside the images, whatever it is called, go to the images that are there', async () => {
  const root = await scratch()
  await lay(root, {
    'images/a.jpg': [64, 48],
    'images/b.jpg': [64, 48],
    'annots/a.xml': voc('a.jpg'),
    'annots/b.xml': voc('b.jpg'),
    'annots/ghost.xml': voc('ghost.jpg'),
  })
  const project = await projectOf(join(root, 'images'))
  const loaded = await loadForProject(project, join(root, 'annots'))
  expect(loaded).toMatchObject({ absent: 1 })
  expect(loaded.problems.at(-1)).toMatchObject({ file: 'ghost.jpg', action: 'skipped' })
  expect(await importDataset(project, loaded)).toMatchObject({ images: 2, newImages: 0, boxes: 2 })
  expect(project.images.count()).toBe(2)
  const kept = await loadForProject(project, join(root, 'annots'), { keepAbsent: true })
  expect(await importDataset(project, kept)).toMatchObject({ images: 3, newImages: 1 })
})

test('YOLO labels without pictures are those of the project; none that fit are refused', async () => {
  const root = await scratch()
  await lay(root, {
    'photos/sub/a.jpg': [200, 100],
    'export/data.yaml': 'train: images\nval: images\nnames: [cat]\n',
    'export/labels/sub/a.txt': '0 0.5 0.5 0.2 0.4\n',
    'other/coco.json': JSON.stringify({
      images: [{ id: 1, file_name: 'x.jpg', width: 9, height: 9 }],
      annotations: [],
      categories: [],
    }),
  })
  const project = await projectOf(join(root, 'photos'))
  const loaded = await loadForProject(project, join(root, 'export'))
  await importDataset(project, loaded)
  expect(project.annotations.of(1)).toMatchObject([{ box: [80, 30, 120, 70] }])
  const other = await loadForProject(project, join(root, 'other'))
  expect(other).toMatchObject({ absent: 1, dataset: { images: [] } })
  expect(() => requireImages(other, project)).toThrow(/None of the 1 images/)
})

test('a class that was added before takes no id from those of a data set', async () => {
  const root = await scratch()
  await lay(root, { 'a.jpg': [64, 48] })
  const project = await projectOf(root)
  project.classes.add('RBC')
  const names = ['Platelets', 'RBC', 'WBC']
  const categories = names.map((name, index) => ({ id: index + 1, name }))
  await importDataset(project, { dataset: { categories, images: [] }, imageRoot: root, problems: [] })
  expect(project.classes.all().map(({ id, name }) => `${id} ${name}`)).toEqual([
    '1 RBC',
    '4 Platelets',
    '3 WBC',
  ])
})
