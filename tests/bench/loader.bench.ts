/**
 * Images per second of the data pipeline, 640×480 JPEG to 320×416: node tests/bench/loader.bench.ts
 * CPU time is printed beside them, which other load on the machine changes less.
 * FCOS_JPEGS=DIR takes the JPEGs of a folder (all of one size) instead of generated ones.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { mulberry32 } from '../../src/core/random.ts'
import { augmentFor } from '../../src/core/training/augmentation.ts'
import { trainingCanvas } from '../../src/main/engine/data/canvas.ts'
import { BatchLoader } from '../../src/main/engine/data/loader.ts'
import { preprocess } from '../../src/main/engine/data/preprocess.ts'
import { decodeImage } from '../../src/main/images/decode.ts'

const IMAGES = 64
const BATCH = 8
const STEPS = 40
const norm = {
  mean: [0.485, 0.456, 0.406] as [number, number, number],
  std: [0.229, 0.224, 0.225] as [number, number, number],
}

const scratch = mkdtempSync(join(tmpdir(), 'fcos-bench-'))
try {
  const paths = process.env.FCOS_JPEGS ? jpegsIn(process.env.FCOS_JPEGS) : await generate()
  const { width, height } = await decodeImage(paths[0])
  console.log(`${paths.length} JPEGs of ${width}×${height}`)
  await timePreprocess(paths[0])
  await timeLoader('no cache, preset for 100 images', 100, 0)
  await timeLoader('cached, preset for 100 images', 100, 2 ** 30)
  await timeLoader('no cache, preset for 500 images (mosaic .5)', 500, 0)
  await timeLoader('cached, preset for 500 images (mosaic .5)', 500, 2 ** 30)

  async function timeLoader(title: string, preset: number, cacheBytes: number): Promise<void> {
    const input = { shortSide: 416, longSide: 416, ...norm }
    const boxes = Float32Array.from(
      Array.from({ length: 15 }, (_, n) => [n * 20, n * 10, n * 20 + 60, n * 10 + 60]).flat(),
    )
    const samples = paths.map((path) => ({ path, width, height, boxes, classes: new Int32Array(15) }))
    const canvas = trainingCanvas(samples, input)
    const augment = augmentFor(preset)
    const warmup = Math.ceil(paths.length / BATCH)
    const totalSteps = 2 * (warmup + STEPS)
    const plan = { samples, canvas, input, augment, seed: 1, batchSize: BATCH, totalSteps, copies: null }
    const loader = new BatchLoader(plan, { cacheBytes })
    for (let step = 0; step < warmup; step++) await loader.next()
    const start = performance.now()
    const cpuStart = process.cpuUsage()
    for (let step = 0; step < STEPS; step++) await loader.next()
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(cpuStart)
    await loader.close()
    const rate = ((STEPS * BATCH) / seconds).toFixed(0)
    const cpu = ((user + system) / 1000 / STEPS / BATCH).toFixed(1)
    console.log(
      `${rate} images/s, ${cpu} ms of CPU per image, to ${canvas.height}×${canvas.width}, one worker, ${title}`,
    )
  }
} finally {
  rmSync(scratch, { recursive: true })
}

/** Smooth blobs with a little noise: compresses like a photograph. */
async function generate(): Promise<string[]> {
  const random = mulberry32(1)
  const paths = Array.from({ length: IMAGES }, (_, k) => join(scratch, `${k}.jpg`))
  for (const path of paths) {
    const coarse = Uint8Array.from({ length: 32 * 24 * 3 }, () => random() * 256)
    const { data } = await sharp(coarse, { raw: { width: 32, height: 24, channels: 3 } })
      .resize(640, 480, { kernel: 'cubic' })
      .raw()
      .toBuffer({ resolveWithObject: true })
    for (let i = 0; i < data.length; i++)
      data[i] = Math.min(Math.max(data[i] + 12 * (random() - 0.5), 0), 255)
    await sharp(data, { raw: { width: 640, height: 480, channels: 3 } })
      .jpeg({ quality: 90 })
      .toFile(path)
  }
  return paths
}

function jpegsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => /\.jpe?g$/i.test(name))
    .slice(0, IMAGES)
    .map((name) => join(directory, name))
}

async function timePreprocess(path: string): Promise<void> {
  const image = await decodeImage(path)
  const input = { shortSide: 800, longSide: 1333, ...norm }
  const times = Array.from({ length: 30 }, () => {
    const start = performance.now()
    preprocess([image], input)
    return performance.now() - start
  }).sort((a, b) => a - b)
  console.log(`preprocess to ${input.shortSide}/${input.longSide}: median ${times[15].toFixed(1)} ms`)
}
