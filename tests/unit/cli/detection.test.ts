import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findImages } from '../../../src/main/cli/detection/inputs.ts'
import { type DetectedImage, resultWriter } from '../../../src/main/studio/detection/results.ts'
import { lay } from '../../support/scratch.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'fcos-detection-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (...parts: string[]): string => path.join(folder, ...parts)

beforeAll(async () => {
  const png = await sharp({ create: { width: 8, height: 6, channels: 3, background: '#fff' } })
    .png()
    .toBuffer()
  for (const file of [
    'plain/b.png',
    'plain/sub/a.png',
    'set/images/x.png',
    'set/images/y.png',
    'set/images/other.png',
  ]) {
    mkdirSync(path.dirname(at(file)), { recursive: true })
    writeFileSync(at(file), png)
  }
  writeFileSync(at('plain/readme.md'), '')
  const coco = {
    images: [
      { id: 9, file_name: 'y.png', width: 8, height: 6 },
      { id: 4, file_name: 'x.png', width: 8, height: 6 },
    ],
    categories: [{ id: 3, name: 'cat' }],
    annotations: [{ id: 1, image_id: 4, category_id: 3, bbox: [1, 2, 3, 4], area: 12, iscrowd: 0 }],
  }
  writeFileSync(at('set/labels.json'), JSON.stringify(coco))
})

it.skipIf(process.platform === 'win32')(
  'a pipe in a folder is listed, so that detection can say that it skips it',
  async () => {
    mkdirSync(at('piped'))
    writeFileSync(at('piped/a.png'), '')
    execFileSync('mkfifo', [at('piped/b.png')])
    expect((await findImages([at('piped')])).map(({ fileName }) => fileName)).toEqual(['a.png', 'b.png'])
  },
)

describe('images of a command line', () => {
  const names = async (...args: string[]) =>
    (await findImages(args)).map(({ id, fileName }) => `${id} ${fileName}`)

  it('a folder gives its images and those below, numbered from 1', async () => {
    expect(await names(at('plain'))).toEqual(['1 b.png', '2 sub/a.png'])
  })

  it('files and globs are named from the folder that they share, and taken once', async () => {
    expect(await names(at('set/images/x.png'))).toEqual(['1 x.png'])
    expect(await names(at('plain/*.png'), at('plain'), at('set/images/x.png'))).toEqual([
      '1 plain/b.png',
      '2 plain/sub/a.png',
      '3 set/images/x.png',
    ])
  })

  it.each(['set', 'set/labels.json'])('a data set gives its own images, ids and boxes: %s', async (name) => {
    const images = await findImages([at(name)])
    expect(images.map(({ id, fileName }) => [id, fileName])).toEqual([
      [9, 'y.png'],
      [4, 'x.png'],
    ])
    expect(images[1]!.truth).toEqual([{ box: [1, 2, 4, 6], name: 'cat' }])
    expect(images[1]!.path).toBe(at('set/images/x.png'))
  })

  it('ids of images without any stay clear of those of a data set', async () => {
    expect(await names(at('plain'), at('set'))).toEqual(['9 y.png', '4 x.png', '1 b.png', '2 sub/a.png'])
  })

  it.each([
    ['a folder without images', '.', 'USAGE_NO_IMAGES'],
    ['a glob that matches nothing', '*.jpg', 'USAGE_NO_IMAGES'],
    ['nothing', 'nowhere', 'DATA_NOT_FOUND'],
  ])('%s is told', async (_, name, code) => {
    mkdirSync(at('bare'), { recursive: true })
    await expect(findImages([at('bare', name)])).rejects.toMatchObject({ code })
  })

  it('an empty list, as standard input may be, and a data set without images are told', async () => {
    await lay(at('imageless'), { 'labels.json': '{"images": [], "annotations": [], "categories": []}' })
    const code = 'USAGE_NO_IMAGES'
    await expect(findImages([])).rejects.toMatchObject({ code, message: 'There are no images' })
    const file = at('imageless/labels.json')
    await expect(findImages([file])).rejects.toMatchObject({
      code,
      message: `There are no images in ${file}`,
    })
  })
})

describe('results', () => {
  const image: DetectedImage = {
    id: 4,
    fileName: 'x.png',
    width: 8,
    height: 6,
    detections: [
      { box: [1, 2, 4, 6], categoryId: 3, score: 0.75 },
      { box: [0, 0, 8, 6], categoryId: 3, score: 0.5 },
    ],
  }
  const classes = [{ id: 3, name: 'cat' }]

  it('--out is a folder, or a file named .json', async () => {
    await lay(at('taken'), { 'notes.txt': 'mine' })
    await expect(resultWriter(at('taken/notes.txt'), 'coco')).rejects.toMatchObject({
      ...{ code: 'DATA_EXISTS', message: `${at('taken/notes.txt')} is a file that exists` },
      remedy: expect.stringContaining('.json'),
    })
  })

  it('a COCO list, in place only when it is whole', async () => {
    const writer = await resultWriter(at('out/found.json'), 'coco')
    writer.add(image)
    writer.add({ ...image, id: 5, fileName: 'y.png', detections: [] })
    expect(readdirSync(at('out'))).not.toContain('found.json')
    expect(await writer.finish(classes, true)).toMatchObject({ out: at('out/found.json') })
    expect(readdirSync(at('out'))).toEqual(['found.json'])
    expect(JSON.parse(readFileSync(at('out/found.json'), 'utf8'))).toEqual([
      { image_id: 4, file_name: 'x.png', category_id: 3, bbox: [1, 2, 3, 4], score: 0.75 },
      { image_id: 4, file_name: 'x.png', category_id: 3, bbox: [0, 0, 8, 6], score: 0.5 },
    ])
  })

  it('an earlier list is replaced, a data set never', async () => {
    const writer = await resultWriter(at('out/found.json'), 'coco')
    expect(await writer.finish(classes, true)).toBeDefined()
    expect(readFileSync(at('out/found.json'), 'utf8')).toBe('[]\n')
    const interrupted = await resultWriter(at('out/found.json'), 'coco')
    const before = readFileSync(at('out/found.json'), 'utf8')
    expect(await interrupted.finish(classes, false)).toMatchObject({ out: at('out/found.incomplete.json') })
    expect(readFileSync(at('out/found.json'), 'utf8')).toBe(before)
    await expect(resultWriter(at('set/labels.json'), 'coco')).rejects.toMatchObject({ code: 'DATA_EXISTS' })
    await expect(resultWriter(at('set'), 'voc')).rejects.toMatchObject({ code: 'DATA_EXISTS' })
  })

  it('nothing is left of what is abandoned', async () => {
    const writer = await resultWriter(at('folder'), 'coco')
    writer.add(image)
    writer.abandon()
    expect(readdirSync(at('folder'))).toEqual([])
  })

  it.each([
    ['csv', 'annotations.csv', 'x.png,8,6,cat,1,2,4,6,0.75'],
    ['voc', 'Annotations/x.xml', '<score>0.75</score>'],
    ['yolo', 'labels/x.txt', '0 0.5 0.5 1 1 0.5'],
  ] as const)('%s keeps scores', async (format, file, line) => {
    const writer = await resultWriter(at(format), format)
    writer.add(image)
    await writer.finish(classes, true)
    expect(readFileSync(at(format, file), 'utf8')).toContain(line)
  })
})
