import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FORMATS } from '../../../src/core/formats/formats.ts'
import { describeProblem } from '../../../src/core/formats/problems.ts'
import { loadDataset, writeDataset } from '../../../src/main/studio/datasets/index.ts'
import { lay, scratch } from '../../support/scratch.ts'

const xml = (name: string, box: readonly number[] = [1, 2, 30, 40]) => {
  const corners = ['xmin', 'ymin', 'xmax', 'ymax'].map((tag, i) => `<${tag}>${box[i]}</${tag}>`).join('')
  const object = name && `<object><name>${name}</name><bndbox>${corners}</bndbox></object>`
  return `<annotation><size><width>64</width><height>48</height></size>${object}</annotation>`
}

async function load(path: string, options?: Parameters<typeof loadDataset>[1]) {
  const { dataset, format, imageRoot, problems } = await loadDataset(path, options)
  return {
    format,
    imageRoot,
    problems: problems.map(describeProblem),
    classes: dataset.categories.map(({ id, name }) => `${id} ${name}`),
    images: dataset.images.map(
      ({ fileName, width, height, annotations, splits }) =>
        `${fileName} ${width}x${height} ${annotations.length}${splits ? ` ${splits}` : ''}`,
    ),
  }
}

describe('Pascal VOC', () => {
  async function voc(): Promise<string> {
    const root = await scratch()
    await lay(root, {
      'Annotations/a.xml': xml('dog'),
      'Annotations/sub/b.xml': xml('cat'),
      'Annotations/empty.xml': xml(''),
      'Annotations/broken.xml': '<annotation>',
      'JPEGImages/a.jpg': [64, 48],
      'JPEGImages/sub/b.jpg': [64, 48],
      'JPEGImages/empty.jpg': [64, 48],
      'JPEGImages/broken.jpg': [64, 48],
      'JPEGImages/bare.jpg': [64, 48],
      'ImageSets/Main/train.txt': 'a\nsub/b\n',
      'ImageSets/Main/val.txt': 'empty\nghost\n',
      'ImageSets/Main/cat_train.txt': 'a -1\nsub/b  1\n',
    })
    return root
  }

  test('a folder: images that show nothing are kept, what cannot be used is named', async () => {
    const root = await voc()
    const loaded = await load(root)
    expect(loaded).toMatchObject({
      format: 'voc',
      imageRoot: join(root, 'JPEGImages'),
      classes: ['1 cat', '2 dog'],
      images: ['a.jpg 64x48 1 train', 'empty.jpg 64x48 0 val', 'sub/b.jpg 64x48 1 train'],
    })
    expect(loaded.problems).toEqual([
      expect.stringMatching(/^Annotations\/broken.xml: skipped, .* is not Pascal VOC: line 1/),
      'bare.jpg: skipped, it has no XML file',
    ])
  })

  test('one list, by name or path, has the class ids of the whole folder', async () => {
    const root = await voc()
    const train = await load(`${root}:train`)
    expect(train).toMatchObject({ images: ['a.jpg 64x48 1', 'sub/b.jpg 64x48 1'], problems: [] })
    expect(await load(join(root, 'ImageSets/Main/train.txt'))).toEqual(train)
    expect(await load(`${root}:val`)).toMatchObject({
      classes: ['1 cat', '2 dog'],
      images: ['empty.jpg 64x48 0'],
      problems: ['ImageSets/Main/val.txt, line 2: skipped, there is no image "ghost"'],
    })
    expect((await load(join(root, 'ImageSets/Main/cat_train.txt'))).images).toEqual(['sub/b.jpg 64x48 1'])
    await expect(load(`${root}:nope`)).rejects.toMatchObject({
      code: 'DATA_LIST',
      remedy: 'It has train, val',
    })
  })

  test('XML beside the images; sizes that are missing come from the image as displayed', async () => {
    const root = await scratch()
    await lay(root, {
      'x/a.xml': xml('dog').replace(/<size>.*<\/size>/, ''),
      'x/a.jpg': [20, 10, 6],
      'x/lost.xml': xml('dog'),
    })
    expect(await load(root)).toMatchObject({
      images: ['x/a.jpg 10x20 1'],
      problems: ['x/lost.jpg: skipped, there is no such image file'],
    })
    expect((await load(root, { missing: 'keep' })).images).toEqual(['x/a.jpg 10x20 1', 'x/lost.jpg 64x48 1'])
  })

  test('UTF-16 and Latin-1 files are read as they declare, others are named', async () => {
    const root = await scratch()
    const declared = `<?xml version="1.0" encoding="iso-8859-1"?>${xml('k\xe4se')}`
    await lay(root, {
      'Annotations/a.xml': Buffer.from(declared, 'latin1'),
      'Annotations/b.xml': Buffer.from(`\ufeff${xml('猫')}`, 'utf16le'),
      'Annotations/c.xml': Buffer.from(xml('k\xe4se'), 'latin1'),
    })
    expect(await load(root, { missing: 'keep' })).toMatchObject({
      classes: ['1 käse', '2 猫'],
      problems: ['Annotations/c.xml: skipped, Annotations/c.xml is not text in utf-8'],
    })
  })
})

describe('YOLO', () => {
  const line = '1 0.5 0.5 0.5 0.5\n'

  test('data.yaml with folders: images without labels are kept, ids are those of data.yaml', async () => {
    const root = await scratch()
    await lay(root, {
      'data.yaml': 'train: images/train\nval: images/val\nnames: [b, a]\n',
      'images/train/x.jpg': [40, 20],
      'images/train/background.jpg': [40, 20],
      'images/val/y.jpg': [20, 40, 8],
      'labels/train/x.txt': `${line}7 0.5 0.5 0.5 0.5\n`,
      'labels/val/y.txt': line,
      'labels/val/orphan.txt': line,
    })
    const whole = await load(root)
    expect(whole).toMatchObject({
      format: 'yolo',
      imageRoot: join(root, 'images'),
      classes: ['0 b', '1 a'],
      images: ['train/background.jpg 40x20 0 train', 'train/x.jpg 40x20 1 train', 'val/y.jpg 40x20 1 val'],
      problems: [
        'labels/train/x.txt, line 2: skipped, there is no class 7; the data set has 2',
        'labels/val/orphan.txt: skipped, it belongs to no image',
      ],
    })
    expect(await load(join(root, 'data.yaml'))).toEqual(whole)
    const val = ['val/y.jpg 40x20 1']
    expect((await load(`${join(root, 'data.yaml')}:val`)).images).toEqual(val)
    expect((await load(`${root}:val`)).images).toEqual(val)
    expect((await load(join(root, 'images/val'))).images).toEqual(val)
    await expect(load(`${root}:test`)).rejects.toMatchObject({
      code: 'DATA_LIST',
      remedy: 'It has train, val',
    })
  })

  test('lists of paths, and the ../ that exports write too many of', async () => {
    const root = await scratch()
    await lay(root, {
      'data.yaml': 'train: train.txt\nval: ../valid/images\nnames: {0: a, 1: b}\n',
      'train.txt': `./train/images/x.jpg\n${root}/train/images/z.jpg\nnotes.md\n`,
      'train/images/x.jpg': [40, 20],
      'train/images/z.jpg': 'no image',
      'train/labels/x.txt': line,
      'valid/images/y.jpg': [40, 20],
    })
    expect(await load(root)).toMatchObject({
      imageRoot: root,
      images: ['train/images/x.jpg 40x20 1 train', 'valid/images/y.jpg 40x20 0 val'],
      problems: [
        'data.yaml, train.txt line 3: skipped, "notes.md" is not an image file',
        'train/images/z.jpg: skipped, there is no such image, or it cannot be read',
      ],
    })
    expect((await load(join(root, 'train.txt'))).images).toEqual(['train/images/x.jpg 40x20 1'])
  })

  test('labels and classes.txt beside the images; labels apart from the images', async () => {
    const root = await scratch()
    await lay(root, {
      'flat/classes.txt': 'a\nb\n',
      'flat/x.jpg': [40, 20],
      'flat/x.txt': line,
      'apart/classes.txt': 'a\nb\n',
      'apart/labels/x.txt': line,
    })
    const flat = join(root, 'flat')
    expect(await load(flat)).toMatchObject({
      classes: ['0 a', '1 b'],
      images: ['x.jpg 40x20 1'],
      problems: [],
    })
    expect(await load(join(root, 'apart'), { images: flat })).toMatchObject({
      imageRoot: flat,
      images: ['x.jpg 40x20 1'],
      problems: [],
    })
    await expect(load(join(root, 'apart'))).rejects.toMatchObject({ code: 'DATA_IMAGES_MISSING' })
  })
})

describe('LabelMe', () => {
  test('a folder tree; an image path that leads out of it is not followed', async () => {
    const shapes = [
      {
        label: 'cat',
        shape_type: 'rectangle',
        points: [
          [1, 2],
          [3, 4],
        ],
      },
    ]
    const root = await scratch()
    await lay(root, {
      'images/a.jpg': [64, 48],
      'labels/a.json': JSON.stringify({
        shapes,
        imagePath: '..\\images\\a.jpg',
        imageWidth: 64,
        imageHeight: 48,
      }),
      'b.jpg': [64, 48],
      'b.json': JSON.stringify({ shapes: [], imagePath: '../../../etc/passwd', imageData: null }),
      'c.jpg': [64, 48],
      'other.json': '{}',
    })
    expect(await load(root)).toMatchObject({
      format: 'labelme',
      classes: ['1 cat'],
      images: ['b.jpg 64x48 0', 'images/a.jpg 64x48 1'],
      problems: [
        expect.stringMatching(/^other.json: skipped, other.json is not a LabelMe file/),
        'c.jpg: skipped, it has no JSON file',
      ],
    })
  })
})

describe('COCO and CSV', () => {
  const coco = (fileName: string) =>
    JSON.stringify({
      images: [{ id: 3, file_name: fileName }],
      annotations: [{ id: 1, image_id: 3, category_id: 9, bbox: [1, 2, 3, 4] }],
      categories: [{ id: 9, name: 'cat' }],
    })

  test.each([
    ['beside the file', 'x.json', 'a.jpg', '.'],
    ['in images', 'x.json', 'images/a.jpg', 'images'],
    ['in a folder of any name', 'x.json', 'pictures/a.jpg', 'pictures'],
    ['beside annotations', 'annotations/instances_val.json', 'val/a.jpg', 'val'],
    ['in images beside annotations', 'annotations/instances_val.json', 'images/val/a.jpg', 'images/val'],
  ])('images are found %s', async (_, label, image, folder) => {
    const root = await scratch()
    await lay(root, { [label]: coco('a.jpg'), [image]: [64, 48] })
    const loaded = await load(join(root, label))
    expect(loaded).toMatchObject({ format: 'coco', imageRoot: join(root, folder), images: ['a.jpg 64x48 1'] })
    expect(await load(root)).toEqual(loaded)
  })

  test('of several COCO files one must be named', async () => {
    const root = await scratch()
    await lay(root, {
      'annotations/instances_train.json': coco('a.jpg'),
      'annotations/instances_val.json': coco('a.jpg'),
      'annotations/captions_val.json': coco('a.jpg'),
      'val/a.jpg': [64, 48],
    })
    await expect(load(root)).rejects.toMatchObject({ code: 'DATA_AMBIGUOUS' })
    expect((await load(`${root}:val`)).images).toEqual(['a.jpg 64x48 1'])
  })

  test('a table, its images apart', async () => {
    const root = await scratch()
    await lay(root, {
      'labels/x.csv': 'filename,class,xmin,ymin,xmax,ymax\na.jpg,cat,1,2,3,4\n',
      'far/away/a.jpg': [8, 9],
    })
    await expect(load(join(root, 'labels/x.csv'))).rejects.toMatchObject({ code: 'DATA_IMAGES_MISSING' })
    expect((await load(join(root, 'labels'), { images: join(root, 'far/away') })).images).toEqual([
      'a.jpg 8x9 1',
    ])
    await expect(load(`${join(root, 'labels')}:train`)).rejects.toMatchObject({ code: 'USAGE_LIST' })
  })
})

test('what is no data set gets a coded error', async () => {
  const root = await scratch()
  await lay(root, {
    'a.jpg': [8, 8],
    'b.json': '{"images": NaN}',
    'c.csv': 'x',
    'd.pdf': '',
    'sub/e.yaml': 'names: [',
  })
  await mkdir(join(root, 'folder.json'))
  await symlink(join(root, 'loop'), join(root, 'loop'))
  const codes = [
    'nothing',
    'a.jpg',
    'b.json',
    'c.csv',
    'd.pdf',
    'sub/e.yaml',
    'folder.json',
    'loop',
    'x\0y',
  ].map((name) =>
    loadDataset(join(root, name)).then(
      () => 'read',
      (error: { code?: string }) => `${name} ${error.code}`,
    ),
  )
  expect(await Promise.all(codes)).toEqual([
    'nothing DATA_NOT_FOUND',
    'a.jpg DATA_FORMAT',
    'b.json DATA_JSON',
    'c.csv DATA_CSV',
    'd.pdf DATA_FORMAT',
    'sub/e.yaml DATA_YOLO',
    'folder.json DATA_FORMAT',
    'loop DATA_NOT_FOUND',
    'x\0y DATA_NOT_FOUND',
  ])
})

test('COCO files in UTF-16 are read; other encodings, two lists of one name and broken entries are named', async () => {
  const root = await scratch()
  const name = 'Käse 🧀'
  const text = JSON.stringify({
    images: [{ id: 1, file_name: 'a.jpg', width: 64, height: 48 }],
    annotations: [],
    categories: [{ id: 1, name }],
  })
  await lay(root, {
    'a.jpg': [64, 48],
    'utf8.json': `\ufeff${text}`,
    'utf16.json': Buffer.from(`\ufeff${text}`, 'utf16le'),
    'latin1.json': Buffer.from(text.replace(name, 'Käse'), 'latin1'),
    'twice.json': text.replace('"annotations"', '"images"'),
    'entry.json': text.replace('"annotations":[]', '"annotations":[{"id":1},{"id":1,}]'),
    'list.json': '[1, 2]',
  })
  for (const file of ['utf8.json', 'utf16.json']) {
    expect((await load(join(root, file))).classes).toEqual([`1 ${name}`])
  }
  const refused = async (file: string) =>
    loadDataset(join(root, file)).catch(({ code, message }) => [code, message])
  expect(await refused('latin1.json')).toEqual(['DATA_ENCODING', 'latin1.json is not text in utf-8'])
  expect(await refused('twice.json')).toEqual(['DATA_JSON', 'twice.json has two lists "images"'])
  expect(await refused('entry.json')).toEqual([
    'DATA_JSON',
    expect.stringMatching(/^entry\.json, annotations\[1\] is not valid JSON: /),
  ])
  expect(await refused('list.json')).toEqual(['DATA_JSON', 'list.json is a list, not a COCO data set'])
})

test.each(FORMATS)('reading %s can be watched, and stopped', async (format) => {
  const root = await scratch()
  const names = Array.from({ length: 40 }, (_, i) => `${i}.jpg`)
  await lay(join(root, 'from'), Object.fromEntries(names.map((name) => [name, [8, 8]])))
  const images = names.map((fileName, i) => {
    const annotations = [{ categoryId: 1, box: [1, 2, 3, 4] as const }]
    return { id: i + 1, fileName, width: 8, height: 8, annotations }
  })
  const out = join(root, 'out')
  const dataset = { categories: [{ id: 1, name: 'cat' }], images }
  await writeDataset(dataset, { format, out, copyImagesFrom: join(root, 'from') })
  const shares: number[] = []
  await loadDataset(out, { onProgress: (done, total) => shares.push(done / total) })
  expect(shares).toEqual(shares.toSorted((a, b) => a - b))
  expect(shares.at(-1)).toBe(1)
  const stop = new AbortController()
  const reading = loadDataset(out, { signal: stop.signal, onProgress: () => stop.abort() })
  await expect(reading).rejects.toThrow(/abort/)
})
