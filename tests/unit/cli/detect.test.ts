import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CodedError } from '../../../src/core/errors.ts'
import { type DetectOptions, renderDetect, runDetect } from '../../../src/main/cli/commands/detect.ts'
import { runParts } from '../../../src/main/cli/commands/detect-parts.ts'
import { runTrain } from '../../../src/main/cli/commands/train.ts'
import { Progress } from '../../../src/main/cli/progress.ts'
import type * as spawn from '../../../src/main/studio/engine/spawn.ts'
import { lay, scratch } from '../../support/scratch.ts'

/** What the fake engine does. */
let behaviour = ''

vi.mock('../../../src/main/studio/engine/spawn.ts', async (original) => {
  const { startEngine } = await original<typeof spawn>()
  const entry = fileURLToPath(new URL('../../support/fake-engine.ts', import.meta.url))
  return {
    startEngine: async () => {
      if (behaviour === 'no engine') throw new CodedError('USAGE_DEVICE', 'The engine has no GPU here')
      return startEngine({ entry, env: { FAKE_ENGINE: behaviour } })
    },
  }
})

let folder: string
let said: string
let onSaid: () => void

beforeEach(async () => {
  folder = await scratch()
  behaviour = 'none'
  said = ''
  onSaid = () => undefined
  await lay(folder, { 'model.safetensors': 'weights', '3-cells.png': [8, 6], '12-cells.jpg': [8, 6] })
})
afterEach(() => {
  process.exitCode = undefined
})

const at = (...parts: string[]): string => join(folder, ...parts)

function detect(options: Partial<DetectOptions> = {}) {
  const stream = new PassThrough()
  stream.on('data', (text) => {
    said += text
    onSaid()
  })
  const all = {
    ...{ model: at('model.safetensors'), images: [folder], out: at('found.json'), format: 'coco' as const },
    ...{ limit: 100, batch: 1, nms: 0.6, ...options },
  }
  return runDetect(all, new Progress(stream as unknown as NodeJS.WriteStream))
}

const results = (): { file_name: string; score: number }[] =>
  JSON.parse(readFileSync(at('found.json'), 'utf8'))

test('an engine that does not start is an error like others, though images are looked for meanwhile', async () => {
  behaviour = 'no engine'
  // Vitest reports every rejection that nobody handled in time.
  await expect(detect()).rejects.toMatchObject({ code: 'USAGE_DEVICE' })
  await expect(detect({ images: [at('nowhere')] })).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' })
})

describe('the limit', () => {
  test('keeps the best detections of an image and says in how many images it cut', async () => {
    const report = await detect({ limit: 10 })
    expect(report).toMatchObject({ images: 2, detections: 13, cut: 1 })
    expect(said).toContain(
      'More than 10 detections were found in one image; the best 10 are kept. Use --limit',
    )
    const crowded = results().filter(({ file_name }) => file_name === '12-cells.jpg')
    expect(crowded.map(({ score }) => score)).toEqual(Array.from({ length: 10 }, (_, i) => 1 - i / 1000))
  })

  test('says nothing where an image has exactly as many', async () => {
    expect(await detect({ limit: 12 })).toMatchObject({ detections: 15, cut: 0 })
    expect(said).not.toContain('--limit')
  })
})

describe('the limit counts the wanted detections alone', () => {
  const found = () => results().map(({ score }) => Math.round(1000 - 1000 * score))

  test.each<[Partial<DetectOptions>, number[], number]>([
    [{ classes: ['rare'], limit: 2 }, [3, 7], 1],
    [{ classes: ['rare'], limit: 3 }, [3, 7, 11], 0],
    [{ classScore: { cell: 0.9985 }, limit: 3 }, [0, 1, 3], 1],
    [{ classScore: { cell: 0.9985 }, limit: 5 }, [0, 1, 3, 7, 11], 0],
  ])('%j', async (options, ranks, cut) => {
    behaviour = 'mixed'
    const report = await detect({ ...options, images: [at('12-cells.jpg')] })
    expect(found()).toEqual(ranks)
    expect(report).toMatchObject({ detections: ranks.length, cut })
  })

  test('in shards as well', async () => {
    behaviour = 'mixed'
    const progress = new Progress(new PassThrough() as unknown as NodeJS.WriteStream)
    const model = fileURLToPath(new URL('../../../resources/sample/run/best.safetensors', import.meta.url))
    const wanted = { ...{ model, format: 'coco' as const, limit: 2, batch: 1, classes: ['marble'] } }
    await runParts({ ...wanted, images: [at('12-cells.jpg')], out: at('parts'), shard: '1/1' }, progress)
    const report = await runParts(
      { ...wanted, images: [at('parts')], out: at('found.json'), merge: true },
      progress,
    )
    expect(report).toMatchObject({ detections: 2, cut: 1 })
    expect(found()).toEqual([3, 7])
  })
})

test('a shard is detected in tiles where the whole would be', async () => {
  behaviour = 'tiled'
  const progress = new Progress(new PassThrough() as unknown as NodeJS.WriteStream)
  const model = fileURLToPath(new URL('../../../resources/sample/run/best.safetensors', import.meta.url))
  const common = { ...{ model, format: 'coco' as const, limit: 100, batch: 1 }, images: [at('12-cells.jpg')] }
  for (const [tile, tiled] of [
    [{}, 1],
    [{ tile: 64 }, 1],
    [{ tile: 'off' }, 0],
  ] as const) {
    expect(await detect({ ...common, ...tile })).toMatchObject({ tiled })
    const part = await runParts({ ...common, ...tile, out: at('parts'), shard: '1/1' }, progress)
    expect(part).toMatchObject({ tiled })
  }
})

describe('pictures', () => {
  test('go beside each other, one for each image, and replace those of an earlier detection', async () => {
    await lay(folder, { 'photos/1-x.png': [8, 6], 'photos/1-x.jpg': [8, 6] })
    for (let time = 0; time < 2; time++) {
      await detect({ images: [at('photos')], overlay: at('pictures') })
      expect(readdirSync(at('pictures')).sort()).toEqual(['1-x.jpg', '1-x.png.jpg'])
    }
  })

  test.each([
    ['a photograph of the same name', 'photos', ['photos/1-x.png']],
    ['the images themselves', 'photos', ['photos/1-x.jpg']],
    ['the images through a linked folder', 'link', ['photos/1-x.jpg']],
  ])('never replace %s', async (_, overlay, images) => {
    await lay(folder, { 'photos/1-x.png': [8, 6], 'photos/1-x.jpg': [8, 6] })
    symlinkSync(at('photos'), at('link'))
    const before = readFileSync(at('photos/1-x.jpg'))
    const job = detect({ images: images.map((name) => at(name)), overlay: at(overlay) })
    await expect(job).rejects.toMatchObject({
      code: 'DATA_EXISTS',
      remedy: expect.stringContaining('--overlay'),
    })
    expect(readFileSync(at('photos/1-x.jpg'))).toEqual(before)
    expect(readdirSync(at('photos')).sort()).toEqual(['1-x.jpg', '1-x.png'])
    expect(existsSync(at('found.json'))).toBe(false)
  })

  test('drawn earlier and now given as images are not replaced either', async () => {
    await lay(folder, { 'photos/1-x.jpg': [8, 6] })
    await detect({ images: [at('photos')], overlay: at('pictures') })
    const job = detect({ images: [at('pictures')], overlay: at('pictures') })
    await expect(job).rejects.toMatchObject({ code: 'DATA_EXISTS' })
  })
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s leaves complete earlier results as they were',
  async (signal) => {
    await detect()
    const before = readFileSync(at('found.json'), 'utf8')
    for (let i = 0; i < 60; i++) await lay(folder, { [`more/${i}-cells.png`]: [8, 6] })
    behaviour = 'slow'
    onSaid = () => {
      if (!said.includes('1/60')) return
      onSaid = () => undefined
      process.emit(signal, signal)
    }
    const report = await detect({ images: [at('more')] })
    expect(report.complete).toBe(false)
    expect(report.images).toBeLessThan(60)
    expect(process.exitCode).toBe(130)
    expect(readFileSync(at('found.json'), 'utf8')).toBe(before)
    expect(renderDetect(report)).toContain('Stopped early')
  },
)

describe('a folder in the place of a model', () => {
  const refusal = {
    code: 'USAGE_NO_FILE',
    message: expect.stringContaining('is a folder'),
    remedy: expect.stringContaining('best.safetensors'),
  }
  beforeEach(() => void mkdirSync(at('run')))

  test('is refused by detect', async () => {
    await expect(detect({ model: at('run') })).rejects.toMatchObject(refusal)
  })

  test('is refused by train', async () => {
    const labels = { images: [], annotations: [], categories: [{ id: 1, name: 'a' }] }
    await lay(folder, { 'labels.json': JSON.stringify(labels) })
    const options = { data: fileURLToPath(new URL('../../../resources/sample/train.json', import.meta.url)) }
    const job = runTrain({ ...options, model: at('run'), out: at('trained'), steps: 1 }, new Progress())
    await expect(job).rejects.toMatchObject(refusal)
    expect(existsSync(at('trained'))).toBe(false)
  })
})
