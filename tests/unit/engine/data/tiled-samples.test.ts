import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EngineData } from '../../../../src/core/contract/engine.ts'
import { augmentFor, NO_AUGMENTATION } from '../../../../src/core/training/augmentation.ts'
import { type SampleRules, WHOLE_IMAGES } from '../../../../src/core/training/tiles.ts'
import { type Batch, BatchMaker, type BatchPlan } from '../../../../src/main/engine/data/batch.ts'
import { BatchLoader } from '../../../../src/main/engine/data/loader.ts'
import { trainingSamples } from '../../../../src/main/engine/data/samples.ts'
import { scratch } from '../../../support/scratch.ts'

const CLASSES = [{ id: 1, name: 'square' }]
const [WIDTH, HEIGHT, TILE] = [900, 600, 300]
/** Corner and side of each square, whose grey value is 60 and its number × 20. The last is larger than the overlap of tiles. */
const SQUARES = [
  [10, 10, 20],
  [230, 20, 30],
  [500, 400, 25],
  [100, 300, 200],
] as const
const greyOf = (n: number): number => 60 + 20 * n

let folder: string
let data: EngineData
let plan: BatchPlan
const rules: SampleRules = { rule: { input: 150, learnt: TILE }, tiling: 'auto', minVisible: 0.3 }

beforeAll(async () => {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3)
  for (const [n, [left, top, side]] of SQUARES.entries())
    for (let y = top; y < top + side; y++)
      pixels.fill(greyOf(n), 3 * (y * WIDTH + left), 3 * (y * WIDTH + left + side))
  folder = mkdtempSync(join(tmpdir(), 'fcos-tiles-'))
  const path = join(folder, 'large.png')
  await sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .png()
    .toFile(path)
  const boxes = SQUARES.flatMap(([x, y, side]) => [x, y, x + side, y + side])
  const image = {
    ...{ id: 1, path, width: WIDTH, height: HEIGHT, boxes: Float64Array.from(boxes) },
    categories: new Int32Array(SQUARES.length).fill(1),
    crowds: new Uint8Array(SQUARES.length),
    areas: Float64Array.from(SQUARES, ([, , side]) => side ** 2),
    outlines: [null, [[230, 20, 260, 20, 260, 50, 230, 50]], null, null],
  }
  data = { categories: CLASSES, images: [image] }
  plan = {
    samples: trainingSamples(data, CLASSES, rules),
    canvas: { width: 160, height: 160 },
    input: { shortSide: 150, longSide: 150, mean: [0, 0, 0], std: [1, 1, 1] },
    augment: NO_AUGMENTATION,
    ...{ seed: 3, batchSize: 1, totalSteps: 1000, copies: null },
  }
})

afterAll(() => rmSync(folder, { recursive: true }))

const maker = (change: Partial<BatchPlan> = {}) =>
  new BatchMaker({ ...plan, ...change }, 2 ** 22, (_, error) => {
    throw error
  })

/** Value of the pixel at the middle of each box. */
function middles({ images, width, boxes: [boxes] }: Batch): number[] {
  return Array.from({ length: boxes!.length / 4 }, (_, n) => {
    const [x1, y1, x2, y2] = boxes!.subarray(4 * n, 4 * n + 4) as unknown as [number, number, number, number]
    return Math.round(255 * images[3 * (Math.floor((y1 + y2) / 2) * width + Math.floor((x1 + x2) / 2))]!)
  })
}

test('tiles with objects, some without, and the whole image for what is too large are samples; boxes lie on their objects', async () => {
  const { samples } = plan
  const whole = samples.filter(({ tiles }) => tiles === undefined)
  const empty = samples.filter(({ tiles }) => tiles && tiles.length > 1)
  expect(whole.map(({ classes }) => classes.length)).toEqual([SQUARES.length])
  expect(empty.length).toBeGreaterThan(0)
  expect(empty.every(({ classes }) => classes.length === 0)).toBe(true)
  const seen = new Map<number, number>()
  const made = maker()
  for (let step = 0; step < samples.length; step++) {
    const batch = await made.make(step)
    const sample = samples[batch.indices[0]!]!
    const values = middles(batch)
    expect(values).toHaveLength(sample.classes.length)
    for (const value of values) {
      const n = (value - 60) / 20
      expect(Number.isInteger(n), String(value)).toBe(true)
      seen.set(n, (seen.get(n) ?? 0) + 1)
    }
    // Without objects there is nothing but black.
    if (sample.classes.length === 0) expect(batch.images.every((value) => value === 0)).toBe(true)
    // At the input's size: a side of 30 in a tile of 300 is 15 px of 150.
    if (sample.tiles?.length === 1 && batch.outlines[0]) {
      const at = batch.outlines[0].findIndex((outline) => outline !== null)
      const [x1, , x2] = batch.boxes[0]!.subarray(4 * at, 4 * at + 4)
      expect(Math.max(...batch.outlines[0][at]![0]!.filter((_, i) => i % 2 === 0))).toBeCloseTo(x2!, 3)
      expect(x2! - x1!).toBeLessThanOrEqual(15.001)
    }
  }
  expect([...seen.keys()].sort()).toEqual([0, 1, 2, 3])
})

test('batches are the same from copies and from the image, from any step, with any number of workers', async () => {
  const copies = await scratch()
  const augment = { ...augmentFor(300), mosaic: 0.5 }
  const expected: Batch[] = []
  const made = maker({ augment })
  for (let step = 0; step < 12; step++) expected.push(await made.make(step))
  const loader = new BatchLoader({ ...plan, augment, copies }, { workers: 2, startStep: 4 })
  for (let step = 4; step < 12; step++) expect(await loader.next()).toEqual(expected[step])
  await loader.close()
  // The image was read once, whatever was seen of it.
  expect(readdirSync(copies)).toHaveLength(1)
})

test('an image that is too large to be decoded at once is seen reduced, with its boxes', async () => {
  const { width, height } = { width: 16_400, height: 8200 }
  const path = join(folder, 'huge.png')
  const grey = { create: { width, height, channels: 3, background: '#000' } } as const
  const square = { create: { width: 4000, height: 4000, channels: 3, background: '#646464' } } as const
  await sharp({ ...grey, limitInputPixels: false })
    .composite([{ input: square, left: 8000, top: 2000 }])
    .png({ compressionLevel: 1 })
    .toFile(path)
  const image = {
    ...{ id: 2, path, width, height, boxes: Float64Array.of(8000, 2000, 12_000, 6000) },
    ...{ categories: Int32Array.of(1), crowds: new Uint8Array(1), areas: Float64Array.of(16e6) },
  }
  const samples = trainingSamples({ categories: CLASSES, images: [image] }, CLASSES, WHOLE_IMAGES)
  const batch = await maker({ samples }).make(0)
  const expected = [8000, 2000, 12_000, 6000].map((side) => (side * 150) / width)
  for (const [k, side] of expected.entries()) expect(batch.boxes[0]![k]!).toBeCloseTo(side, 0)
  expect(middles(batch)).toEqual([100])
})

test('an image of another size than its labels is replaced as a whole, with all its tiles', async () => {
  const strange = { ...data, images: [{ ...data.images[0]!, width: WIDTH + 20 }] }
  const good = trainingSamples(data, CLASSES, WHOLE_IMAGES)
  const bad: string[] = []
  const samples = [...trainingSamples(strange, CLASSES, rules), ...good]
  const made = new BatchMaker({ ...plan, samples }, 2 ** 22, (_, error) => bad.push(error.code))
  for (let step = 0; step < samples.length; step++)
    expect((await made.make(step)).indices).toEqual([samples.length - 1])
  expect(bad).toEqual(['DATA_IMAGE_SIZE'])
})
