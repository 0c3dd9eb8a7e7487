import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { decodeSafetensors } from '../../../src/core/formats/safetensors.ts'
import { toFloat32 } from '../../../src/core/formats/tensor-values.ts'
import type { TargetsOptions } from '../../../src/main/cli/commands/target-tensors.ts'
import { renderTargets, runTargets } from '../../../src/main/cli/commands/targets.ts'
import { fixtureTensors } from '../../support/fixtures.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'fcos-targets-'))
afterAll(() => rmSync(folder, { recursive: true }))
const out = path.join(folder, 'T.safetensors')

function run(boxes: unknown, options: Partial<TargetsOptions> = {}) {
  const file = path.join(folder, 'boxes.json')
  writeFileSync(file, typeof boxes === 'string' ? boxes : JSON.stringify(boxes))
  return runTargets({ width: 64, height: 64, boxes: file, radius: 1.5, dialect: 'authors', out, ...options })
}

function written() {
  const { tensors, metadata } = decodeSafetensors(readFileSync(out))
  const values = (name: string) => toFloat32(tensors.get(name)!)
  const shapes = Object.fromEntries([...tensors].map(([name, { dtype, shape }]) => [name, [dtype, ...shape]]))
  return { values, shapes, metadata }
}

const rowsOf = (flat: Float32Array) =>
  Array.from({ length: flat.length / 4 }, (_, i) => [...flat.subarray(i * 4, i * 4 + 4)])

test('writes the targets of the authors', async () => {
  const fixture = fixtureTensors('authors_targets.safetensors')
  const classes = fixture('3.labels')
  const report = await run(rowsOf(fixture('3.boxes')), { width: 800, height: 1056 })
  const { values, shapes, metadata } = written()
  expect(shapes).toEqual({
    labels: ['I32', 17609],
    ltrb: ['F32', 17609, 4],
    centerness: ['F32', 17609],
    level: ['I32', 17609],
  })
  expect(values('labels').map((gt) => (gt < 0 ? 0 : classes[gt]))).toEqual(fixture('3.radius1.5.labels'))
  expect(values('ltrb')).toEqual(fixture('3.radius1.5.ltrb'))
  expect([0, 13199, 13200, 17608].map((i) => values('level')[i])).toEqual([0, 0, 1, 4])
  expect(metadata).toEqual({
    detector: 'fcos',
    dialect: 'authors',
    radius: '1.5',
    width: '800',
    height: '1056',
  })
  expect(report).toMatchObject({
    boxes: 60,
    locations: 17609,
    positives: values('labels').filter((gt) => gt >= 0).length,
  })
})

test('writes the matches of torchvision', async () => {
  const fixture = fixtureTensors('torchvision_matched.safetensors')
  await run(rowsOf(fixture('boxes_0')), { width: 320, height: 256, dialect: 'torchvision' })
  expect(written().values('labels')).toEqual(fixture('matched_0'))
})

test("torchvision pads to multiples of 32, the authors' locations cover the size as given", async () => {
  expect(await run([], { width: 1333, height: 800, dialect: 'torchvision' })).toMatchObject({
    input: { width: 1344, height: 800 },
    locations: 22400,
  })
  expect(await run([], { width: 1333, height: 800 })).toMatchObject({ locations: 22300, positives: 0 })
})

test('tells which boxes no location can learn', async () => {
  const report = await run([
    [8, 8, 40, 40],
    [20, 20, 20, 50],
    [-40, 0, -8, 30],
  ])
  expect(report.unlearnable).toEqual([
    { gt: 1, cause: 'no-area', reason: 'box 1 (0 × 30 px) has no area' },
    { gt: 2, cause: 'inside', reason: 'no location lies inside box 2 (32 × 30 px)' },
  ])
  // P3's locations at 12, 20, 28 and 36 lie in the box and within 12 px of its centre, (24, 24), on each axis, but for 12 and 36.
  expect(report.locationsPerBox).toEqual([4, 0, 0])
  expect(renderTargets(report)).toContain('box 1 (0 × 30 px) has no area')
})

test.each<[what: string, boxes: unknown, options: Partial<TargetsOptions>, code: string, message: RegExp]>([
  ['a width of 0', [], { width: 0 }, 'USAGE_SIZE', /--width is 0/],
  ['a broken height', [], { height: 10.5 }, 'USAGE_SIZE', /--height is 10.5/],
  ['a huge width', [], { width: 1e9 }, 'USAGE_SIZE', /1 to 16384/],
  ['a negative radius', [], { radius: -1 }, 'USAGE_RADIUS', /--radius is -1/],
  ['no number', [], { radius: Number.NaN }, 'USAGE_RADIUS', /NaN/],
  ['broken JSON', '[[1,', {}, 'DATA_JSON', /boxes\.json is not valid JSON/],
  [
    'three numbers',
    [
      [0, 0, 8, 8],
      [1, 2, 3],
    ],
    {},
    'DATA_BOXES',
    /boxes\.json: \[1\]/,
  ],
  ['a text', [[0, 0, 8, 'x']], {}, 'DATA_BOXES', /\[0\]\[3\]/],
  ['a missing file', [], { boxes: '/nowhere/b.json' }, 'DATA_READ', /nowhere/],
  [
    'a folder below a file',
    [],
    { out: '/dev/null/T.safetensors' },
    'IO_WRITE',
    /\/dev\/null.*cannot be written/,
  ],
])('refuses %s', async (_, boxes, options, code, message) => {
  await expect(run(boxes, options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
})

test('where writing fails, what was there stays and nothing is left beside it', async () => {
  const taken = path.join(folder, 'taken')
  mkdirSync(taken)
  writeFileSync(path.join(taken, 'keep.me'), 'mine')
  await expect(run([[8, 8, 40, 32]], { out: taken })).rejects.toMatchObject({ code: 'IO_WRITE' })
  expect(readdirSync(taken)).toEqual(['keep.me'])
  expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([])
  await run([[8, 8, 40, 32]])
  expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([])
})

describe('other detectors', () => {
  const write = (name: string, content: unknown) => {
    const file = path.join(folder, name)
    writeFileSync(file, JSON.stringify(content))
    return file
  }
  const object = { box: [40, 40, 120, 100], class: 1 }

  test('every tensor that help names is written', async () => {
    const segmentation = [[40, 40, 120, 40, 120, 100, 40, 100]]
    const small = { box: [0, 0, 2, 2], segmentation: [[0, 0, 2, 0, 2, 2, 0, 2]] }
    const objects = write('objects.json', [{ ...object, segmentation }, small])
    const written = async (detector: NonNullable<TargetsOptions['detector']>) => {
      const out = path.join(folder, `${detector}.safetensors`)
      const report = await runTargets({ detector, width: 160, height: 128, objects, out })
      const { tensors, metadata } = decodeSafetensors(readFileSync(out))
      expect(metadata.detector).toBe(detector)
      return { report, shapes: Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape])) }
    }
    expect((await written('atss')).shapes).toMatchObject({
      labels: [428],
      candidates: [2, 35],
      threshold: [2],
    })
    expect((await written('retinanet')).shapes).toEqual({
      anchors: [3852, 4],
      matched: [3852],
      best_iou: [3852],
    })
    const robbed = write('robbed.json', Array(2).fill({ box: [40, 40, 48, 44], class: 0 }))
    const out = path.join(folder, 'robbed.safetensors')
    const { unlearnable } = await runTargets({
      detector: 'atss',
      width: 160,
      height: 128,
      objects: robbed,
      out,
    })
    expect(unlearnable[0]?.reason).toContain('(8 × 4 px)')
    expect((await written('polarmask')).shapes).toMatchObject({
      labels: [428],
      rays: [expect.any(Number), 36],
    })
    const { shapes, report } = await written('centernet')
    expect(shapes).toEqual({ heatmap: [2, 32, 40], size: [2, 2], offset: [2, 2], index: [2] })
    expect(report).toMatchObject({ locations: 1280, locationsPerBox: [1, 1], unlearnable: [] })
  })

  test('an option of another detector is refused, and so are a dialect that it lacks and two lists at once', async () => {
    const objects = write('objects.json', [object])
    const base = { width: 160, height: 128, objects, out: path.join(folder, 'never.safetensors') }
    const refused = (options: Partial<TargetsOptions>) => expect(runTargets({ ...base, ...options })).rejects
    await refused({ detector: 'retinanet', radius: 1 }).toThrow(
      '--radius is an option of fcos, not of retinanet',
    )
    await refused({ radiusRule: 'authors' }).toThrow('--radius-rule is an option of centernet, not of fcos')
    await refused({ detector: 'atss', dialect: 'torchvision' }).toThrow('torchvision has no ATSS')
    await refused({ dialect: 'mmdet' }).toThrow('authors or torchvision')
    await refused({ detector: 'polarmask' }).toThrow('[0] has no segmentation')
    await refused({ fallback: 'none' }).toThrow('--fallback is for locations inside masks')
    await refused({ fallback: 'none', masks: 'center' }).toThrow('--fallback is for')
    await refused({ detector: 'retinanet', dialect: 'authors' }).toThrow(
      '--dialect is an option of fcos, atss, polarmask, not of retinanet',
    )
    await refused({ masks: 'pixels' }).toThrow('[0] has no segmentation')
    await refused({ boxes: objects }).toThrow('either --boxes or --objects')
    await refused({ detector: 'centernet', classes: 1 }).toThrow('--classes is 1, but class 1 occurs')
  })
})
