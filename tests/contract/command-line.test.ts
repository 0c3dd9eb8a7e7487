/** The main job from the command line, on the sample and with the real engine: train, detect, evaluate. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, expect, it } from 'vitest'
import { fcos } from '../support/cli.ts'

const SAMPLE = fileURLToPath(new URL('../../resources/sample/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'fcos-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

const run = join(folder, 'run')
const checkpoint = join(run, 'best.safetensors')
const detections = join(folder, 'found.json')
const val = join(SAMPLE, 'val.json')

it('trains a detector that finds things, and reports it as one JSON document', async () => {
  const config = join(folder, 'short.json')
  // Dice, marbles and pawns fall apart in 80 steps already; the whole recipe takes minutes.
  const training = { steps: 80, size: 320, batch: 2, evaluateEvery: 40, optimiser: { rate: 3e-3 } }
  writeFileSync(config, JSON.stringify({ training, model: { head: { depth: 1 } } }))
  const args = ['train', '--data', join(SAMPLE, 'train.json'), '--val', val, '--model', 'lite0', '--out', run]
  const { status, out, err } = await fcos([...args, '--config', config, '--json'])
  expect(err).toContain('step')
  expect(status).toBe(0)
  const report = JSON.parse(out)
  expect(report).toMatchObject({ complete: true, steps: 80, checkpoint })
  expect(report.evaluation.stats).toHaveLength(12)
  expect(report.evaluation.stats[1]).toBeGreaterThan(0.1)
  const log = readFileSync(join(run, 'log.jsonl'), 'utf8').trim().split('\n')
  expect(log.map((line) => JSON.parse(line).step)).toEqual([...Array(80).keys()])
}, 300_000)

it('detects with it, in COCO form and as pictures, and skips what is no image', async () => {
  const broken = join(folder, 'broken.jpg')
  writeFileSync(broken, 'not a picture')
  const pictures = join(folder, 'pictures')
  const args = [
    'detect',
    '--model',
    checkpoint,
    val,
    broken,
    '--out',
    detections,
    '--overlay',
    pictures,
    // As the training evaluates.
    '--no-fast-math',
    '--json',
  ]
  const { status, out, err } = await fcos(args)
  expect(status).toBe(0)
  expect(err).toContain('broken.jpg')
  expect(JSON.parse(out)).toMatchObject({ images: 16 })
  const files = readdirSync(pictures)
  expect(files).toHaveLength(16)
  expect((await sharp(join(pictures, files[0])).metadata()).width).toBeGreaterThan(300)
}, 120_000)

it('measures the detections as the training did', async () => {
  const { status, out } = await fcos(['eval', '--gt', val, '--dt', detections, '--json'])
  expect(status).toBe(0)
  const { stats, per_category } = JSON.parse(out)
  const file = readFileSync(checkpoint)
  const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString())
  const trained = JSON.parse(header.__metadata__.training).stats as number[]
  for (const [i, value] of stats.entries()) expect(value).toBeCloseTo(trained[i], 6)
  expect(Object.keys(per_category)).toEqual(['die', 'marble', 'pawn'])
}, 240_000)

it('says in one line what is wrong with the input, and exits with 2', async () => {
  for (const args of [
    ['train', '--data', join(folder, 'absent'), '--out', join(folder, 'x')],
    ['train', '--data', val, '--model', 'lite0', '--out', run],
    ['detect', '--model', join(folder, 'short.json'), val, '--out', join(folder, 'y')],
    ['detect', '--model', checkpoint, join(folder, 'absent.jpg'), '--out', join(folder, 'y')],
  ]) {
    const { status, err } = await fcos(args)
    expect(status, args.join(' ')).toBe(2)
    expect(err.trim().split('\n').at(-1)).toMatch(/^\S.*\w/)
    expect(err).not.toMatch(/\n {4}at /)
  }
}, 240_000)
