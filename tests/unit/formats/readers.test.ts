import { describe, expect, test } from 'vitest'
import { safeRelativePath } from '../../../src/core/formats/checks.ts'
import { parseCoco } from '../../../src/core/formats/coco.ts'
import { parseCsv } from '../../../src/core/formats/csv.ts'
import type { Category } from '../../../src/core/formats/dataset.ts'
import { parseLabelMe } from '../../../src/core/formats/labelme.ts'
import { describeProblem } from '../../../src/core/formats/problems.ts'
import { parseVoc } from '../../../src/core/formats/voc.ts'
import { parseYolo } from '../../../src/core/formats/yolo.ts'
import { parseDataYaml } from '../../../src/core/formats/yolo-names.ts'

describe('coco', () => {
  const read = (parts: object) =>
    parseCoco(
      {
        images: [{ id: 5, file_name: 'a.jpg', width: 64, height: 48 }],
        categories: [{ id: 9, name: 'cat' }],
        ...parts,
      },
      'f.json',
    )
  const object = { image_id: 5, category_id: 9, bbox: [1, 2, 3, 4] }

  test('keeps ids, areas, crowds and segmentations as they came', () => {
    const { dataset, problems } = read({
      annotations: [
        { ...object, id: 1, area: 7.5, iscrowd: 1, segmentation: { size: [48, 64], counts: 'T35[10li2' } },
        { ...object, id: 2, area: 6, iscrowd: 0, segmentation: [[1, 2, 4, 2, 4, 6]] },
      ],
    })
    expect(problems).toEqual([])
    expect(dataset.categories).toEqual([{ id: 9, name: 'cat' }])
    expect(dataset.images[0]?.annotations).toEqual([
      {
        categoryId: 9,
        box: [1, 2, 4, 6],
        area: 7.5,
        crowd: true,
        segmentation: { size: [48, 64], counts: 'T35[10li2' },
      },
      { categoryId: 9, box: [1, 2, 4, 6], area: 6, segmentation: [[1, 2, 4, 2, 4, 6]] },
    ])
  })

  test.each([
    [
      { annotations: [{ ...object, bbox: [1, 2, 0, 4] }] },
      'annotations[0].bbox: skipped, the box [1, 2, 1, 6] has no width',
    ],
    [
      { annotations: [object, { ...object, bbox: [9, 9, -4, 4] }] },
      'annotations[1].bbox: repaired, the box [9, 9, 5, 13] is inverted: corners swapped',
    ],
    [
      { annotations: [{ ...object, bbox: [1, 2, Infinity, 4] }] },
      'annotations[0].bbox: skipped, the box is not four finite numbers',
    ],
    [
      { annotations: [{ ...object, bbox: [1, 2, 1e300, 4] }] },
      'annotations[0].bbox: skipped, the box [1, 2, 1e+300, 6] is out of range',
    ],
    [{ annotations: [{ ...object, image_id: 6 }] }, 'annotations[0].image_id: skipped, there is no image 6'],
    [
      { annotations: [{ ...object, category_id: 1 }] },
      'annotations[0].category_id: skipped, there is no category 1',
    ],
    [
      {
        annotations: [
          { ...object, id: 3 },
          { ...object, id: 3 },
        ],
      },
      'annotations[1].id: repaired, id 3 is not unique: both objects kept',
    ],
    [
      { annotations: [{ ...object, score: 1.5 }] },
      'annotations[0].score: repaired, score 1.5 is not in [0, 1]: left out',
    ],
    [
      {
        categories: [
          { id: 9, name: 'cat' },
          { id: 9, name: 'dog' },
        ],
      },
      'categories[1].id: skipped, category 9 was already given',
    ],
    [
      { images: [{ id: 5, file_name: '../' }] },
      'images[0].file_name: skipped, "../" is not a path inside the image folder',
    ],
    [
      { images: [{ id: 5, file_name: 'a.jpg', width: -1, height: 3 }] },
      'images[0]: repaired, the size -1 × 3 is not one of an image: taken as unknown',
    ],
  ])('reports %j', (parts, expected) => {
    expect(read(parts).problems.map(describeProblem)).toEqual([`f.json, ${expected}`])
  })

  test('refuses what is no data set', () => {
    expect(() => parseCoco([], 'f.json')).toThrow(/^f.json is not a COCO data set/)
  })
})

describe('voc', () => {
  const wrap = (object: string) =>
    `<?xml version="1.0"?>\n<annotation>\n<filename>a &#233;&amp;b.jpg</filename>\n<size><width>64</width><height>48</height></size>\n${object}\n</annotation>`
  const bndbox = '<bndbox><xmin>1.25</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>'

  test('takes coordinates as pixel edges as written, references decoded, flags kept', () => {
    const { document, log } = parseVoc(
      wrap(
        `<object><name>cat &lt;1&gt;</name><truncated>1</truncated><difficult>1</difficult>\n${bndbox}</object>`,
      ),
      'a.xml',
    )
    expect(log.problems).toEqual([])
    expect(document).toEqual({
      fileName: 'a é&b.jpg',
      width: 64,
      height: 48,
      objects: [
        { className: 'cat <1>', box: [1.25, 2, 30, 40], difficult: true, attributes: { truncated: true } },
      ],
    })
  })

  test('names the line of an object that it leaves out', () => {
    const flat = bndbox.replace('30', '1.25')
    const { document, log } = parseVoc(
      wrap(`<object><name>cat</name>\n${flat}</object>\n<object>${bndbox}</object>`),
      'a.xml',
    )
    expect(document.objects).toEqual([])
    expect(log.problems.map(describeProblem)).toEqual([
      'a.xml, line 6: skipped, the box [1.25, 2, 1.25, 40] has no width',
      'a.xml, line 7: skipped, name: Invalid input: expected string, received undefined',
    ])
  })

  test('swaps inverted corners and says so', () => {
    const { document, log } = parseVoc(
      wrap(`<object><name>cat</name>${bndbox.replace('1.25', '50')}</object>`),
      'a.xml',
    )
    expect(document.objects[0]?.box).toEqual([30, 2, 50, 40])
    expect(log.problems).toMatchObject([{ where: 'line 5', action: 'repaired' }])
  })

  test.each([
    [
      'an entity bomb',
      '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>',
      /document type/,
    ],
    ['a truncated file', wrap(`<object>${bndbox}</object>`).slice(0, -20), /line \d+/],
    ['deep nesting', '<annotation>'.repeat(1000) + '</annotation>'.repeat(1000), /nested/i],
    ['a reserved name', '<annotation><__proto__/></annotation>', /__proto__/],
    ['another document', '<html></html>', /annotation/],
    ['no XML', '{}', /not Pascal VOC/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseVoc(text, 'a.xml')).toThrow(message)
    expect(() => parseVoc(text, 'a.xml')).toThrow(expect.objectContaining({ code: 'DATA_VOC' }))
  })

  test('takes a name from the file name, never a path', () => {
    const named = (name: string) => parseVoc(wrap('').replace('a &#233;&amp;b.jpg', name), 'a.xml')
    for (const path of ['../../x.jpg', 'C:\\photos\\x.jpg', '/home/me/x.jpg']) {
      expect(named(path).document.fileName).toBe('x.jpg')
    }
    expect(named('../..').document.fileName).toBeUndefined()
    expect(named('../..').log.problems).toMatchObject([{ where: 'filename', action: 'repaired' }])
  })
})

describe('yolo', () => {
  const classes: Category[] = [
    { id: 0, name: 'a' },
    { id: 1, name: 'b' },
  ]
  const read = (text: string) => parseYolo(text, 'a.txt', { width: 200, height: 100 }, classes)

  test('boxes, scores and polygons are fractions of the image size', () => {
    const { annotations, log } = read(
      '0 0.5 0.5 0.1 0.2\n\n1 0.25 0.25 0.5 0.5 0.75\r\n1 0 0 0.5 0 0.5 0.4\n',
    )
    expect(log.problems).toEqual([])
    expect(annotations).toEqual([
      { categoryId: 0, box: [90, 40, 110, 60] },
      { categoryId: 1, box: [0, 0, 100, 50], score: 0.75 },
      { categoryId: 1, box: [0, 0, 100, 40], segmentation: [[0, 0, 100, 0, 100, 40]] },
    ])
  })

  test.each([
    ['2 0.5 0.5 0.1 0.1', 'there is no class 2; the data set has 2'],
    ['x 0.5 0.5 0.1 0.1', 'there is no class x; the data set has 2'],
    ['0 0.5 0.5 0.1', '3 numbers after the class; a box has 4'],
    ['0 90 40 110 60', 'the numbers are not fractions of the image size, between 0 and 1'],
    ['0 nan 0.5 0.1 0.1', 'the numbers are not fractions of the image size, between 0 and 1'],
    ['0 0.5 0.5 0 0.1', 'the box [100, 45, 100, 55] has no width'],
  ])('reports %s', (line, reason) => {
    expect(read(`0 0.5 0.5 0.1 0.2\n${line}`).log.problems).toEqual([
      { file: 'a.txt', where: 'line 2', reason, action: 'skipped' },
    ])
  })

  test('data.yaml gives the order of the classes and the lists', () => {
    const list = parseDataYaml(
      'path: ../x\ntrain: images/train\nval: [a, b.txt]\nnc: 2\nnames: [no, b]',
      'data.yaml',
    )
    expect(list.categories).toEqual([
      { id: 0, name: 'no' },
      { id: 1, name: 'b' },
    ])
    expect(list.root).toBe('../x')
    expect([...list.splits]).toEqual([
      ['train', ['images/train']],
      ['val', ['a', 'b.txt']],
    ])
    const numbered = parseDataYaml('names:\n  2: c\n  0: a', 'data.yaml')
    expect(numbered.categories).toEqual([
      { id: 0, name: 'a' },
      { id: 2, name: 'c' },
    ])
  })

  test.each([
    ['names: [a\n', /flow|Flow/],
    ['train: x', /names/],
    ['a: &a [x]\nb: &b [*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b]\nnames: [*c,*c,*c]', /alias/i],
  ])('refuses %j', (text, message) => {
    expect(() => parseDataYaml(text, 'data.yaml')).toThrow(message)
  })
})

describe('labelme', () => {
  const read = (...shapes: object[]) =>
    parseLabelMe({ shapes, imagePath: 'a.jpg', imageWidth: 64, imageHeight: 48 }, 'a.json')

  test('rectangles in any order of corners, circles, and polygons of one group as one object', () => {
    const { document } = read(
      {
        label: 'r',
        shape_type: 'rectangle',
        points: [
          [30, 40],
          [10, 20],
        ],
      },
      {
        label: 'c',
        shape_type: 'circle',
        points: [
          [20, 20],
          [23, 24],
        ],
      },
      {
        label: 'p',
        shape_type: 'polygon',
        group_id: 1,
        points: [
          [0, 0],
          [4, 0],
          [4, 4],
        ],
        flags: { difficult: true },
      },
      {
        label: 'p',
        shape_type: 'polygon',
        group_id: 1,
        points: [
          [8, 8],
          [9, 8],
          [9, 9],
        ],
      },
    )
    expect(document.objects).toEqual([
      { className: 'r', box: [10, 20, 30, 40] },
      { className: 'c', box: [15, 15, 25, 25] },
      {
        className: 'p',
        box: [0, 0, 9, 9],
        difficult: true,
        segmentation: [
          [0, 0, 4, 0, 4, 4],
          [8, 8, 9, 8, 9, 9],
        ],
      },
    ])
  })

  test.each([
    [{ label: 'x', shape_type: 'point', points: [[1, 1]] }, 'a point of 1 point has no box'],
    [
      {
        label: ' ',
        shape_type: 'rectangle',
        points: [
          [1, 1],
          [2, 2],
        ],
      },
      'the class has no name',
    ],
    [
      {
        label: 'x',
        shape_type: 'rectangle',
        points: [
          [1, 1],
          [1, 2],
        ],
      },
      'the box [1, 1, 1, 2] has no width',
    ],
    [
      {
        label: 'x',
        shape_type: 'polygon',
        points: [
          [1, 1],
          [1, 2],
        ],
      },
      'a polygon of 2 points has no box',
    ],
  ])('reports %j', (shape, reason) => {
    expect(read(shape).log.problems).toMatchObject([{ where: 'shapes[0]', reason, action: 'skipped' }])
  })
})

describe('csv', () => {
  test('rows of one image, images that show nothing, quoted cells, other column names', () => {
    const { dataset, problems } = parseCsv(
      'image;label;x1;y1;x2;y2\r\n"b;1.jpg";"a ""b""";1;2;3.5;4\r\na.jpg;;;;;\r\n"b;1.jpg";c;5;6;7;8\r\n',
      'x.csv',
    )
    expect(problems).toEqual([])
    expect(dataset).toEqual({
      categories: [
        { id: 1, name: 'a "b"' },
        { id: 2, name: 'c' },
      ],
      images: [
        { id: 1, fileName: 'a.jpg', width: 0, height: 0, annotations: [] },
        {
          id: 2,
          fileName: 'b;1.jpg',
          width: 0,
          height: 0,
          annotations: [
            { categoryId: 1, box: [1, 2, 3.5, 4] },
            { categoryId: 2, box: [5, 6, 7, 8] },
          ],
        },
      ],
    })
  })

  test('names the line, also behind a cell with a line break', () => {
    const header = 'filename,width,height,class,xmin,ymin,xmax,ymax'
    const { problems } = parseCsv(
      `${header}\na.jpg,9,9,"x\ny",1,2,3,4\n\na.jpg,9,9,x,1,2,1,4\n..,9,9,x,1,2,3,4\na.jpg,8,9,x,1,2,3,4\n`,
      'x.csv',
    )
    expect(problems.map(describeProblem)).toEqual([
      'x.csv, line 2: repaired, white space or control characters removed from class "x y"',
      'x.csv, line 5: skipped, the box [1, 2, 1, 4] has no width',
      'x.csv, line 6: skipped, ".." is not a path inside the image folder',
      'x.csv, line 7: repaired, the image is 9 × 9 in an earlier row: that size is kept',
    ])
  })

  test('refuses a table without its columns', () => {
    expect(() => parseCsv('a.jpg,1,2,3,4,cat\n', 'x.csv')).toThrow(/no column filename, class, xmin/)
    expect(() => parseCsv('', 'x.csv')).toThrow(/no column/)
  })
})

test.each([
  ['a.jpg', 'a.jpg'],
  ['./a//b.jpg', 'a/b.jpg'],
  ['train\\a.jpg', 'train/a.jpg'],
  ['..a/b..jpg', '..a/b..jpg'],
  ['../a.jpg', undefined],
  ['a/../../b.jpg', undefined],
  ['a\\..\\b.jpg', undefined],
  ['/a.jpg', undefined],
  ['\\\\server\\a.jpg', undefined],
  ['C:a.jpg', undefined],
  ['a\0.jpg', undefined],
  ['.', undefined],
  ['', undefined],
  ['a/'.repeat(600), undefined],
])('the path %j inside the image folder is %j', (raw, expected) => {
  expect(safeRelativePath(raw)).toBe(expected)
})
