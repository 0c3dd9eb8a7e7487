/** Label files as text: their encodings, and names that readers of YAML take for something else. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadDataset, writeDataset } from '../../../src/main/studio/datasets/index.ts'
import { coco, type Files, labelMe, toldOf, vocXml } from '../../support/labels.ts'
import { lay, scratch } from '../../support/scratch.ts'

const PICTURE = [64, 48]

/** Bytes of a text in a code page that Node reads and does not write: found by reading every pair of bytes. */
function encode(text: string, encoding: string): Buffer {
  const decoder = new TextDecoder(encoding)
  const codes = new Map<string, number[]>()
  for (let high = 0; high < 256; high++) {
    const one = decoder.decode(Uint8Array.of(high))
    if (one.length === 1 && one !== '\ufffd') codes.set(one, [high])
    for (let low = 0x40; low < 256 && high >= 0x80; low++) {
      const two = decoder.decode(Uint8Array.of(high, low))
      if (two.length === 1 && two !== '\ufffd' && !codes.has(two)) codes.set(two, [high, low])
    }
  }
  return Buffer.from([...text].flatMap((letter) => codes.get(letter)!))
}

const declaring = (encoding: string, name: string): string =>
  `<?xml version="1.0" encoding="${encoding}"?>\n${vocXml(name)}`

describe('XML', () => {
  test.each<[declared: string, real: string, name: string]>([
    ['shift_jis', 'shift_jis', '猫'],
    ['Shift-JIS', 'shift_jis', '犬と猫'],
    ['cp932', 'shift_jis', '猫'],
    ['windows-31j', 'shift_jis', '猫'],
    ['euc-jp', 'euc-jp', '猫'],
    ['GBK', 'gbk', '红球'],
    ['gb2312', 'gbk', '红球'],
    ['GB18030', 'gb18030', '红球'],
    ['cp936', 'gbk', '红球'],
    ['GBK', 'gbk', '猫'],
    ['gb2312', 'gbk', '路'],
    ['shift_jis', 'shift_jis', 'ﾈｺ'],
    ['big5', 'big5', '貓'],
    ['cp950', 'big5', '貓'],
    ['EUC-KR', 'euc-kr', '고양이'],
    ['ks_c_5601-1987', 'euc-kr', '고양이'],
    ['cp949', 'euc-kr', '고양이'],
    ['windows-1252', 'windows-1252', 'Käse – 5 €'],
    ['ISO-8859-1', 'windows-1252', 'Käse'],
    ['latin1', 'windows-1252', 'Käse'],
    ['iso8859-15', 'iso-8859-15', '5 €'],
    ['cp1250', 'windows-1250', 'Šťáva'],
    ['windows_1251', 'windows-1251', 'кот'],
    ['koi8-r', 'koi8-r', 'кот'],
    ['cp866', 'ibm866', 'кот'],
  ])('declared as %s and written so', async (declared, real, name) => {
    const files = { 'a.jpg': PICTURE, 'a.xml': encode(declaring(declared, name), real) }
    expect(await toldOf(files)).toMatchObject({ classes: [name], problems: [] })
  })

  test.each([
    'utf-8',
    'UTF8',
    'utf_8',
    'utf-16',
    'unicode',
    'ANSI',
    'gb2312',
    'windows-1252',
    'nonsense',
    'ascii',
    'us-ascii',
  ])('UTF-8 that is declared as %s', async (declared) => {
    for (const text of [declaring(declared, 'Käse 猫'), `\ufeff${declaring(declared, 'Käse 猫')}`]) {
      expect(await toldOf({ 'a.jpg': PICTURE, 'a.xml': text })).toMatchObject({
        classes: ['Käse 猫'],
        problems: [],
      })
    }
  })

  test.each(['utf-16', 'utf-8', 'UTF-16LE', 'unicode'])('UTF-16 that is declared as %s', async (declared) => {
    const text = declaring(declared, 'Käse 猫')
    const bytes = Buffer.from(text, 'utf16le')
    const forms = [
      bytes,
      Buffer.from(bytes).swap16(),
      Buffer.from(`\ufeff${text}`, 'utf16le'),
      Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
    ]
    for (const form of forms) {
      expect(await toldOf({ 'a.jpg': PICTURE, 'a.xml': form })).toMatchObject({
        classes: ['Käse 猫'],
        problems: [],
      })
    }
  })

  test.each<[what: string, bad: string | Buffer]>([
    ['no declaration', encode(vocXml('Käse'), 'windows-1252')],
    ['an encoding that nobody knows', encode(declaring('x-mine', 'Käse'), 'windows-1252')],
    ['another than is declared', encode(declaring('utf-8', 'Käse'), 'windows-1252')],
    ['no letters of the declared one', encode(declaring('shift_jis', 'é'), 'windows-1252')],
    ['no XML at all', 'text'],
    ['cut off', vocXml('cat').slice(0, 60)],
    ['nothing', ''],
    ['zeros', Buffer.alloc(100)],
    ['a document type', `<!DOCTYPE annotation>${vocXml('cat')}`],
    ['another kind of document', '<svg></svg>'],
  ])('one file with %s does not end the import', async (_, bad) => {
    const { images, problems } = await toldOf({
      'a.jpg': PICTURE,
      'a.xml': bad,
      'b.jpg': PICTURE,
      'b.xml': vocXml('dog'),
    })
    expect(images).toEqual(['b.jpg 64x48: dog 1 2 30 40'])
    expect(problems).toEqual([expect.stringMatching(/^a\.xml: skipped, /)])
  })
})

describe('one file that cannot be read does not end the import', () => {
  const LATIN = Buffer.from('K\xe4se\n', 'latin1')
  test.each<[what: string, files: Files]>([
    [
      'LabelMe in another encoding',
      { 'a.json': Buffer.from(labelMe('a.jpg', 'K\xe4se'), 'latin1'), 'b.json': labelMe('b.jpg', 'cat') },
    ],
    [
      'LabelMe cut off',
      { 'a.json': labelMe('a.jpg', 'cat').slice(0, 90), 'b.json': labelMe('b.jpg', 'cat') },
    ],
    ['YOLO in another encoding', { 'a.txt': LATIN, 'b.txt': '0 0.5 0.5 0.5 0.5\n', 'classes.txt': 'cat\n' }],
    [
      'YOLO with zeros',
      { 'a.txt': Buffer.alloc(64), 'b.txt': '0 0.5 0.5 0.5 0.5\n', 'classes.txt': 'cat\n' },
    ],
    ['YOLO with text', { 'a.txt': 'no labels\n', 'b.txt': '0 0.5 0.5 0.5 0.5\n', 'classes.txt': 'cat\n' }],
  ])('%s', async (_, files) => {
    const { images, problems } = await toldOf({ 'a.jpg': PICTURE, 'b.jpg': PICTURE, ...files })
    expect(images).toEqual([expect.stringMatching(/^b\.jpg 64x48: cat /)])
    expect(problems.length).toBeGreaterThan(0)
    for (const problem of problems) expect(problem).toMatch(/^a\.\w+(, line 1)?: skipped, /)
  })

  test('a list of a VOC data set in another encoding', async () => {
    const files = { 'JPEGImages/a.jpg': PICTURE, 'Annotations/a.xml': vocXml('cat') }
    const { images, problems } = await toldOf({
      ...files,
      'ImageSets/Main/train.txt': LATIN,
      'ImageSets/Main/val.txt': 'a\n',
    })
    expect(images).toEqual(['a.jpg 64x48 (val): cat 1 2 30 40'])
    expect(problems).toEqual([expect.stringMatching(/^ImageSets\/Main\/train\.txt: skipped, /)])
  })
})

describe('other files in UTF-16 or with a byte order mark', () => {
  const forms = (text: string): (string | Buffer)[] => [
    `\ufeff${text}`,
    Buffer.from(`\ufeff${text}`, 'utf16le'),
  ]
  test.each<[what: string, file: string, text: string, others: Files]>([
    ['COCO', 'l.json', coco(['a.jpg']), {}],
    ['LabelMe', 'a.json', labelMe('a.jpg', 'cat'), {}],
    ['CSV', 'l.csv', 'filename,class,xmin,ymin,xmax,ymax\na.jpg,cat,1,2,30,40\n', {}],
    ['YOLO labels', 'a.txt', '0 0.5 0.5 0.5 0.5\n', { 'classes.txt': 'cat\n' }],
    ['a list of classes', 'classes.txt', 'cat\n', { 'a.txt': '0 0.5 0.5 0.5 0.5\n' }],
    ['data.yaml', 'data.yaml', 'names: [cat]\n', { 'a.txt': '0 0.5 0.5 0.5 0.5\n' }],
  ])('%s', async (_, file, text, others) => {
    for (const form of forms(text)) {
      const found = await toldOf({ 'a.jpg': PICTURE, ...others, [file]: form })
      expect(found).toMatchObject({
        classes: ['cat'],
        problems: [],
        images: [expect.stringMatching(/: cat /)],
      })
    }
  })
})

describe('names in data.yaml', () => {
  const NAMES =
    'on off yes no y n true null ~ = << 12:30 1_000 2024-01-01 0b11 0x1f 0o7 1e3 .inf .nan 010 -1 "a" \'b\' a:b #c &d *e !f %g @h `i - ? | > [j {k}'
      .split(' ')
      .concat([
        'a: b',
        'c # d',
        'käse 猫 🧀',
        'a\\b',
        'x, y',
        'a\u00a0b'.replace('\u00a0', ' '),
        '1.0',
        'Infinity',
        'NO',
        '__proto__',
      ])

  async function written(): Promise<string> {
    const root = await scratch()
    const categories = NAMES.map((name, id) => ({ id, name }))
    const images = [{ id: 1, fileName: 'a.jpg', width: 64, height: 48, annotations: [] }]
    await writeDataset({ categories, images }, { format: 'yolo', out: join(root, 'out') })
    return join(root, 'out')
  }

  const python = ((): boolean => {
    try {
      execFileSync('python3', ['-c', 'import yaml'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })()

  test.skipIf(!python)('PyYAML reads back what was written (needs python3 with yaml)', async () => {
    const script =
      'import json, sys, yaml\nprint(json.dumps(yaml.safe_load(open(sys.argv[1], encoding="utf-8"))["names"]))'
    const out = execFileSync('python3', ['-c', script, join(await written(), 'data.yaml')], {
      encoding: 'utf8',
    })
    expect(JSON.parse(out)).toEqual(Object.fromEntries(NAMES.entries()))
  })

  test('every name is in double quotes, and read back', async () => {
    const out = await written()
    const text = readFileSync(join(out, 'data.yaml'), 'utf8')
    expect(text.match(/^ {2}\d+: ".*"$/gm)).toHaveLength(NAMES.length)
    await lay(out, { 'images/a.jpg': PICTURE })
    expect((await loadDataset(out)).dataset.categories.map(({ name }) => name)).toEqual(NAMES)
  })

  test.each(['on', 'no', '12:30', '1_000', '2024-01-01', '0b11', '1e3', '010', '1.10', 'null', '~'])(
    '%s without quotes is the name of a class',
    async (name) => {
      for (const names of [`[${name}, cat]`, `\n  0: ${name}\n  1: cat`, `\n  - ${name}\n  - cat`]) {
        const files = { 'a.jpg': PICTURE, 'a.txt': '0 0.5 0.5 0.5 0.5\n', 'data.yaml': `names: ${names}\n` }
        expect((await toldOf(files)).classes).toEqual([name, 'cat'])
      }
    },
  )
})
