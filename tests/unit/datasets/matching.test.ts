/** Which files are labels, and which picture each of them means. */
import { mkdir, rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Format } from '../../../src/core/formats/formats.ts'
import { coco, type Files, labelMe, told, toldOf, vocXml } from '../../support/labels.ts'
import { lay, scratch } from '../../support/scratch.ts'

const CAT = '64x48: cat 1 2 30 40'
/** The same box as fractions of 64 × 48. */
const YOLO_CAT = '0 0.2421875 0.4375 0.453125 0.7916666666666666\n'
const CSV = 'filename,class,xmin,ymin,xmax,ymax\na.jpg,cat,1,2,30,40\n'
const PICTURE = [64, 48]

describe('labels of several formats in one folder', () => {
  const LABELS: Record<Format, Files> = {
    voc: { 'a.xml': vocXml('cat') },
    labelme: { 'a.json': labelMe('a.jpg', 'cat') },
    yolo: { 'classes.txt': 'cat\n', 'a.txt': YOLO_CAT },
    coco: { '_annotations.coco.json': coco(['a.jpg']) },
    csv: { 'table.csv': CSV },
  }
  const pairs = (Object.keys(LABELS) as Format[]).flatMap((one, i, all) =>
    all.slice(i + 1).map((other): [Format, Format] => [one, other]),
  )

  test.each(pairs)('%s and %s: nobody guesses, --from decides', async (one, other) => {
    const root = await scratch()
    await lay(root, { 'a.jpg': PICTURE, ...LABELS[one], ...LABELS[other] })
    await expect(told(root)).rejects.toMatchObject({
      code: 'DATA_AMBIGUOUS',
      remedy: expect.stringMatching(
        new RegExp(`--from (${one} or --from ${other}|${other} or --from ${one})$`),
      ),
    })
    for (const from of [one, other]) {
      expect(await told(root, { from })).toMatchObject({ format: from, images: [`a.jpg ${CAT}`] })
    }
  })

  test.each<[what: string, files: Files, format: Format]>([
    ['a class list beside LabelMe files', { ...LABELS.labelme, 'classes.txt': 'cat\n' }, 'labelme'],
    [
      'a class list above LabelMe files in images',
      { 'images/a.jpg': PICTURE, 'images/a.json': labelMe('a.jpg', 'cat'), 'classes.txt': 'cat\n' },
      'labelme',
    ],
    ['a class list beside XML files', { ...LABELS.voc, 'predefined_classes.txt': 'cat\n' }, 'voc'],
    [
      'notes beside XML files',
      { ...LABELS.voc, 'classes.txt': 'cat\n', 'readme.txt': 'made in 2024\n' },
      'voc',
    ],
    [
      'a table of something else beside YOLO files',
      { ...LABELS.yolo, 'results.csv': 'epoch,loss\n1,2\n' },
      'yolo',
    ],
    ['empty YOLO files beside XML files', { ...LABELS.voc, 'classes.txt': 'cat\n', 'a.txt': '' }, 'voc'],
    ['an empty XML file beside YOLO files', { ...LABELS.yolo, 'a.xml': vocXml('') }, 'yolo'],
    [
      'other JSON beside XML files',
      { ...LABELS.voc, 'package.json': '{"name": "x"}', 'list.json': '[1]' },
      'voc',
    ],
    ['an empty COCO file beside YOLO files', { ...LABELS.yolo, 'c.json': coco([]) }, 'yolo'],
    ['a config of a program beside COCO', { ...LABELS.coco, 'config.yaml': 'lr: 1\n' }, 'coco'],
  ])('%s: the labels are read', async (_, files, format) => {
    const { images, ...rest } = await toldOf({
      ...(files['images/a.jpg'] ? {} : { 'a.jpg': PICTURE }),
      ...files,
    })
    expect(rest).toMatchObject({ format })
    expect(images).toEqual([`a.jpg ${CAT}`])
  })

  test('a format that is asked for and not there is refused with those that are', async () => {
    await expect(toldOf({ 'a.jpg': PICTURE, ...LABELS.voc }, { from: 'coco' })).rejects.toMatchObject({
      code: 'DATA_FORMAT',
      message: expect.stringContaining('no labels of the format COCO'),
    })
  })
})

describe('labels that name images by another path', () => {
  const NFC = 'K\u00e4fer 1.jpg'
  const NFD = NFC.normalize('NFD')
  const named = async (name: string, files: Files) =>
    toldOf({ ...files, 'labels.json': coco([name]) }, {}, 'labels.json')

  test.each<[what: string, name: string, file: string]>([
    ['composed letters for decomposed', NFC, NFD],
    ['decomposed letters for composed', NFD, NFC],
    ['decomposed letters in a folder', `${NFD.slice(0, -6)}/a.jpg`, `${NFC.slice(0, -6)}/a.jpg`],
    ['other capitals', 'IMG_1.JPG', 'img_1.jpg'],
    ['other capitals of the extension', 'a.jpg', 'a.JPG'],
    ['a folder too many', 'train/a.jpg', 'a.jpg'],
    ['a folder too few', 'a.jpg', 'images/train/a.jpg'],
    ['an absolute path', '/home/someone/set/train/a.jpg', 'train/a.jpg'],
    ['a drive and backslashes', 'C:\\set\\train\\a.jpg', 'train/a.jpg'],
    ['an address', 'https://example.com/set/a.jpg', 'a.jpg'],
    ['a path that climbs', '../images/a.jpg', 'images/a.jpg'],
    ['a dot in front', './a.jpg', 'a.jpg'],
    ['blanks behind', 'a.jpg ', 'a.jpg'],
    ["Label Studio's local files", '/data/local-files/?d=set/a.jpg', 'set/a.jpg'],
    ["Label Studio's prefix in the label", '90fbb0c7-a.jpg', 'a.jpg'],
    ["Label Studio's prefix in the file", 'a.jpg', '90fbb0c7-a.jpg'],
    ['a UUID before the file', 'a.jpg', '0f3a2b1c-1234-4321-abcd-0123456789ab_a.jpg'],
    ["Roboflow's ending in the file", 'a.jpg', 'a_jpg.rf.0f3a2b1c0f3a2b1c.jpg'],
    ["Roboflow's ending in the label", 'a_jpg.rf.0f3a2b1c0f3a2b1c.jpg', 'a.jpg'],
    ['percent signs for a blank', 'my%20cat.jpg', 'my cat.jpg'],
  ])('%s', async (_, name, file) => {
    const { images } = await named(name, { [file]: PICTURE })
    expect(images).toEqual([`${file} ${CAT}`])
  })

  test.each<[what: string, name: string, files: Files, reason: RegExp]>([
    ['another name', 'b.jpg', {}, /^b\.jpg: skipped, there is no such image file$/],
    [
      'a name that two folders have',
      'c.jpg',
      { 'x/c.jpg': PICTURE, 'y/c.jpg': PICTURE },
      /^c\.jpg: skipped, /,
    ],
    [
      'a name whose picture elsewhere has another size',
      'p/c.jpg',
      { 'x/c.jpg': [30, 20] },
      /^p\/c\.jpg: skipped, x\/c\.jpg has its name, but another size$/,
    ],
    [
      'a prefix that two have',
      'c.jpg',
      { '90fbb0c7-c.jpg': PICTURE, '11fbb0c7-c.jpg': PICTURE },
      /^c\.jpg: skipped, /,
    ],
    ['a picture that is none', 'c.jpg', { 'c.jpg': 'text' }, /^c\.jpg: skipped, it is not a readable image$/],
    [
      'a kind of picture that is not read',
      'c.heic',
      { 'c.heic': 'heic' },
      /^c\.heic: skipped, this image format is not supported/,
    ],
  ])('%s: skipped by name, the others stay', async (_, name, files, reason) => {
    const all = { 'a.jpg': PICTURE, ...files, 'labels.json': coco(['a.jpg', name]) }
    const { images, problems } = await toldOf(all, {}, 'labels.json')
    expect(images).toEqual([`a.jpg ${CAT}`])
    expect(problems).toEqual([expect.stringMatching(reason)])
  })

  test('a prefix that is ignored is said', async () => {
    expect((await named('90fbb0c7-a.jpg', { 'a.jpg': PICTURE })).problems).toEqual([
      '90fbb0c7-a.jpg: repaired, taken for a.jpg, the only image of that name',
    ])
  })

  test('two names for one picture: the second is told, not merged in silence', async () => {
    const { images, problems } = await toldOf(
      { 'a.jpg': PICTURE, 'labels.json': coco(['a.jpg', 'A.JPG']) },
      {},
      'labels.json',
    )
    expect(images).toHaveLength(1)
    expect(problems).toEqual([
      expect.stringMatching(/^A\.JPG: skipped, its picture is a\.jpg, as is that of a\.jpg$/),
    ])
  })

  test.each<[Format, Files]>([
    ['voc', { 'Annotations/ghost.xml': vocXml('cat') }],
    ['labelme', { 'ghost.json': labelMe('ghost.jpg', 'cat') }],
    ['csv', { 'table.csv': `${CSV}ghost.jpg,cat,1,2,30,40\n` }],
    ['yolo', { 'classes.txt': 'cat\n', 'ghost.txt': YOLO_CAT }],
  ])('%s: no image that no file stands behind', async (format, files) => {
    const own: Files = {
      voc: { 'Annotations/a.xml': vocXml('cat') },
      labelme: { 'a.json': labelMe('a.jpg', 'cat') },
      csv: {},
      yolo: { 'a.txt': YOLO_CAT },
      coco: {},
    }[format]
    const { images, problems } = await toldOf({ 'a.jpg': PICTURE, ...own, ...files })
    expect(images).toEqual([`a.jpg ${CAT}`])
    expect(problems).toEqual([expect.stringMatching(/(^|\/)ghost\.(jpg|txt): skipped, /)])
  })
})

describe('documents and pictures of one stem', () => {
  test.each<[what: string, files: Files, image: string, problems: RegExp[]]>([
    [
      'VOC names the JPEG',
      { 'a.jpg': PICTURE, 'a.png': [30, 20], 'a.xml': vocXml('cat', { filename: 'a.jpg' }) },
      'a.jpg',
      [/^a\.png: skipped, it has no XML file$/],
    ],
    [
      'VOC names the PNG',
      { 'a.jpg': [30, 20], 'a.png': PICTURE, 'a.xml': vocXml('cat', { filename: 'a.png' }) },
      'a.png',
      [/^a\.jpg: skipped, it has no XML file$/],
    ],
    [
      'LabelMe names the JPEG',
      { 'a.jpg': PICTURE, 'a.png': [30, 20], 'a.json': labelMe('a.jpg', 'cat') },
      'a.jpg',
      [/^a\.png: skipped, it has no JSON file$/],
    ],
    [
      'a document of another name',
      { 'IMG_1.jpg': PICTURE, '000001.xml': vocXml('cat', { filename: 'IMG_1.jpg' }) },
      'IMG_1.jpg',
      [],
    ],
    [
      'an extension twice',
      { 'a.jpg': PICTURE, 'a.xml.xml': vocXml('cat', { filename: 'a.jpg' }) },
      'a.jpg',
      [],
    ],
    ["the picture's extension kept", { 'a.jpg': PICTURE, 'a.jpg.xml': vocXml('cat') }, 'a.jpg', []],
    [
      "the picture's extension kept, JSON",
      { 'a.jpg': PICTURE, 'a.jpg.json': labelMe('a.jpg', 'cat') },
      'a.jpg',
      [],
    ],
    [
      'a stale name of a renamed picture',
      { 'b.jpg': PICTURE, 'b.xml': vocXml('cat', { filename: 'old.jpg' }) },
      'b.jpg',
      [],
    ],
    [
      'a path of another machine',
      { 'a.jpg': PICTURE, 'x.xml': vocXml('cat', { filename: 'C:\\pics\\a.jpg' }) },
      'a.jpg',
      [],
    ],
    ['dots in the name', { 'a.b.c.jpg': PICTURE, 'a.b.c.xml': vocXml('cat') }, 'a.b.c.jpg', []],
  ])('%s', async (_, files, image, problems) => {
    const found = await toldOf(files)
    expect(found.images).toEqual([`${image} ${CAT}`])
    expect(found.problems).toEqual(problems.map((pattern) => expect.stringMatching(pattern)))
  })

  test('a document that names neither of two namesakes is skipped: it is not clear', async () => {
    const files = {
      'a.jpg': PICTURE,
      'a.png': PICTURE,
      'a.xml': vocXml('cat'),
      'b.jpg': PICTURE,
      'b.xml': vocXml('cat'),
    }
    const { images, problems } = await toldOf(files)
    expect(images).toEqual([`b.jpg ${CAT}`])
    expect(problems).toContainEqual(
      expect.stringMatching(/^a\.xml: skipped, a\.jpg and a\.png have its name/),
    )
  })

  test('two documents of one picture: the second is named', async () => {
    const { images, problems } = await toldOf({
      'a.jpg': PICTURE,
      'a.xml': vocXml('cat'),
      'b.xml': vocXml('dog', { filename: 'a.jpg' }),
    })
    expect(images).toEqual([`a.jpg ${CAT}`])
    expect(problems).toEqual(['b.xml: skipped, a.xml has labels of a.jpg too'])
  })
})

describe('folders, letter case, extensions and links', () => {
  test.each<[pictures: string, labels: string]>([
    ['images', 'labels'],
    ['Images', 'Labels'],
    ['train/Images', 'train/Labels'],
    ['IMAGES/train', 'LABELS/train'],
    ['JPEGImages', 'labels'],
    ['imgs', 'txt'],
    ['', 'labels'],
    ['data', 'data'],
  ])('YOLO: pictures in %j, labels in %j', async (pictures, labels) => {
    for (const extension of ['txt', 'TXT']) {
      const { images, problems } = await toldOf({
        [join(pictures, 'a.jpg')]: PICTURE,
        [join(labels, `a.${extension}`)]: YOLO_CAT,
        'data.yaml': 'names: [cat]\n',
      })
      expect(images).toEqual([expect.stringContaining(`a.jpg ${CAT}`)])
      expect(problems).toEqual([])
    }
  })

  test.each<[pictures: string, labels: string]>([
    ['JPEGImages', 'Annotations'],
    ['images', 'annots'],
    ['images', 'annotations'],
    ['img', 'xml'],
    ['', ''],
    ['train/images', 'train/annots'],
    ['pics/train', 'boxes/train'],
  ])('VOC: pictures in %j, documents in %j', async (pictures, labels) => {
    for (const extension of ['xml', 'XML']) {
      const { format, images, problems } = await toldOf({
        [join(pictures, 'a.jpg')]: PICTURE,
        [join(labels, `a.${extension}`)]: vocXml('cat'),
      })
      expect(format).toBe('voc')
      expect(images).toEqual([expect.stringContaining(`a.jpg ${CAT}`)])
      expect(problems).toEqual([])
    }
  })

  test('no image finds a label file: refused, since that is not the same as images that show nothing', async () => {
    const files = { 'images/a.jpg': PICTURE, 'labels/b.txt': YOLO_CAT, 'data.yaml': 'names: [cat]\n' }
    await expect(toldOf(files)).rejects.toMatchObject({ code: 'DATA_LABELS_MISSING' })
    await expect(toldOf({ 'a.jpg': PICTURE, 'classes.txt': 'cat\n' })).rejects.toMatchObject({
      code: 'DATA_LABELS_MISSING',
    })
  })

  test('an empty label file says that an image shows nothing; one without is kept beside others', async () => {
    const files = {
      'a.jpg': PICTURE,
      'a.txt': '',
      'b.jpg': PICTURE,
      'b.txt': YOLO_CAT,
      'c.jpg': PICTURE,
      'classes.txt': 'cat\n',
    }
    expect((await toldOf(files)).images).toEqual(['a.jpg 64x48: ', `b.jpg ${CAT}`, 'c.jpg 64x48: '])
  })

  test.each(['jfif', 'jpe', 'JPG', 'Jpeg', 'pjpeg', 'jif'])('pictures ending in .%s', async (extension) => {
    const files = { [`a.${extension}`]: PICTURE, 'a.txt': YOLO_CAT, 'classes.txt': 'cat\n' }
    expect(await toldOf(files)).toMatchObject({ images: [`a.${extension} ${CAT}`], problems: [] })
  })

  test('a linked folder is followed once, loops end', async () => {
    const [root, elsewhere] = [await scratch(), await scratch()]
    await lay(elsewhere, { 'a.jpg': PICTURE, 'sub/b.jpg': PICTURE })
    await lay(root, { 'labels/a.txt': YOLO_CAT, 'labels/sub/b.txt': YOLO_CAT, 'data.yaml': 'names: [cat]\n' })
    await symlink(elsewhere, join(root, 'images'))
    await symlink(root, join(root, 'labels/loop'))
    await symlink(elsewhere, join(elsewhere, 'again'))
    await symlink(join(root, 'nowhere'), join(root, 'broken'))
    expect(await told(root)).toMatchObject({ images: [`a.jpg ${CAT}`, `sub/b.jpg ${CAT}`], problems: [] })
  })

  test('linked pictures and linked label files', async () => {
    const [root, elsewhere] = [await scratch(), await scratch()]
    await lay(elsewhere, { 'a.jpg': PICTURE, 'a.xml': vocXml('cat') })
    await mkdir(join(root, 'x'))
    await symlink(join(elsewhere, 'a.jpg'), join(root, 'x/b.jpg'))
    await symlink(join(elsewhere, 'a.xml'), join(root, 'x/b.xml'))
    expect(await told(root)).toMatchObject({ images: [`x/b.jpg ${CAT}`], problems: [] })
  })

  test('a data set in a folder that has a name of its own kind', async () => {
    const root = await scratch()
    await lay(root, {
      'x/images/a.jpg': PICTURE,
      'x/labels/a.txt': YOLO_CAT,
      'x/data.yaml': 'names: [cat]\n',
    })
    await rename(join(root, 'x'), join(root, 'labels'))
    expect((await told(join(root, 'labels'))).images).toEqual([`a.jpg ${CAT}`])
  })
})

describe('lists', () => {
  const set: Files = {
    'images/a.jpg': PICTURE,
    'images/b.jpg': PICTURE,
    'labels/a.txt': YOLO_CAT,
    'labels/b.txt': YOLO_CAT,
  }
  const [A, B] = [`a.jpg ${CAT}`, `b.jpg ${CAT}`]
  const split = (name: string, image: string) => image.replace('64x48', `64x48 (${name})`)

  test.each<[what: string, files: Files, images: string[]]>([
    [
      'an empty list in data.yaml',
      { 'data.yaml': "names: [cat]\ntrain: images\nval: images\ntest: ''\n" },
      [A, B],
    ],
    ['test: null', { 'data.yaml': 'names: [cat]\ntrain: images\nval: images\ntest: null\n' }, [A, B]],
    ['test without a value', { 'data.yaml': 'names: [cat]\ntrain: images\nval: images\ntest:\n' }, [A, B]],
    [
      'backslashes in a list',
      { 'data.yaml': 'names: [cat]\ntrain: train.txt\n', 'train.txt': 'images\\a.jpg\r\nimages\\b.jpg\r\n' },
      [A, B],
    ],
    ['backslashes in data.yaml', { 'data.yaml': 'names: [cat]\ntrain: .\\images\n' }, [A, B]],
    [
      'absolute paths of another machine',
      {
        'data.yaml': 'names: [cat]\ntrain: C:\\set\\train.txt\n',
        'train.txt': 'D:\\set\\images\\a.jpg\n/home/x/images/b.jpg\n',
      },
      [A, B],
    ],
    [
      'a list beginning with a byte order mark',
      { 'data.yaml': 'names: [cat]\ntrain: train.txt\n', 'train.txt': '\ufeffimages/a.jpg\nimages/b.jpg\n' },
      [A, B],
    ],
    [
      'a list in UTF-16',
      {
        'data.yaml': 'names: [cat]\ntrain: train.txt\n',
        'train.txt': Buffer.from('\ufeffimages/a.jpg\r\nimages/b.jpg\r\n', 'utf16le'),
      },
      [A, B],
    ],
    [
      'train and val',
      {
        'data.yaml': 'names: [cat]\ntrain: t.txt\nval: v.txt\n',
        't.txt': './images/a.jpg\n',
        'v.txt': './images/b.jpg\n',
      },
      [split('train', A), split('val', B)],
    ],
  ])('%s', async (_, files, images) => {
    expect(await toldOf({ ...set, ...files })).toMatchObject({ images, problems: [] })
  })

  test.each<[what: string, files: Files]>([
    [
      "CVAT's obj.data",
      {
        'obj.data': 'classes = 1\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n',
        'train.txt': 'data/obj_train_data/a.jpg\n',
      },
    ],
    [
      "Darknet's, with backslashes",
      {
        'obj.data':
          'classes=1\r\ntrain=data\\train.txt\r\nvalid=data\\train.txt\r\nnames=data\\obj.names\r\n',
        'train.txt': 'data\\obj_train_data\\a.jpg\r\n',
      },
    ],
    [
      'an absolute list',
      {
        'obj.data': 'train = /home/x/train.txt\nnames = /home/x/obj.names\n',
        'train.txt': '/home/x/obj_train_data/a.jpg\n',
      },
    ],
  ])('%s', async (_, files) => {
    const found = await toldOf({
      ...files,
      'obj.names': 'cat\n',
      'obj_train_data/a.jpg': PICTURE,
      'obj_train_data/a.txt': YOLO_CAT,
    })
    expect(found.images).toEqual([expect.stringMatching(/(^|\/)a\.jpg 64x48: cat 1 2 30 40$/)])
    expect(found.problems).toEqual([])
  })

  test('a line of a list that leads nowhere is named', async () => {
    const files = {
      'data.yaml': 'names: [cat]\ntrain: train.txt\n',
      'train.txt': 'images/a.jpg\nimages/gone.jpg\n',
    }
    const { images, problems } = await toldOf({ ...set, ...files })
    expect(images).toEqual([A])
    expect(problems).toContainEqual(
      expect.stringMatching(/train\.txt line 2: skipped, there is no image "images\/gone\.jpg"/),
    )
  })
})
