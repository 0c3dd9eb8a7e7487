/** Labels in a folder are found by what they say, wherever they lie and whatever they are called. */
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { candidatesIn } from '../../../src/main/studio/datasets/index.ts'
import { findLabels, settleLabels, settleLabelsAt } from '../../../src/main/studio/project/found-labels.ts'
import { importDataset, loadForProject, scanImages } from '../../../src/main/studio/project/index.ts'
import { createProject, openProject } from '../../../src/main/studio/project/project.ts'
import { coco, type Files, labelMe, vocXml } from '../../support/labels.ts'
import { lay, scratch } from '../../support/scratch.ts'

const IMAGE = [64, 48]
const YOLO_LINE = '0 0.5 0.5 0.2 0.2\n'
const CSV = 'image,xmin,ymin,xmax,ymax,label\na.jpg,1,2,30,40,cat\n'

const CASES: [what: string, files: Files, found: string[]][] = [
  [
    'VOC in a folder of any name',
    { 'images/a.jpg': IMAGE, 'annots/a.xml': vocXml('cat'), 'annots/b.xml': vocXml('cat') },
    ['voc annots 2'],
  ],
  ['VOC beside the images', { 'a.jpg': IMAGE, 'a.xml': vocXml('cat') }, ['voc  1']],
  [
    'VOC beside images of the same names in several folders is one data set',
    { 'x/1.jpg': IMAGE, 'x/1.xml': vocXml('cat'), 'y/1.jpg': IMAGE, 'y/1.xml': vocXml('cat') },
    ['voc  2'],
  ],
  [
    'two versions of the same VOC labels are a choice',
    { 'a.jpg': IMAGE, 'v1/a.xml': vocXml('cat'), 'v2/a.xml': vocXml('dog') },
    ['voc v1 1', 'voc v2 1'],
  ],
  ['XML that is something else', { 'a.jpg': IMAGE, 'pom.xml': '<project><object>1</object></project>' }, []],
  ['XML without an object', { 'a.jpg': IMAGE, 'a.xml': vocXml(''), 'pom.xml': '<project/>' }, []],
  [
    'YOLO with data.yaml, and a classes.txt that says the same',
    {
      'data.yaml': 'names: [cat]',
      'train/images/a.jpg': IMAGE,
      'train/labels/a.txt': YOLO_LINE,
      'train/labels/classes.txt': 'cat',
    },
    ['yolo  1'],
  ],
  [
    'YOLO with classes.txt among the labels',
    { 'images/a.jpg': IMAGE, 'labels/a.txt': YOLO_LINE, 'labels/classes.txt': 'cat' },
    ['yolo  1'],
  ],
  [
    'two YOLO data sets',
    {
      'one/classes.txt': 'cat',
      'one/a.jpg': IMAGE,
      'one/a.txt': YOLO_LINE,
      'two/classes.txt': 'cat',
      'two/a.jpg': IMAGE,
      'two/a.txt': YOLO_LINE,
    },
    ['yolo one 1', 'yolo two 1'],
  ],
  [
    'YOLO whose classes nothing names',
    { 'a.jpg': IMAGE, 'labels/a.txt': YOLO_LINE },
    ['yolo labels 1 nothing names'],
  ],
  [
    'text that is something else',
    { 'a.jpg': IMAGE, 'readme.txt': 'ten dice', 'points.txt': '1 2 3 4 5' },
    [],
  ],
  [
    'COCO files of any name, each for itself',
    { 'a.jpg': IMAGE, 'x/train.json': coco(['a.jpg']), 'x/val.json': coco(['a.jpg']), 'package.json': '{}' },
    ['coco x/train.json 1', 'coco x/val.json 1'],
  ],
  [
    'COCO instances beside captions',
    { 'a.jpg': IMAGE, 'instances_val.json': coco(['a.jpg']), 'captions_val.json': coco(['a.jpg']) },
    ['coco instances_val.json 1'],
  ],
  ['COCO without annotations', { 'a.jpg': IMAGE, 'c.json': coco(['a.jpg'], { annotations: [] }) }, []],
  [
    'LabelMe, and a COCO file beside it',
    { 'a.jpg': IMAGE, 'a.json': labelMe('a.jpg', 'cat'), 'all.json': coco(['a.jpg']) },
    ['coco all.json 1', 'labelme  1'],
  ],
  ['damaged JSON', { 'a.jpg': IMAGE, 'a.json': '{"shapes": [' }, []],
  [
    'CSV below',
    { 'a.jpg': IMAGE, 'tables/boxes.csv': CSV, 'tables/log.csv': 'loss,step\n1,2\n' },
    ['csv tables/boxes.csv 1'],
  ],
  ['CSV with a header alone', { 'a.jpg': IMAGE, 'b.csv': CSV.split('\n')[0]! }, []],
  ['hidden folders', { 'a.jpg': IMAGE, '.cache/a.xml': vocXml('cat') }, []],
  ['images alone', { 'a.jpg': IMAGE }, []],
]

test.each(CASES)('%s', async (_, files, expected) => {
  const root = await scratch()
  await lay(root, files)
  const found = await candidatesIn(root)
  expect(
    found.map(({ format, place, files: count, obstacle }) =>
      `${format} ${place} ${count} ${obstacle?.slice(0, 13) ?? ''}`.trimEnd(),
    ),
  ).toEqual(expected)
})

test('what is found can be imported by its path and format', async () => {
  for (const [what, files, expected] of CASES) {
    const root = await scratch()
    await lay(root, files)
    if (expected.length === 0 || what.includes('something else')) continue
    const project = await createProject(root)
    await scanImages(project)
    for (const { path, format, obstacle } of await findLabels(project)) {
      if (obstacle !== null) continue
      const { boxes } = await importDataset(project, await loadForProject(project, path, { from: format }), {
        dryRun: true,
      })
      expect(boxes, `${what}: ${path}`).toBeGreaterThan(0)
    }
    project.close()
  }
})

test('labels are not offered again once they are settled, until their files change', async () => {
  const root = await scratch()
  await lay(root, { 'a.jpg': IMAGE, 'annots/a.xml': vocXml('cat') })
  let project = await createProject(root)
  await scanImages(project)
  const found = await findLabels(project)
  settleLabels(
    project,
    found.map(({ fingerprint }) => fingerprint),
  )
  expect(await findLabels(project)).toEqual([])
  project.close()

  project = await openProject(root)
  expect(await findLabels(project)).toEqual([])
  await lay(root, { 'annots/b.xml': vocXml('dog') })
  expect((await findLabels(project)).map(({ files }) => files)).toEqual([2])
  await settleLabelsAt(project, root, 'coco')
  expect(await findLabels(project)).toHaveLength(1)
  await settleLabelsAt(project, root, 'voc')
  expect(await findLabels(project)).toEqual([])
  await writeFile(join(root, 'annots/b.xml'), vocXml('cat'))
  await utimes(join(root, 'annots/b.xml'), 1, 1)
  expect(await findLabels(project)).toHaveLength(1)
  project.close()
})

test('labels beside the project and beside its images are found once each; what the studio keeps there is not', async () => {
  const root = await scratch()
  await lay(root, {
    'pictures/a.jpg': IMAGE,
    'pictures/a.xml': vocXml('cat'),
    'project/all.json': coco(['a.jpg']),
    'project/runs/1/labels.json': coco(['a.jpg']),
    'project/evaluations/1/gt.json': coco(['a.jpg']),
  })
  const apart = await createProject(join(root, 'project'), { imageRoot: join(root, 'pictures') })
  expect((await findLabels(apart)).map(({ place }) => place)).toEqual(['', 'all.json'])
  apart.close()
  const above = await createProject(root, { imageRoot: join(root, 'pictures') })
  const places = (await findLabels(above)).map(({ place }) => place)
  expect(places).toEqual(expect.arrayContaining(['pictures', 'project/all.json']))
  expect(places.filter((place) => place === 'pictures')).toHaveLength(1)
  above.close()
})
