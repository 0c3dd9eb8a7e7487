import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { fcos } from '../../support/cli.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'fcos-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

const write = (name: string, content: unknown): void =>
  writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))

const category = { id: 1, name: 'cat' }
const image = { id: 1, file_name: 'a.png', width: 64, height: 48 }
const annotation = { id: 1, image_id: 1, category_id: 1, bbox: [8, 8, 32, 24], area: 768, iscrowd: 0 }
const coco = { images: [image], categories: [category], annotations: [annotation] }
// 1 × 1 PNG: labels and image disagree, which is no business of these tests.
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
writeFileSync(path.join(folder, 'a.png'), Buffer.from(PNG, 'base64'))
write('set.json', coco)
await sharp({ create: { width: 64, height: 48, channels: 3, background: '#444' } })
  .png()
  .toFile(path.join(folder, 'grey.png'))
write('grey.json', { ...coco, images: [{ ...image, file_name: 'grey.png' }] })
write('owls.json', { ...coco, categories: [{ id: 1, name: 'owl' }] })
write('empty.json', { ...coco, annotations: [] })
write('half.json', '{"images": [')
write('boxes.json', [[8, 8, 40, 32]])
write('config.json', { training: { stepz: 3 } })
write('weights.safetensors', '')
write('results.json', [{ image_id: 1, category_id: 1, bbox: [8, 8, 32, 24], score: 0.5 }])

const TRAINED = fileURLToPath(new URL('../../../resources/sample/run/best.safetensors', import.meta.url))

const COMMANDS = [
  'convert',
  'targets',
  'inspect',
  'train',
  'detect',
  'eval',
  'bench',
  'doctor',
  'sample',
  'serve',
  'start',
  'api',
]

describe('help', () => {
  it('lists every command', async () => {
    const { status, out } = await fcos(['--help'])
    expect(status).toBe(0)
    for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
  })

  it.each(COMMANDS)('of %s has an example and --json', async (command) => {
    const { status, out, err } = await fcos([command, '--help'])
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toMatch(new RegExp(`Example: fcos ${command}\\b`))
    expect(out).toContain('--json')
  })
})

const train = (...args: string[]) => ['train', '--out', 'run', '--model', 'lite0', ...args]
const detect = (...args: string[]) => [
  'detect',
  '--out',
  'new.json',
  '--model',
  'weights.safetensors',
  ...args,
]

describe('what the user can fix gives status 2 and one line', () => {
  it.each([
    ['an unknown command', ['trian'], "unknown command 'trian' (Did you mean train?). See `fcos --help`"],
    ['an unknown option', ['bench', '--ground', 'x'], "unknown option '--ground'"],
    ['a missing option', ['eval', '--gt', 'set.json'], "'--dt <file>' not specified. See `fcos eval --help`"],
    ['a wrong number', train('--data', 'x', '--steps', '0'), 'Give a whole number of at least 1'],
    ['a wrong choice', ['bench', '--model', 'r101'], 'Allowed choices are lite0, r50'],
    [
      'a missing file',
      ['eval', '--gt', 'none.json', '--dt', 'results.json'],
      'Cannot read none.json: it does not exist. --gt takes a data set',
    ],
    ['broken JSON', ['inspect', 'half.json'], 'half.json is not valid JSON'],
    ['a data set that is not there', train('--data', 'nowhere'), 'nothing at nowhere'],
    ['training without a box', train('--data', 'empty.json'), 'empty.json: 1 image without a box'],
    ['classes that do not meet', train('--data', 'set.json', '--val', 'owls.json'), 'its class owl (1 box)'],
    [
      'an option that training does not have',
      train('--data', 'set.json', '--config', 'config.json'),
      'stepz',
    ],
    [
      'no weights',
      ['train', '--data', 'set.json', '--out', 'run', '--model', 'no.pth'],
      'no weights file no.pth',
    ],
    [
      'no checkpoint',
      ['detect', '--out', 'new.json', '--model', 'no.pth', 'a.png'],
      'no weights file no.pth: it does not exist. Check the path',
    ],
    [
      'a model that is a folder',
      ['detect', '--out', 'new.json', '--model', '.', 'a.png'],
      '. is a folder. Name a checkpoint in it, such as best.safetensors',
    ],
    [
      'weights that are a folder',
      ['train', '--data', 'set.json', '--out', 'run', '--model', '.'],
      '. is a folder',
    ],
    [
      'a checkpoint below a file',
      ['detect', '--out', 'new.json', '--model', 'a.png/x', 'a.png'],
      'a file, not a folder',
    ],
    [
      'no results',
      ['eval', '--gt', 'set.json', '--dt', 'none.json'],
      'none.json: it does not exist. --dt takes the file',
    ],
    ['results that are a folder', ['eval', '--gt', 'set.json', '--dt', '.'], 'Cannot read .: it is a folder'],
    [
      'boxes that are a folder',
      ['targets', '--width', '64', '--height', '48', '--boxes', '.', '--out', 'x'],
      'it is a folder',
    ],
    ['a folder without images', detect('.git*'), 'No image matches .git*'],
    [
      'results over a data set',
      [...detect('a.png'), '--out', 'set.json'],
      'set.json already exists and is not a results list',
    ],
    [
      'pictures in a file',
      ['detect', '--out', 'new.json', '--model', TRAINED, 'a.png', '--overlay', 'set.json'],
      'set.json is a file, so no pictures can be put into it',
    ],
    ['results over labels', [...detect('a.png'), '--out', '.', '--format', 'voc'], '. exists'],
  ])('%s', async (_, args, line) => {
    const { status, out, err } = await fcos(args, folder)
    expect(err).toContain(line)
    expect(err.trimEnd().split('\n').at(-1)).toMatch(/^fcos: /)
    expect({ status, out }).toEqual({ status: 2, out: '' })
    expect(existsSync(path.join(folder, 'run'))).toBe(false)
  })
})

describe('--json', () => {
  it.each([
    ['inspect', ['inspect', 'set.json']],
    [
      'targets',
      ['targets', '--width', '64', '--height', '48', '--boxes', 'boxes.json', '--out', 't.safetensors'],
    ],
    ['convert', ['convert', 'set.json', '--to', 'csv', 'set.csv']],
    ['eval', ['eval', '--gt', 'set.json', '--dt', 'results.json']],
    ['a failure', ['eval', '--gt', 'none.json', '--dt', 'results.json']],
    ['wrong usage', ['eval']],
  ])('gives one document: %s', async (_, args) => {
    const { out } = await fcos([...args, '--json'], folder)
    expect(out.trimEnd()).not.toContain('\n')
    expect(JSON.parse(out)).toBeTypeOf('object')
  })

  it.each([
    ['fcos', ['P3', 'P4', 'P5', 'P6', 'P7'], { P5: 4 }],
    ['retinanet', ['P3', 'P4', 'P5', 'P6', 'P7'], null],
    ['atss', ['P3', 'P4', 'P5', 'P6', 'P7'], null],
    ['centernet', ['P2'], { P2: 1 }],
    ['polarmask', ['P3', 'P4', 'P5', 'P6', 'P7'], null],
  ])('inspect --detector %s counts what its own levels learn', async (detector, names, known) => {
    const csv = `${detector}.csv`
    const { status, out } = await fcos(
      ['inspect', 'grey.json', '--detector', detector, '--csv', csv, '--json'],
      folder,
    )
    expect(status).toBe(0)
    const report = JSON.parse(out)
    const levels: { name: string; positives: number }[] = report.perLevel
    expect(levels.map(({ name }) => name)).toEqual(names)
    const positives = Object.fromEntries(
      levels.filter(({ positives }) => positives > 0).map((level) => [level.name, level.positives]),
    )
    if (known) expect(positives).toEqual(known)
    expect(report.recall).toEqual({ boxes: 1, learnable: 1 })
    const [header, row] = readFileSync(path.join(folder, csv), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(','))
    const counted = names.map((name) => [name, Number(row![header!.indexOf(name)])])
    expect(Object.fromEntries(counted.filter(([, count]) => count !== 0))).toEqual(positives)
    expect(header!.slice(8, 8 + names.length)).toEqual(names)
  })

  it('names the error by its code', async () => {
    const { status, out } = await fcos(['inspect', 'half.json', '--json'], folder)
    expect(status).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'DATA_JSON' } })
  })
})

describe('where something cannot be written', () => {
  it.each([
    ['inspect --csv', ['inspect', 'set.json', '--csv', 'a.png/x.csv']],
    [
      'targets --out',
      ['targets', '--width', '64', '--height', '48', '--boxes', 'boxes.json', '--out', 'a.png/t'],
    ],
    ['train --out', train('--data', 'set.json').with(2, 'a.png/run')],
  ])('%s says where, why and what to do', async (_, args) => {
    const { status, out, err } = await fcos(args, folder)
    expect({ status, out }).toEqual({ status: 1, out: '' })
    expect(err.trimEnd().split('\n').at(-1)).toMatch(
      /^fcos: .*a\.png.*(a file is in the place|a file, not|not a folder).*\. .*(Check|Choose) /,
    )
    expect(err).not.toMatch(/ENOTDIR|\n {4}at /)
  })

  it('a folder that is missing is made, by --csv as by --out', async () => {
    expect((await fcos(['inspect', 'set.json', '--csv', 'new/deep/boxes.csv'], folder)).status).toBe(0)
    expect(existsSync(path.join(folder, 'new/deep/boxes.csv'))).toBe(true)
  })

  it.skipIf(process.platform !== 'linux')('a full disk behind standard output is said', async () => {
    const { spawnSync } = await import('node:child_process')
    const command = `"${process.execPath}" bin/fcos.mjs inspect "${path.join(folder, 'set.json')}" > /dev/full`
    const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(
        /^fcos: Standard output cannot be written: the disk is full. Free some space and try again\n$/m,
      ),
    })
  })
})

it('a training that is refused downloads nothing first', async () => {
  mkdirSync(path.join(folder, 'old'), { recursive: true })
  writeFileSync(path.join(folder, 'old', 'run.json'), '{}')
  const { status, err } = await fcos(train('--data', 'set.json').with(2, 'old'), folder, {
    FCOS_CACHE: path.join(folder, 'cache'),
  })
  expect(status).toBe(2)
  expect(err).toContain('old already contains a training run')
  expect(err).not.toContain('Downloading')
  expect(existsSync(path.join(folder, 'cache'))).toBe(false)
})

it('a reader that stops early is no fault', async () => {
  const { spawnSync } = await import('node:child_process')
  const command = `"${process.execPath}" bin/fcos.mjs train --help | head -1`
  expect(spawnSync('sh', ['-c', command], { encoding: 'utf8' }).stderr).toBe('')
})
