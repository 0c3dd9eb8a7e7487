import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Problem } from '../../../../src/core/formats/dataset.ts'
import { augmentFor, NO_AUGMENTATION } from '../../../../src/core/training/augmentation.ts'
import type { Batch, BatchPlan } from '../../../../src/main/engine/data/batch.ts'
import { BatchLoader, type LoaderOptions } from '../../../../src/main/engine/data/loader.ts'

const IMAGES = 7
let directory: string
let plan: BatchPlan

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'fcos-loader-'))
  const samples = []
  for (let k = 0; k < IMAGES; k++) {
    const [width, height] = [80 + 4 * k, 60]
    const path = join(directory, `${k}.png`)
    // Each image is one grey, its number × 30, by which a batch's pixels tell which image they are.
    const background = { r: 30 * k, g: 30 * k, b: 30 * k }
    await sharp({ create: { width, height, channels: 3, background } })
      .png()
      .toFile(path)
    samples.push({
      path,
      width,
      height,
      boxes: Float32Array.of(10, 10, 40, 50),
      classes: Int32Array.of(k % 3),
    })
  }
  plan = {
    samples,
    canvas: { width: 96, height: 64 },
    input: { shortSide: 64, longSide: 96, mean: [0, 0, 0], std: [1, 1, 1] },
    augment: { ...augmentFor(300), mosaic: 0.4 },
    seed: 7,
    batchSize: 3,
    totalSteps: 20,
    copies: null,
  }
})
afterAll(() => rmSync(directory, { recursive: true }))

const open: BatchLoader[] = []
afterEach(() => Promise.all(open.splice(0).map((loader) => loader.close())))

function start(change: Partial<BatchPlan> = {}, options: LoaderOptions = {}): BatchLoader {
  const loader = new BatchLoader({ ...plan, ...change }, options)
  open.push(loader)
  return loader
}

async function take(loader: BatchLoader, count: number): Promise<Batch[]> {
  const batches: Batch[] = []
  for (let k = 0; k < count; k++) batches.push(await loader.next())
  return batches
}

/** Pixels as a hash: exact, and short where a comparison fails. */
async function digests(loader: BatchLoader, count: number) {
  const batches = await take(loader, count)
  return batches.map((batch) => ({
    ...batch,
    images: createHash('sha256').update(batch.images).digest('hex'),
  }))
}

describe('BatchLoader', () => {
  it('delivers the same batches again, and from the middle as an unbroken run does', async () => {
    const unbroken = await digests(start(), 10)
    expect(unbroken.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(await digests(start(), 10)).toEqual(unbroken)
    expect(await digests(start({}, { startStep: 5 }), 5)).toEqual(unbroken.slice(5))
  })

  it('delivers the same whatever the workers, the queue and the cache', async () => {
    const reference = await digests(start(), 8)
    expect(await digests(start({}, { workers: 3, ahead: 5, cacheBytes: 0 }), 8)).toEqual(reference)
  })

  it('delivers others for another seed', async () => {
    const [a] = await digests(start(), 1)
    const [b] = await digests(start({ seed: 8 }), 1)
    expect(a.images).not.toBe(b.images)
  })

  it('shows every image once per epoch, in another order each time, in full batches', async () => {
    const batches = await take(start({ augment: NO_AUGMENTATION }), 14)
    const shown = batches.flatMap(({ indices }) => indices)
    const epochs = Array.from({ length: 6 }, (_, e) => shown.slice(e * IMAGES, (e + 1) * IMAGES))
    for (const epoch of epochs) expect([...epoch].sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(new Set(epochs.map(String)).size).toBeGreaterThan(4)
  })

  it('keeps pixels, boxes and classes of an image together', async () => {
    const [batch] = await take(start({ augment: NO_AUGMENTATION }), 1)
    const { images, height, width, indices } = batch
    expect([images.length, height, width]).toEqual([3 * 64 * 96 * 3, 64, 96])
    indices.forEach((index, n) => {
      expect(images[n * height * width * 3]).toBeCloseTo((30 * index) / 255, 5)
      expect(Array.from(batch.classes[n])).toEqual([index % 3])
      // 60 pixels of height become 64, unless 64 would make the image wider than the canvas.
      const sampleWidth = 80 + 4 * index
      const f = Math.min(64 / 60, 96 / sampleWidth)
      const resized = [Math.floor(sampleWidth * f), Math.floor(60 * f)]
      const [x, y] = [resized[0] / sampleWidth, resized[1] / 60]
      const expected = [10 * x, 10 * y, 40 * x, 50 * y].map((v) => expect.closeTo(v, 4))
      expect(Array.from(batch.boxes[n])).toEqual(expected)
    })
  })

  it('fills batches larger than the data set', async () => {
    const [batch] = await take(start({ batchSize: 10 }), 1)
    expect(batch.indices).toHaveLength(10)
  })

  it('ends with the plan', async () => {
    const loader = start({ totalSteps: 2 })
    await take(loader, 2)
    await expect(loader.next()).rejects.toThrow(RangeError)
  })

  it('refuses an empty data set', () => {
    expect(() => new BatchLoader({ ...plan, samples: [] })).toThrow(/no training images/)
  })

  it('refuses what is asked after closing, and what was being awaited', async () => {
    const loader = start()
    const refused = expect(take(loader, 20)).rejects.toMatchObject({ code: 'ENGINE_LOADER' })
    await loader.close()
    await refused
    await expect(loader.next()).rejects.toMatchObject({ code: 'ENGINE_LOADER' })
  })
})

describe('a bad image', () => {
  const spoil = (index: number, change: object) => {
    const samples = [...plan.samples]
    samples[index] = { ...samples[index], ...change }
    return samples
  }

  it('is reported once and replaced by the next one, alike with any workers and from any step', async () => {
    const path = join(directory, 'broken.png')
    writeFileSync(path, 'no image')
    const samples = spoil(2, { path })
    const problems: Problem[] = []
    const options = { onProblem: (problem: Problem) => problems.push(problem) }
    const change = { samples, augment: NO_AUGMENTATION }
    const batches = await digests(start(change, { ...options, workers: 2 }), 14)
    expect(problems).toEqual([
      {
        file: path,
        where: 'pixels',
        reason: 'not an image, or in an unsupported format',
        action: 'skipped',
      },
    ])
    const firstEpoch = batches.flatMap(({ indices }) => indices).slice(0, IMAGES)
    expect(firstEpoch.sort()).toEqual([0, 1, 3, 3, 4, 5, 6])
    expect(await digests(start(change, { startStep: 9 }), 5)).toEqual(batches.slice(9))
  })

  it('is one whose annotations count other pixels, as when EXIF orientation was ignored', async () => {
    const { width, height } = plan.samples[1]
    const problems: Problem[] = []
    const samples = spoil(1, { width: height, height: width })
    await take(start({ samples }, { onProblem: (problem) => problems.push(problem) }), 5)
    expect(problems.map(({ reason }) => reason)).toEqual([
      'the image is 84×60, EXIF orientation applied, but its labels are for 60×84',
    ])
  })

  it('ends the run when there is no good one', async () => {
    const samples = plan.samples.map((sample) => ({ ...sample, path: join(directory, 'missing.png') }))
    await expect(start({ samples }).next()).rejects.toMatchObject({ code: 'DATA_IMAGE_NONE' })
  })
})
