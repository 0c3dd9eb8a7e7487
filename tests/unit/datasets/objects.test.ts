/** What label files say of objects: sizes, numbers, side fields, classes, and what has no place. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fcos } from '../../support/cli.ts'
import { coco, type Files, labelMe, told, toldOf, vocXml } from '../../support/labels.ts'
import { lay, scratch } from '../../support/scratch.ts'

const PICTURE = [64, 48]

describe('two ids, one class', () => {
  const objects = [1, 2].map((id) => ({ id, image_id: 1, category_id: id, bbox: [1, 2, 29, 38] }))
  const NFD = 'Ka\u0308se'
  test.each<[what: string, one: string, other: string, name: string]>([
    ['the same name', 'cat', 'cat', 'cat'],
    ['a blank behind', 'cat', 'cat ', 'cat'],
    ['two blanks inside', 'my cat', 'my  cat', 'my cat'],
    ['a line break inside', 'my cat', 'my\ncat', 'my cat'],
    ['a space that does not break', 'my cat', 'my\u00a0cat', 'my cat'],
    ['a space without width', 'cat', 'c\u200bat', 'cat'],
    ['letters composed otherwise', 'K\u00e4se', NFD, 'K\u00e4se'],
  ])('COCO and YOLO: %s', async (_, one, other, name) => {
    const categories = [one, other].map((name, i) => ({ id: i + 1, name }))
    const found = await toldOf({
      'a.jpg': PICTURE,
      'c.json': coco(['a.jpg'], { categories, annotations: objects }),
    })
    expect(found.classes).toEqual([name])
    expect(found.images).toEqual([`a.jpg 64x48: ${name} 1 2 30 40, ${name} 1 2 30 40`])
    expect(found.problems).toContainEqual(
      expect.stringMatching(/classes 1 and 2 are both named .*: merged into 1$/),
    )
    const yolo = await toldOf({
      'a.jpg': PICTURE,
      'a.txt': '0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.5 0.5\n',
      'data.yaml': `names: ${JSON.stringify([one, other])}\n`,
    })
    expect(yolo.classes).toEqual([name])
    expect(yolo.images).toEqual([`a.jpg 64x48: ${name} 16 12 48 36, ${name} 16 12 48 36`])
    expect(yolo.problems).toContainEqual(expect.stringMatching(/merged into 0$/))
  })

  test('VOC, LabelMe and CSV: a name composed otherwise is the same class', async () => {
    const pictures = { 'a.jpg': PICTURE, 'b.jpg': PICTURE }
    const [one, other] = ['K\u00e4se', NFD]
    const sets: Files[] = [
      { 'a.xml': vocXml(one), 'b.xml': vocXml(other) },
      { 'a.json': labelMe('a.jpg', one), 'b.json': labelMe('b.jpg', other) },
      { 't.csv': `filename,class,xmin,ymin,xmax,ymax\na.jpg,${one},1,2,30,40\nb.jpg,${other},1,2,30,40\n` },
    ]
    for (const files of sets) expect((await toldOf({ ...pictures, ...files })).classes).toHaveLength(1)
  })

  test('capitals tell classes apart', async () => {
    const categories = [
      { id: 1, name: 'cat' },
      { id: 2, name: 'Cat' },
    ]
    const { classes, problems } = await toldOf({
      'a.jpg': PICTURE,
      'c.json': coco(['a.jpg'], { categories, annotations: objects }),
    })
    expect(classes).toEqual(['cat', 'Cat'])
    expect(problems).toEqual([])
  })
})

describe('a size in the labels that is not that of the image', () => {
  test('VOC: the picture decides, boxes stay, a note says so', async () => {
    const { images, problems } = await toldOf({
      'a.jpg': [200, 100],
      'a.xml': vocXml('cat', { size: [100, 200] }),
    })
    expect(images).toEqual(['a.jpg 200x100: cat 1 2 30 40'])
    expect(problems).toEqual([
      expect.stringMatching(
        /^a\.jpg: repaired, .* 100 × 200, the file has 200 × 100, sides exchanged: boxes kept/,
      ),
    ])
  })

  test.each<[format: string, files: Files]>([
    ['COCO', { 'c.json': coco(['a.jpg']) }],
    ['LabelMe', { 'a.json': labelMe('a.jpg', 'cat') }],
    ['VOC', { 'a.xml': vocXml('cat') }],
    ['CSV', { 't.csv': 'filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,64,48,cat,1,2,30,40\n' }],
  ])('%s: of a photo turned by its EXIF orientation, boxes as stored are turned', async (_, files) => {
    // 64 × 48 as stored; displayed 48 × 64.
    const boxes = { 5: '2 1 40 30', 6: '8 1 46 30', 7: '8 34 46 63', 8: '2 34 40 63' }
    for (const [orientation, box] of Object.entries(boxes)) {
      const found = await toldOf({ 'a.jpg': [...PICTURE, Number(orientation)], ...files })
      expect(found.images).toEqual([`a.jpg 48x64: cat ${box}`])
      expect(found.problems).toEqual([expect.stringMatching(/turned for display: boxes turned with it$/)])
    }
    for (const orientation of [1, 2, 3, 4]) {
      expect(await toldOf({ 'a.jpg': [...PICTURE, orientation], ...files })).toMatchObject({
        images: ['a.jpg 64x48: cat 1 2 30 40'],
        problems: [],
      })
    }
  })

  test('EXIF: the size as stored, boxes as displayed', async () => {
    const files = { 'a.jpg': [...PICTURE, 6], 'a.xml': vocXml('cat', { box: [1, 2, 30, 60] }) }
    expect((await toldOf(files)).images).toEqual(['a.jpg 48x64: cat 1 2 30 60'])
  })

  test.each([0, -1, 0.5, 1e12])('COCO: a side of %d is unknown, the picture tells', async (width) => {
    const images = [{ id: 1, file_name: 'a.jpg', width, height: 48 }]
    expect((await toldOf({ 'a.jpg': PICTURE, 'c.json': coco(['a.jpg'], { images }) })).images).toEqual([
      'a.jpg 64x48: cat 1 2 30 40',
    ])
  })
})

describe('columns of YOLO', () => {
  const read = async (lines: readonly string[], yaml = 'names: [cat, dog]\n') =>
    toldOf({ 'images/a.jpg': [100, 100], 'labels/a.txt': `${lines.join('\n')}\n`, 'data.yaml': yaml })
  const BOX = '0.5 0.5 0.4 0.2'
  const PX = '30 40 70 60'

  test.each<[what: string, lines: string[], objects: string, problems: RegExp[], notKept?: string[]]>([
    ['a box', [`0 ${BOX}`], `cat ${PX}`, []],
    ['class as 0.0', [`0.0 ${BOX}`], `cat ${PX}`, []],
    ['tabs and many blanks', [`0\t${BOX.replaceAll(' ', '   ')}  `], `cat ${PX}`, []],
    ['a score behind', [`0 ${BOX} 0.9`], `cat ${PX} score 0.9`, []],
    [
      'a score in front',
      ['0 0.9 0.2 0.5 0.3 0.2'],
      'cat 5 40 35 60 score 0.9',
      [/first number is taken for the score/],
    ],
    [
      'a track id that is not always 1',
      [`0 ${BOX} 1`, `0 ${BOX} 7`],
      `cat ${PX}, cat ${PX}`,
      [/what follows the box is left out: 1$/, /left out: 7$/],
    ],
    [
      'score and track id',
      [`0 ${BOX} 0.9 1`, `0 ${BOX} 0.8 12`],
      `cat ${PX}, cat ${PX}`,
      [/left out: 0\.9 1$/, /left out: 0\.8 12$/],
    ],
    ['a triangle', ['0 0.1 0.1 0.9 0.1 0.1 0.9'], 'cat 10 10 90 90 outline', []],
    ['a rectangle as polygon', ['0 0.1 0.1 0.5 0.1 0.5 0.3 0.1 0.3'], 'cat 10 10 50 30', []],
    ['a turned rectangle', ['0 0.5 0.1 0.9 0.5 0.5 0.9 0.1 0.5'], 'cat 10 10 90 90 outline', []],
    [
      'polygons of several counts',
      ['0 0.1 0.1 0.9 0.1 0.1 0.9', '1 0.1 0.1 0.9 0.1 0.9 0.9 0.5 0.95 0.1 0.9'],
      'cat 10 10 90 90 outline, dog 10 10 90 95 outline',
      [],
    ],
    [
      'boxes and polygons',
      [`0 ${BOX}`, '1 0.1 0.1 0.9 0.1 0.9 0.9 0.5 0.95 0.1 0.9'],
      `cat ${PX}, dog 10 10 90 95 outline`,
      [],
    ],
    [
      'keypoints that say whether they are seen',
      [`0 ${BOX} 0.4 0.45 2 0.6 0.55 1 0 0 0`],
      `cat ${PX}`,
      [],
      ['keypoints of 1 object'],
    ],
    [
      'numbers beyond 1',
      ['0 0.5 0.5 1.4 0.2', `0 ${BOX}`],
      `cat ${PX}`,
      [/line 1: skipped, the numbers are not fractions/],
    ],
    [
      'pixels',
      ['0 50 50 40 20', `0 ${BOX}`],
      `cat ${PX}`,
      [/line 1: skipped, the numbers are not fractions/],
    ],
    ['too few', ['0 0.5 0.5', `0 ${BOX}`], `cat ${PX}`, [/line 1: skipped, 2 numbers after the class/]],
    ['no number', ['0 0.5 x 0.5 0.5', `0 ${BOX}`], `cat ${PX}`, [/line 1: skipped, /]],
    ['decimal commas', ['0 0,5 0,5 0,4 0,2', `0 ${BOX}`], `cat ${PX}`, [/line 1: skipped, /]],
    ['separated by commas', ['0,0.5,0.5,0.4,0.2', `0 ${BOX}`], `cat ${PX}`, [/line 1: skipped, /]],
    [
      'a class that is not there',
      [`7 ${BOX}`, `0 ${BOX}`],
      `cat ${PX}`,
      [/line 1: skipped, there is no class 7; the data set has 2/],
    ],
    ['no width', ['0 0.5 0.5 0 0.2', `0 ${BOX}`], `cat ${PX}`, [/line 1: skipped, .* has no width/]],
  ])('%s', async (_, lines, objects, problems, notKept = []) => {
    const found = await read(lines)
    expect(found.images).toEqual([`a.jpg 100x100: ${objects}`])
    expect(found.problems).toEqual(problems.map((pattern) => expect.stringMatching(pattern)))
    expect(found.notKept).toEqual(notKept)
  })

  test('a box with two keypoints or a polygon of four corners: neither is guessed; kpt_shape settles it', async () => {
    const lines = [`0 ${BOX} 0.4 0.45 0.35 0.45`, `0 ${BOX} 0.6 0.55 0.6 0.55`]
    const open = await read([...lines, `1 ${BOX}`])
    expect(open.images).toEqual([`a.jpg 100x100: dog ${PX}`])
    expect(open.problems).toEqual(
      [1, 2].map((n) =>
        expect.stringMatching(new RegExp(`line ${n}: skipped, 8 numbers can be .*kpt_shape in data.yaml`)),
      ),
    )
    const settled = await read(lines, 'names: [cat, dog]\nkpt_shape: [2, 2]\n')
    expect(settled.images).toEqual([`a.jpg 100x100: cat ${PX}, cat ${PX}`])
    expect(settled).toMatchObject({ problems: [], notKept: ['keypoints of 2 objects'] })
  })

  test.each([17, 5, 4])('%i keypoints of three numbers without kpt_shape', async (count) => {
    const points = Array.from({ length: count }, (_, i) => `${0.35 + (0.3 * i) / count} 0.5 ${i % 3}`).join(
      ' ',
    )
    const found = await read([`0 ${BOX} ${points}`, `0 ${BOX} ${points}`])
    expect(found).toMatchObject({
      images: [`a.jpg 100x100: cat ${PX}, cat ${PX}`],
      problems: [],
      notKept: ['keypoints of 2 objects'],
    })
  })

  test('an image none of whose lines can be read is not one that shows nothing', async () => {
    const files = {
      'a.jpg': PICTURE,
      'a.txt': '0 50 50 40 20\n',
      'b.jpg': PICTURE,
      'b.txt': '',
      'classes.txt': 'cat\n',
    }
    const { images, problems } = await toldOf(files)
    expect(images).toEqual(['b.jpg 64x48: '])
    expect(problems).toContainEqual(
      expect.stringMatching(/^a\.jpg: skipped, its only object could not be read/),
    )
  })
})

describe('a side field that is odd does not cost the object', () => {
  const box = { id: 1, image_id: 1, category_id: 1, bbox: [1, 2, 29, 38] }
  const polygon = [[1, 2, 30, 2, 30, 40, 1, 40]]
  test.each<[what: string, annotation: object, problem?: RegExp]>([
    ['category_id as text', { category_id: '1' }],
    ['image_id as text', { image_id: '1' }],
    ['numbers as text', { bbox: ['1', '2', '29', '38'] }],
    ['attributes as a list', { attributes: ['x'] }, /attributes/],
    ['an empty list of attributes', { attributes: [] }],
    ['iscrowd as text', { iscrowd: '0' }],
    ['iscrowd as a word', { iscrowd: 'maybe' }, /iscrowd: repaired, "maybe" is neither 0 nor 1/],
    ['iscrowd null', { iscrowd: null }],
    ['area as text', { area: '1102' }],
    ['area as a word', { area: 'large' }, /area: repaired/],
    ['score as text', { score: '0.5' }],
    ['score over 1', { score: 98 }, /score 98 is not in \[0, 1\]/],
    ['difficult as text', { difficult: '0' }],
    ['no id', { id: undefined }],
    ['id as text', { id: 'x' }],
    ['segmentation as a word', { segmentation: 'none' }, /segmentation/],
    ['segmentation null', { segmentation: null }],
    ['segmentation []', { segmentation: [] }],
    ['segmentation [[]]', { segmentation: [[]] }],
    ['segmentation of two points', { segmentation: [[1, 2, 3, 4]] }, /segmentation/],
    [
      'bbox [] with polygons',
      { bbox: [], segmentation: polygon },
      /bbox: repaired, .*taken from the polygons/,
    ],
    ['bbox null with polygons', { bbox: null, segmentation: polygon }, /taken from the polygons/],
    ['bbox of zeros with polygons', { bbox: [0, 0, 0, 0], segmentation: polygon }, /taken from the polygons/],
    ['no bbox with polygons', { bbox: undefined, segmentation: polygon }, /taken from the polygons/],
  ])('COCO: %s', async (_, fields, problem) => {
    const found = await toldOf({
      'a.jpg': PICTURE,
      'c.json': coco(['a.jpg'], { annotations: [{ ...box, ...fields }] }),
    })
    expect(found.images).toEqual([expect.stringMatching(/^a\.jpg 64x48: cat 1 2 30 40/)])
    expect(found.problems).toEqual(problem ? [expect.stringMatching(problem)] : [])
  })

  test.each<[what: string, more: string, problem?: RegExp]>([
    ['difficult as a word', '<difficult>Unspecified</difficult>', /difficult/],
    ['difficult empty', '<difficult></difficult>'],
    ['difficult twice', '<difficult>0</difficult><difficult>0</difficult>', /difficult/],
    ['a score that is none', '<score>high</score>', /score/],
    ['truncated as a word', '<truncated>maybe</truncated>', /truncated/],
    ['pose empty', '<pose/>'],
    [
      'attributes without values',
      '<attributes><attribute><name>x</name></attribute></attributes>',
      /attributes/,
    ],
    ['attributes empty', '<attributes/>'],
  ])('VOC: %s', async (_, more, problem) => {
    const found = await toldOf({ 'a.jpg': PICTURE, 'a.xml': vocXml('cat', { more }) })
    expect(found.images).toEqual(['a.jpg 64x48: cat 1 2 30 40'])
    expect(found.problems).toEqual(problem ? [expect.stringMatching(problem)] : [])
  })

  test.each<[what: string, shape: object, problem?: RegExp]>([
    ['flags null', { flags: null }],
    ['flags as a list', { flags: [] }],
    ['attributes as a list', { attributes: ['x'] }, /attributes/],
    ['a score null', { score: null }],
    ['a score as text', { score: '0.5' }],
    ['a score that is none', { score: 'high' }, /score/],
    ['difficult null', { difficult: null }],
    ['a group as text', { group_id: 'a' }],
    ['a description that is a number', { description: 5 }],
    ['a label that is a number', { label: 7 }],
    [
      'points with a third number',
      {
        points: [
          [1, 2, 0],
          [30, 40, 0],
        ],
      },
    ],
  ])('LabelMe: %s', async (_, fields, problem) => {
    const shapes = [
      {
        label: 'cat',
        points: [
          [1, 2],
          [30, 40],
        ],
        shape_type: 'rectangle',
        flags: {},
        ...fields,
      },
    ]
    const found = await toldOf({ 'a.jpg': PICTURE, 'a.json': labelMe('a.jpg', '', { shapes }) })
    expect(found.images).toEqual([expect.stringMatching(/^a\.jpg 64x48: (cat|7) 1 2 30 40/)])
    expect([...found.problems, ...found.notKept.filter((line) => problem?.test(line))]).toEqual(
      problem ? [expect.stringMatching(problem)] : [],
    )
  })

  test('an image of which every object had to be dropped is left out by name', async () => {
    const annotations = [
      { ...box, bbox: 'x' },
      { ...box, id: 2, image_id: 2 },
    ]
    const { images, problems } = await toldOf({
      'a.jpg': PICTURE,
      'b.jpg': PICTURE,
      'c.json': coco(['a.jpg', 'b.jpg'], { annotations }),
    })
    expect(images).toEqual(['b.jpg 64x48: cat 1 2 30 40'])
    expect(problems).toContainEqual(
      expect.stringMatching(/^a\.jpg: skipped, its only object could not be read/),
    )
  })
})

describe('LabelMe', () => {
  const mask = (points: number[][]) => ({
    label: 'cat',
    points,
    shape_type: 'mask',
    mask: 'iVBORw0KGgo=',
    flags: {},
  })
  test('the corners of a mask are its first and last pixel', async () => {
    const shapes = [
      mask([
        [10, 20],
        [17, 24],
      ]),
      mask([
        [50, 20],
        [50, 24],
      ]),
      mask([
        [5, 5],
        [5, 5],
      ]),
      mask([
        [17, 24],
        [10, 20],
      ]),
    ]
    expect((await toldOf({ 'a.jpg': PICTURE, 'a.json': labelMe('a.jpg', '', { shapes }) })).images).toEqual([
      'a.jpg 64x48: cat 10 20 18 25, cat 50 20 51 25, cat 5 5 6 6, cat 10 20 18 25',
    ])
  })

  test('a file with more than 32 MiB of picture is recognised and read', async () => {
    const imageData = 'A'.repeat(33 * 2 ** 20)
    for (const more of [
      { imageData },
      {
        imageData,
        shapes: [
          {
            label: 'cat',
            points: [
              [1, 2],
              [30, 40],
            ],
            shape_type: 'rectangle',
          },
        ],
      },
    ]) {
      expect(await toldOf({ 'a.jpg': PICTURE, 'a.json': labelMe('a.jpg', 'cat', more) })).toMatchObject({
        format: 'labelme',
        images: ['a.jpg 64x48: cat 1 2 30 40'],
        problems: [],
      })
    }
    const first = `{"imageData":"${imageData}",${labelMe('a.jpg', 'cat').replace('"imageData":null,', '').slice(1)}`
    expect(await toldOf({ 'a.jpg': PICTURE, 'a.json': first })).toMatchObject({
      images: ['a.jpg 64x48: cat 1 2 30 40'],
    })
  })
})

describe('what cannot be kept is named', () => {
  test('COCO', async () => {
    const files = {
      'a.jpg': PICTURE,
      'c.json': coco(['a.jpg'], {
        images: [{ id: 1, file_name: 'a.jpg', width: 64, height: 48, license: 1, coco_url: '' }],
        annotations: [
          {
            id: 1,
            image_id: 1,
            category_id: 1,
            bbox: [1, 2, 29, 38],
            keypoints: [5, 5, 2],
            num_keypoints: 1,
            rotation: 30,
            track_id: 4,
          },
        ],
        categories: [
          { id: 1, name: 'cat', supercategory: 'animal', keypoints: ['nose'], skeleton: [[1, 2]], color: '' },
        ],
      }),
    }
    expect((await toldOf(files)).notKept.toSorted()).toEqual([
      'keypoints of 1 class',
      'keypoints of 1 object',
      'license of 1 image',
      'num_keypoints of 1 object',
      'rotation of 1 object',
      'skeleton of 1 class',
      'supercategory of 1 class',
      'track_id of 1 object',
    ])
  })

  test('VOC, LabelMe and CSV', async () => {
    const more = '<occluded>1</occluded><part><name>head</name></part><polygon><x1>1</x1></polygon>'
    expect((await toldOf({ 'a.jpg': PICTURE, 'a.xml': vocXml('cat', { more }) })).notKept).toEqual([
      'occluded of 1 object',
      'part of 1 object',
      'polygon of 1 object',
    ])
    const shapes = [
      {
        label: 'cat',
        points: [
          [1, 2],
          [30, 40],
        ],
        shape_type: 'rectangle',
        direction: 1.5,
        group_id: 3,
      },
    ]
    expect((await toldOf({ 'a.jpg': PICTURE, 'a.json': labelMe('a.jpg', '', { shapes }) })).notKept).toEqual([
      'group of 1 object',
      'direction of 1 object',
    ])
    const csv = 'filename,class,xmin,ymin,xmax,ymax,pose\na.jpg,cat,1,2,30,40,left\n'
    expect((await toldOf({ 'a.jpg': PICTURE, 't.csv': csv })).notKept).toEqual(['column "pose" of 1 object'])
  })
})

describe('CSV', () => {
  const read = (csv: string) => toldOf({ 'a.jpg': PICTURE, 't.csv': csv })
  const ROW = 'a.jpg,cat,1,2,30,40'
  const HEAD = 'filename,class,xmin,ymin,xmax,ymax'
  test.each<[what: string, csv: string, problems: RegExp[]]>([
    ['plain', `${HEAD}\n${ROW}\n`, []],
    ['semicolons', `${HEAD}\n${ROW}\n`.replaceAll(',', ';'), []],
    ['tabs', `${HEAD}\n${ROW}\n`.replaceAll(',', '\t'), []],
    ['sep=', `sep=;\r\n${`${HEAD}\n${ROW}\n`.replaceAll(',', ';')}`, []],
    [
      'quotes and blanks',
      `"filename", "class", "xmin", "ymin", "xmax", "ymax"\n"a.jpg", "cat", 1, 2, 30, 40\n`,
      [],
    ],
    ['a field too many', `${HEAD}\n${ROW},black\n`, [/line 2: repaired, the row has 7 fields, the header 6/]],
    ['a comma at every end', `${HEAD},\n${ROW},\n`, []],
    ['a comma at the end of rows', `${HEAD}\n${ROW},\n`, []],
    [
      'a number before class_name',
      `filename,label,class_name,xmin,ymin,xmax,ymax\na.jpg,3,cat,1,2,30,40\n`,
      [],
    ],
    ['path before filename', `path,filename,class,xmin,ymin,xmax,ymax\n/home/x/b.jpg,${ROW}\n`, []],
    ['image_id before file_name', `image_id,file_name,class,x1,y1,x2,y2\n17,${ROW}\n`, []],
    ['other titles', `Image_Path,Label,Left,Top,Right,Bottom\n${ROW}\n`, []],
    [
      'an absolute path',
      `${HEAD}\n/home/x/set/${ROW}\n`,
      [/^home\/x\/set\/a\.jpg: repaired, .* found by its name alone$/],
    ],
    ['backslashes', `${HEAD}\nC:\\set\\${ROW}\n`, [/^set\/a\.jpg: repaired, .* found by its name alone$/]],
    ['mixed line ends', `${HEAD}\r\n${ROW}\n`, []],
    ['line ends of old Macs', `${HEAD}\r${ROW}\r`, []],
    [
      'a comma in quotes behind a blank',
      `${HEAD}\n${ROW}\na.jpg, "cat, black",1,2,30,40\n`,
      [/line 3: repaired, the row has 7 fields/, /line 3: skipped, .* behind a blank/],
    ],
    [
      'a row cut off',
      `${HEAD}\n${ROW}\na.jpg,cat,1,2\n`,
      [/line 3: skipped, the box is not four finite numbers/],
    ],
    [
      'fractions',
      `${HEAD}\n${ROW}\na.jpg,cat,0.1,0.2,0.5,0.6\n`,
      [/line 3: skipped, the corners .* are fractions/],
    ],
    [
      'decimal commas in quotes',
      `${HEAD}\n${ROW}\na.jpg,cat,"1,5","2,5","3,5","4,5"\n`,
      [/line 3: skipped, /],
    ],
    ['an open quote', `${HEAD}\n${ROW}\n"a.jpg,cat,1,2,30,40\n`, [/line 3: skipped, /]],
    ['a remark behind', `${HEAD}\n${ROW}\n# made by hand\n`, [/line 3: skipped, /]],
    ['no class', `${HEAD}\n${ROW}\na.jpg,,1,2,30,40\n`, [/line 3: skipped, the class has no name/]],
  ])('%s', async (_, csv, problems) => {
    const found = await read(csv)
    expect(found.images).toEqual([`a.jpg 64x48: cat 1 2 30 40`])
    expect(found.problems).toEqual(problems.map((pattern) => expect.stringMatching(pattern)))
  })
})

describe('errors name the true cause', () => {
  const results = JSON.stringify([{ image_id: 1, category_id: 1, bbox: [1, 2, 3, 4], score: 0.5 }])
  test.each<[what: string, files: Files, path: string, code: string, message: RegExp]>([
    ['a list of results', { 'r.json': results }, 'r.json', 'DATA_JSON', /r\.json is a list/],
    [
      'data.yaml in GBK',
      {
        'a.jpg': PICTURE,
        'a.txt': '0 0.5 0.5 0.5 0.5\n',
        'data.yaml': Buffer.from([...Buffer.from('names: ['), 0xba, 0xec, ...Buffer.from(']\n')]),
      },
      '',
      'DATA_ENCODING',
      /data\.yaml is not text in utf-8/,
    ],
    [
      'classes.txt in Latin-1',
      { 'a.jpg': PICTURE, 'a.txt': '0 0.5 0.5 0.5 0.5\n', 'classes.txt': Buffer.from('K\xe4se\n', 'latin1') },
      '',
      'DATA_ENCODING',
      /classes\.txt is not text in utf-8/,
    ],
    [
      'data.yaml that is no YAML',
      { 'a.jpg': PICTURE, 'a.txt': '0 0.5 0.5 0.5 0.5\n', 'data.yaml': 'names: [cat\n' },
      '',
      'DATA_YOLO',
      /data\.yaml is not a YOLO data\.yaml/,
    ],
    [
      'YOLO files without a list of classes',
      { 'a.jpg': PICTURE, 'a.txt': '0 0.5 0.5 0.5 0.5\n' },
      '',
      'DATA_FORMAT',
      /YOLO labels \(a\.txt\), but no data\.yaml or classes\.txt/,
    ],
    [
      'a LabelMe file alone',
      { 'a.jpg': PICTURE, 'a.json': labelMe('a.jpg', 'cat') },
      'a.json',
      'DATA_COCO',
      /a LabelMe file of one image/,
    ],
    [
      'a VIA file',
      { 'v.json': '{"a.jpg123":{"filename":"a.jpg","size":123,"regions":[]}}' },
      'v.json',
      'DATA_COCO',
      /a VIA file/,
    ],
    [
      'COCO without categories',
      { 'c.json': '{"images":[],"annotations":[]}' },
      'c.json',
      'DATA_COCO',
      /no list "categories"/,
    ],
    ['JSON cut off', { 'c.json': '{"images":[' }, 'c.json', 'DATA_JSON', /c\.json/],
    ['an empty JSON file', { 'c.json': '' }, 'c.json', 'DATA_JSON', /c\.json/],
    ['one XML file', { 'a.xml': vocXml('cat') }, 'a.xml', 'USAGE_DATASET', /one Pascal VOC file/],
    ['a table without columns', { 't.csv': 'a,b\n1,2\n' }, '', 'DATA_CSV', /no column filename, class, xmin/],
    [
      'labels without a picture',
      { 'c.json': coco(['a.jpg']) },
      '',
      'DATA_IMAGES_MISSING',
      /None of the 1 images was found/,
    ],
    [
      'a list in another encoding, the only one',
      {
        'images/a.jpg': PICTURE,
        'labels/a.txt': '0 0.5 0.5 0.5 0.5\n',
        'data.yaml': 'names: [cat]\ntrain: t.txt\n',
        't.txt': Buffer.from('images/\xe4.jpg\n', 'latin1'),
      },
      '',
      'DATA_IMAGES_MISSING',
      /t\.txt is not text in utf-8/,
    ],
    [
      'a VOC list in another encoding',
      {
        'a.jpg': PICTURE,
        'a.xml': vocXml('cat'),
        'ImageSets/Main/train.txt': Buffer.from('\xe4\n', 'latin1'),
      },
      ':train',
      'DATA_ENCODING',
      /train\.txt is not text in utf-8/,
    ],
  ])('%s', async (_, files, path, code, message) => {
    const root = await scratch()
    await lay(root, files)
    const place = path.startsWith(':') ? `${root}${path}` : join(root, path)
    await expect(told(place)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

test('--strict accepts what is in order, of every layout, and refuses what is not', async () => {
  const root = await scratch()
  const YOLO = '0 0.5 0.5 0.5 0.5\n'
  const sets: Record<string, Files> = {
    named: { 'IMG_1.jpg': PICTURE, '000001.xml': vocXml('cat', { filename: 'IMG_1.jpg' }) },
    twice: { 'a.jpg': PICTURE, 'a.xml.xml': vocXml('cat', { filename: 'a.jpg' }) },
    yolo: {
      'images/a.jpg': PICTURE,
      'labels/a.txt': YOLO,
      'README.txt': 'Made with care\n',
      'data.yaml': 'names: [cat]\ntrain: images\nval: images\n',
    },
    coco: {
      'images/a.jpg': PICTURE,
      'annotations/instances_train.json': coco(['a.jpg']),
      'annotations/captions_train.json': '{"images":[],"annotations":[]}',
    },
  }
  for (const [name, files] of Object.entries(sets)) {
    await lay(join(root, name), files)
    const { status, err } = await fcos(['convert', name, '--to', 'coco', `${name}.json`, '--strict'], root)
    expect([name, status, err]).toEqual([name, 0, expect.not.stringContaining('fcos:')])
  }
  await lay(join(root, 'bad'), { ...sets.twice, 'b.jpg': PICTURE })
  expect(await fcos(['convert', 'bad', '--to', 'coco', 'bad.json', '--strict'], root)).toMatchObject({
    status: 2,
    err: expect.stringContaining('b.jpg: skipped, it has no XML file'),
  })
}, 240_000)
