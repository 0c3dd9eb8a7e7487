/** Models that look at the project's images: detection, review and raw outputs, with the engine's own process. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { decodeCandidateFile, decodeMaps } from '../../src/core/contract/model-assets.ts'
import { DetectionReport, type FilesReport } from '../../src/core/contract/studio/models.ts'
import type { StudioClient } from '../../src/core/contract/wire.ts'
import type { FcosConfig } from '../../src/core/detectors/fcos/config.ts'
import { decodeCandidates, type ImageOutputs } from '../../src/core/detectors/fcos/decode.ts'
import { guessesOf } from '../../src/core/detectors/shared/select.ts'
import { iou } from '../../src/core/geometry/box.ts'
import { pyramid } from '../../src/core/pyramid/levels.ts'
import type { StudioHost } from '../../src/main/studio/api/host.ts'
import { loadDataset } from '../../src/main/studio/datasets/index.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { CATEGORIES, pictures, SMALL } from '../support/pictures.ts'
import { scratch } from '../support/scratch.ts'
import { connect, ended, studioHost } from '../support/studio.ts'

const folder = mkdtempSync(join(tmpdir(), 'fcos-models-'))
const images = join(folder, 'pictures')
const checkpoint = join(folder, 'run', 'last.safetensors')
const COUNT = 6

beforeAll(async () => {
  const data = await pictures(images, COUNT)
  writeFileSync(join(images, 'broken.png'), 'no picture')
  const engine = await startEngine({ fastMath: false })
  const training = { ...SMALL.training, steps: 30, batch: 2, saveEvery: 100, optimiser: { rate: 3e-3 } }
  await engine.call(
    {
      method: 'train',
      out: join(folder, 'run'),
      weights: null,
      architecture: 'lite0',
      data,
      validation: null,
      options: { ...SMALL, training },
      resume: false,
    },
    () => {},
  )
  await engine.close()
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

async function project(): Promise<{ host: StudioHost; client: StudioClient; ids: readonly number[] }> {
  const host = await studioHost()
  const client = connect(host)
  const home = await scratch()
  await client.call('project.create', { folder: home, imageRoot: images })
  for (const job of await client.call('jobs.list', {})) await ended(client, { job: job.id })
  const { ids } = await client.call('images.find', { query: '-has:error' })
  return { host, client, ids }
}

async function detected(
  client: StudioClient,
  ids: readonly number[],
  addClasses = true,
): Promise<DetectionReport> {
  const job = await client.call('detect.images', { images: { ids }, score: 0.1, nms: 0.6, addClasses })
  const { error, result } = await ended(client, job)
  expect(error).toBeNull()
  return DetectionReport.parse(result)
}

const asset = async (host: StudioHost, path: string, key: string): Promise<Buffer> => {
  const { status, body } = await host.respond(path, new URLSearchParams({ model: key }))
  expect(status).toBe(200)
  return body as Buffer
}

test('the model in use is remembered for the project and told to every window', async () => {
  const { host, client } = await project()
  expect(await client.call('models.current', {})).toBeNull()
  await expect(
    client.call('detect.images', { images: { query: '' }, score: 0.1, nms: 0.6, addClasses: false }),
  ).rejects.toMatchObject({ code: 'USAGE_NO_MODEL' })
  const told: unknown[] = []
  client.on('model', (model) => told.push(model))
  const model = await client.call('models.use', { path: checkpoint })
  expect(model).toMatchObject({ path: checkpoint, title: 'run/last.safetensors', origin: 'file' })
  expect(told).toEqual([model])
  expect(await client.call('models.list', {})).toContainEqual({
    path: checkpoint,
    title: 'run/last.safetensors',
    origin: 'file',
  })
  const other = await host.respond('/asset/maps/1', new URLSearchParams({ model: 'older' }))
  expect([other.status, JSON.parse(String(other.body)).code]).toEqual([404, 'USAGE_MODEL'])
  await client.call('models.use', { path: null })
  expect(await client.call('models.current', {})).toBeNull()
  await expect(client.call('models.use', { path: '/absent.pth' })).rejects.toMatchObject({
    code: 'WEIGHTS_NOT_FOUND',
  })
})

test('maps and candidates of an image are one another, and are what detection keeps', async () => {
  const { host, client, ids } = await project()
  const { key } = (await client.call('models.use', { path: checkpoint }))!
  const image = ids[0]!
  const maps = decodeMaps(await asset(host, `/asset/maps/${image}`, key))
  const { candidates, embedding, ...about } = decodeCandidateFile(
    await asset(host, `/asset/candidates/${image}`, key),
  )
  expect(about.image).toEqual({ width: 96, height: 96 })
  expect(about.model.config.classes).toEqual(CATEGORIES)
  const config = maps.model.config as FcosConfig
  expect(candidates).toEqual(
    decodeCandidates(maps.outputs as ImageOutputs, {
      pyramid: pyramid(maps.input, config.assignment.location),
      distance: config.head.distance,
      scales: maps.parameters.scales,
      image: maps.resized,
      scoreThreshold: 0.01,
      candidatesPerLevel: 1000,
      alsoByClass: true,
    }),
  )
  expect(embedding).toEqual(maps.embedding)

  // A batch rounds otherwise, where convolutions compute in bfloat16.
  await detected(client, ids)
  const second = decodeCandidateFile(await asset(host, `/asset/candidates/${ids[1]}`, key))
  const direct = decodeMaps(await asset(host, `/asset/maps/${ids[1]}`, key))
  const apart = Math.hypot(...direct.embedding.map((value, i) => value - second.embedding[i]!))
  expect(apart).toBeLessThan(0.02 * Math.hypot(...direct.embedding))
}, 240_000)

test('detection proposes in one step, adds classes only when told, and does not compute twice', async () => {
  const { host, client, ids } = await project()
  await client.call('models.use', { path: checkpoint })
  const all = [...ids, ...(await client.call('images.find', { query: 'has:error' })).ids]
  const without = await detected(client, all, false)
  expect(without).toMatchObject({ images: COUNT, known: 0, proposals: 0 })
  expect(without.skipped).toMatchObject([{ error: { code: 'DATA_IMAGE_FORMAT' } }])
  expect(without.unknownClasses.map(({ name }) => name).sort()).toEqual(['blue', 'red'])

  const report = await detected(client, ids)
  expect(report).toMatchObject({ known: COUNT, imagesPerSecond: null, unknownClasses: [] })
  expect(report.proposals).toBeGreaterThan(COUNT)
  const classes = await client.call('classes.list', {})
  // The same boxes as the engine's own detections of the same images, classes taken by name.
  const detections: { classId: number; box: readonly number[]; score: number }[][] = []
  const files = ids.map((id) => host.project.fileOf(id))
  await host.models.engine.call(
    {
      ...{ method: 'detect', model: checkpoint, images: files, size: null, batch: 2 },
      ...{ score: 0.1, nms: 0.6, limit: 100 },
    },
    (event) => {
      if (event.kind !== 'detected') return
      detections[event.index] = event.detections.map(({ categoryId, ...rest }) => {
        const { name } = CATEGORIES.find(({ id }) => id === categoryId)!
        return { classId: classes.find((entry) => entry.name === name)!.id, ...rest }
      })
    },
  )
  for (const [i, image] of ids.entries()) {
    const found = await client.call('annotations.of', { image })
    expect(found).toMatchObject(
      detections[i]!.map((one) => ({ ...one, source: 'proposed', model: 'run/last.safetensors' })),
    )
  }
  expect(host.summary()).toMatchObject({ labels: 0, proposals: report.proposals, undo: 'Propose boxes' })
  await client.call('history.undo', {})
  expect(host.summary()).toMatchObject({ proposals: 0 })
  expect(await client.call('classes.list', {})).toEqual([])
}, 240_000)

test('an engine that is killed while it detects: said so, nothing proposed, the next start goes on', async () => {
  const { host, client, ids } = await project()
  await client.call('models.use', { path: checkpoint })
  const { pid } = await host.models.engine.hello()
  const stop = host.subscribe((event, data) => {
    const progress = event === 'job' && 'progress' in data! ? (data.progress as number | null) : null
    if (progress !== null && progress > 0 && progress < 1) {
      stop()
      process.kill(pid, 'SIGKILL')
    }
  })
  const request = { images: { ids }, score: 0.1, nms: 0.6, addClasses: true } as const
  const first = await ended(client, await client.call('detect.images', request))
  expect(first).toMatchObject({
    state: 'failed',
    error: { code: 'ENGINE_DIED', remedy: expect.stringContaining('continue from there') },
  })
  expect(host.summary()).toMatchObject({ proposals: 0 })
  const again = await detected(client, ids)
  expect(again.images).toBe(COUNT)
  expect(again.proposals).toBeGreaterThan(0)
}, 240_000)

test('the queue: what is useful comes first, what is done is past, near-duplicates are apart', async () => {
  const { client, ids } = await project()
  await client.call('models.use', { path: checkpoint })
  expect(await client.call('review.queue', { query: '', limit: 10 })).toMatchObject({ known: 0, items: [] })
  await detected(client, ids)
  const classes = await client.call('classes.list', {})
  // A label far from any square, of a class that the model would see there: it misses one and is surprised by others.
  const box = [0, 90, 6, 96] as const
  await client.call('annotations.add', {
    image: ids[3]!,
    annotations: Array.from({ length: 20 }, () => ({
      classId: classes[0]!.id,
      box,
      source: 'drawn' as const,
    })),
  })
  await client.call('images.setState', { ids: [ids[0]!], state: 'done' })
  const { items, known } = await client.call('review.queue', { query: '', limit: 10 })
  expect(known).toBe(COUNT - 1)
  expect(items.map(({ image }) => image).sort((a, b) => a - b)).toEqual(ids.slice(1))
  expect(items.find(({ image }) => image === ids[3])).toMatchObject({ disagreement: 1 })
  expect(Math.max(...items.map(({ uncertainty }) => uncertainty))).toBe(1)
  for (const { value, uncertainty, disagreement, rarity } of items) {
    expect(value).toBeCloseTo((uncertainty + disagreement + rarity) / 3, 12)
  }
}, 240_000)

test('a folder outside the project: the same boxes in every format, cut off and resumed', async () => {
  const { host, client } = await project()
  const out = await scratch()
  const options = { model: checkpoint, images: { folder: images }, score: 0.1, nms: 0.6, thresholds: [] }
  const done = async (name: string, format: 'coco' | 'csv' | 'voc' | 'yolo', pictures = false) => {
    const request = { ...options, out: join(out, name), format, pictures }
    return ended(client, await client.call('detect.files', request))
  }
  const whole = await done('coco', 'coco', true)
  expect(whole.error).toBeNull()
  expect(whole.result).toMatchObject({ images: COUNT, skipped: 1 } satisfies Partial<FilesReport>)
  const results = JSON.parse(readFileSync(join(out, 'coco', 'detections.json'), 'utf8'))
  expect(results).toHaveLength((whole.result as FilesReport).detections)
  expect(readdirSync(join(out, 'coco', 'pictures'))).toHaveLength(COUNT)
  expect(existsSync(join(out, 'coco', 'detecting.jsonl'))).toBe(false)
  expect(await done('coco', 'coco')).toMatchObject({ error: { code: 'DATA_EXISTS' } })

  // Killed in the middle, then started again.
  const { pid } = await host.models.engine.hello()
  let seen = 0
  const stop = host.subscribe((event) => {
    if (event !== 'job' || ++seen < 4) return
    stop()
    process.kill(pid, 'SIGKILL')
  })
  onTestFinished(stop)
  const cut = await done('csv', 'csv')
  if (cut.state === 'failed') expect(cut.error).toMatchObject({ code: 'ENGINE_DIED' })
  if (cut.state === 'failed') expect((await done('csv', 'csv')).error).toBeNull()
  const { dataset } = await loadDataset(join(out, 'csv'), { missing: 'keep' })
  const boxes = dataset.images.flatMap(({ fileName, annotations }) =>
    annotations.map(({ box }) => ({ fileName, box })),
  )
  expect(boxes).toHaveLength(results.length)
  for (const { file_name, bbox } of results) {
    const [x, y, width, height] = bbox
    const same = boxes.filter(
      ({ fileName, box }) => fileName === file_name && iou(box, [x, y, x + width, y + height]) > 0.999,
    )
    expect(same.length).toBeGreaterThan(0)
  }
}, 90_000)

test('images of the project, with thresholds of their classes', async () => {
  const { client, ids } = await project()
  const out = join(await scratch(), 'out')
  const params = {
    model: checkpoint,
    images: { query: '' },
    out,
    format: 'coco',
    pictures: false,
    nms: 0.6,
  } as const
  const read = async (score: number, thresholds: { classId: number; score: number }[], to: string) => {
    const job = await client.call('detect.files', { ...params, out: to, score, thresholds })
    expect((await ended(client, job)).error).toBeNull()
    return JSON.parse(readFileSync(join(to, 'detections.json'), 'utf8')) as Record<string, number>[]
  }
  const all = await read(0.1, [], out)
  expect(new Set(all.map(({ image_id }) => image_id))).toEqual(new Set(ids))
  const few = await read(0.3, [{ classId: 2, score: 0.1 }], `${out}-2`)
  const passes = ({ category_id, score }: Record<string, number>) => score! >= (category_id === 2 ? 0.1 : 0.3)
  expect(few.filter((detection) => !passes(detection))).toEqual([])
  // The limit of an image counts after the thresholds, so that some which had no place in it may have one now.
  expect(few).toEqual(expect.arrayContaining(all.filter(passes)))
  expect(few.length).toBeLessThan(all.length)
  const absent = client.call('detect.files', { ...params, score: 0.1, thresholds: [], model: '/absent.pth' })
  await expect(absent).rejects.toMatchObject({ code: 'WEIGHTS_NOT_FOUND' })
}, 240_000)

test('guesses are selected by either ranking', async () => {
  const { host, client, ids } = await project()
  const { key } = (await client.call('models.use', { path: checkpoint }))!
  const { candidates } = decodeCandidateFile(await asset(host, `/asset/candidates/${ids[0]}`, key))
  const by = (centerness: boolean) => guessesOf(candidates, { score: 0.05, nms: 0.6, centerness })
  for (const { score, index } of by(false)) expect(score).toBe(candidates.classScores[index])
  const [best] = by(true)
  expect(best!.score).toBeCloseTo(
    Math.sqrt(candidates.classScores[best!.index]! * candidates.parts.centerness![best!.index]!),
    6,
  )
})
