/** What leaves the studio: labels, models, reports. With the real store and the engine's own process. */
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { XMLValidator } from 'fast-xml-parser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EngineData } from '../../src/core/contract/engine.ts'
import { EvaluationEntry } from '../../src/core/contract/studio/evaluation.ts'
import { ModelExport, ReportExport } from '../../src/core/contract/studio/exports.ts'
import { DetectionReport } from '../../src/core/contract/studio/models.ts'
import { ExportResult } from '../../src/core/contract/studio/project.ts'
import type { StudioClient } from '../../src/core/contract/wire.ts'
import { FORMATS } from '../../src/core/formats/formats.ts'
import { decodeSafetensors } from '../../src/core/formats/safetensors.ts'
import type { StudioHost } from '../../src/main/studio/api/host.ts'
import { loadDataset } from '../../src/main/studio/datasets/index.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { CATEGORIES, pictures, SMALL } from '../support/pictures.ts'
import { scratch } from '../support/scratch.ts'
import { connect, ended, studioHost } from '../support/studio.ts'

describe('labels', () => {
  async function sample(): Promise<StudioClient> {
    const client = connect(await studioHost())
    await client.call('project.openSample', {})
    return client
  }
  const all = { query: '', copyImages: false, overwrite: false }

  test.each(FORMATS)('are counted for %s before anything is written', async (format) => {
    const client = await sample()
    const counted = await ended(client, await client.call('project.export', { ...all, format, out: null }))
    const result = ExportResult.parse(counted.result)
    const summary = await client.call('project.summary', {})
    expect(result).toMatchObject({ images: summary!.images, boxes: summary!.labels, copiedImages: 0 })
    const classes = await client.call('classes.list', {})
    expect(result.perClass).toEqual(classes.map(({ name, labels }) => ({ name, boxes: labels })))
    const out = join(await scratch(), 'out')
    const written = await ended(client, await client.call('project.export', { ...all, format, out }))
    expect(written.result).toEqual(result)
    expect(
      readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
    ).toHaveLength(result.files)
  })

  test('what a format cannot hold is told, by its nature and object by object', async () => {
    const client = await sample()
    const [image] = (await client.call('images.find', { query: 'split:train' })).ids
    const [{ id: classId } = { id: 0 }] = await client.call('classes.list', {})
    await client.call('annotations.add', {
      image: image!,
      annotations: [
        { classId, box: [1, 1, 20, 20], source: 'drawn', difficult: true },
        { classId, box: [2, 2, 30, 30], source: 'drawn', crowd: true },
      ],
    })
    const job = await client.call('project.export', { ...all, format: 'yolo', out: null })
    const { notKept, problems } = ExportResult.parse((await ended(client, job)).result)
    expect(notKept).toContain('difficult flag of 1 object')
    expect(problems).toMatchObject([{ reason: 'YOLO has no crowd regions', action: 'skipped' }])
  })

  test('replace nothing unasked, and nothing else when asked', async () => {
    const client = await sample()
    const out = await scratch()
    writeFileSync(join(out, 'data.yaml'), 'mine')
    writeFileSync(join(out, 'notes.txt'), 'mine')
    const refused = await ended(client, await client.call('project.export', { ...all, format: 'yolo', out }))
    expect(refused).toMatchObject({ state: 'failed', error: { code: 'DATA_EXISTS' } })
    expect(readdirSync(out).sort()).toEqual(['data.yaml', 'notes.txt'])
    const params = { ...all, format: 'yolo', out, copyImages: true, overwrite: true } as const
    const job = await client.call('project.export', params)
    expect((await ended(client, job)).state).toBe('done')
    expect(readFileSync(join(out, 'notes.txt'), 'utf8')).toBe('mine')
    expect(readFileSync(join(out, 'data.yaml'), 'utf8')).not.toBe('mine')
    expect((await loadDataset(out)).dataset.images).toHaveLength(60)
  })

  test('leave nothing behind when cancelled', async () => {
    const client = await sample()
    const folder = await scratch()
    const job = await client.call('project.export', {
      ...all,
      format: 'voc',
      out: join(folder, 'out'),
      copyImages: true,
    })
    await expect.poll(() => readdirSync(folder), { interval: 1 }).not.toEqual([])
    await client.call('jobs.cancel', job)
    expect((await ended(client, job)).state).toBe('cancelled')
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('models and reports', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fcos-exports-'))
  const images = join(folder, 'pictures')
  const trained = join(folder, 'run')
  let data: EngineData

  beforeAll(async () => {
    data = await pictures(images, 6)
    const validation = { ...data, images: data.images.slice(4) }
    const engine = await startEngine({ fastMath: false })
    const training = {
      ...SMALL.training,
      steps: 60,
      batch: 4,
      saveEvery: 100,
      evaluateEvery: 20,
      optimiser: { rate: 3e-3 },
    }
    await engine.call(
      {
        ...{ method: 'train', out: trained, weights: null, architecture: 'lite0' },
        data: { ...data, images: data.images.slice(0, 4) },
        ...{ validation, options: { ...SMALL, training }, resume: false },
      },
      () => {},
    )
    await engine.close()
  }, 120_000)
  afterAll(() => rmSync(folder, { recursive: true }))

  /** A project over the pictures, with the run in it. */
  async function project(): Promise<{ host: StudioHost; client: StudioClient; run: string; model: string }> {
    const host = await studioHost()
    const client = connect(host)
    await client.call('project.create', { folder: await scratch(), imageRoot: images })
    for (const job of await client.call('jobs.list', {})) await ended(client, { job: job.id })
    const { id, folder: home } = host.runs.store.create((created) => ({
      ...{
        format: 'fcos-studio-run-note',
        version: 1,
        name: 'Run <1> & "more"',
        created,
        state: 'done',
        error: null,
      },
      ...{
        from: 'lite0, ImageNet weights',
        overfit: null,
        pinned: { images: [], every: 10 },
        notes: ['a </style> note'],
      },
    }))
    cpSync(trained, home, { recursive: true })
    return { host, client, run: id, model: join(home, 'best.safetensors') }
  }

  async function exported(client: StudioClient, params: Parameters<typeof client.call<'exports.model'>>[1]) {
    return ended(client, await client.call('exports.model', params))
  }

  test('a card is drafted from the run', async () => {
    const { client, model } = await project()
    const { card, classes, thresholds } = await client.call('exports.card', {
      ...{ model, evaluation: null, licence: 'CC-BY-4.0' },
    })
    expect([classes, thresholds]).toEqual([CATEGORIES, []])
    const evaluations = readFileSync(join(trained, 'evaluations.jsonl'), 'utf8').trim().split('\n')
    const best = Math.max(...evaluations.map((line) => JSON.parse(line).stats[0]))
    const hash = createHash('sha256')
      .update(readFileSync(join(trained, 'data.json')))
      .digest('hex')
    for (const wanted of [
      '| images | 4 | 2 |',
      '| boxes | 8 | 4 |',
      '| red | 4 | 2 |',
      `| AP, IoU 0.50 to 0.95 | ${best.toFixed(3)} |`,
      hash,
      '| device | CPU |',
      '| steps | 60 |',
      'CC-BY-4.0',
    ])
      expect(card).toContain(wanted)
  })

  test('thresholds come from an evaluation: of best F1, or as they were saved', async () => {
    const { client, model } = await project()
    // In another order and with other ids than in the model.
    const blue = (await client.call('classes.add', { name: 'Blue' })).id
    const red = (await client.call('classes.add', { name: 'Red' })).id
    const { ids } = await client.call('images.find', { query: '' })
    const listed = await client.call('images.list', { ids })
    for (const [i, image] of ids.entries()) {
      const [x1, y1, x2, y2] = data.images[i]!.boxes
      await client.call('annotations.add', {
        image,
        annotations: [{ classId: red, box: [x1!, y1!, x2!, y2!], source: 'drawn' }],
      })
    }
    // Of six objects four are found, surer than two mistakes: F1 is best at 0.7, 4 right of 4, 4 found of 6.
    const results = listed.map(({ path: file_name }, i) => {
      const [x1, y1, x2, y2] = data.images[i]!.boxes
      const bbox = i < 4 ? [x1!, y1!, x2! - x1!, y2! - y1!] : [0, 80, 5, 5]
      return { image_id: ids[i], file_name, category_id: red, bbox, score: i < 4 ? 0.9 - i / 15 : 0.2 }
    })
    const path = join(await scratch(), 'results.json')
    writeFileSync(path, JSON.stringify(results))
    const job = await client.call('evaluation.start', { source: { kind: 'file', path }, query: '' })
    const { id: evaluation } = EvaluationEntry.parse((await ended(client, job)).result)
    const drafted = await client.call('exports.card', { model, evaluation, licence: '' })
    expect(drafted.thresholds).toEqual([
      { classId: 1, score: expect.closeTo(0.7, 6) },
      { classId: 2, score: 0.05 },
    ])
    expect(drafted.card).toContain('| red | 0.7 | 1.000 | 0.667 | 0.800 |')
    expect(drafted.card).toContain('| blue | 0.05 | – | – | – |')
    const saved = [
      { classId: red, score: 0.1 },
      { classId: blue, score: 0.6 },
    ]
    await client.call('evaluation.saveThresholds', { evaluation, thresholds: saved })
    const redrafted = await client.call('exports.card', { model, evaluation, licence: '' })
    expect(redrafted.thresholds.map(({ score }) => score)).toEqual([0.1, 0.6])
    expect(redrafted.card).toContain('| red | 0.1 | 0.667 | 0.667 | 0.667 |')
    await expect(
      client.call('exports.card', { model, evaluation: 'gone00000', licence: '' }),
    ).rejects.toMatchObject({ code: 'USAGE_EVALUATION' })
  }, 240_000)

  test('a fresh engine finds with the exported file what the model finds', async () => {
    const { client, model } = await project()
    const out = join(await scratch(), 'squares')
    const params = {
      ...{ model, out, card: '# Squares\n', check: 2, overwrite: false },
      thresholds: [
        { classId: 2, score: 0.25 },
        { classId: 1, score: 0.5 },
      ],
    }
    const job = await exported(client, params)
    expect(job.error).toBeNull()
    const { files, bytes, check } = ModelExport.parse(job.result)
    expect(files).toEqual([`${out}.safetensors`, `${out}.md`])
    expect(check).toMatchObject({ images: 2, differing: 0 })
    expect(check!.detections).toBeGreaterThan(0)
    const file = readFileSync(files[0]!)
    expect(file.length).toBe(bytes)
    const written = decodeSafetensors(file)
    const { tensors } = decodeSafetensors(readFileSync(model))
    expect(written.metadata).toMatchObject({ card: '# Squares\n', thresholds: '[0.5,0.25]' })
    for (const [name, { bytes: weights }] of tensors) {
      expect(Buffer.compare(written.tensors.get(name)!.bytes, weights), name).toBe(0)
    }
    expect(readFileSync(files[1]!, 'utf8')).toBe('# Squares\n')
    expect(await exported(client, params)).toMatchObject({ error: { code: 'DATA_EXISTS' } })
    expect((await exported(client, { ...params, check: 0, overwrite: true })).result).toMatchObject({
      check: null,
    })
    const lacking = { ...params, out: `${out}-2`, thresholds: [{ classId: 1, score: 0.5 }] }
    expect(await exported(client, lacking)).toMatchObject({ error: { code: 'USAGE_THRESHOLDS' } })
  }, 120_000)

  test('int8 is calibrated on images of the project, and the file is a model of it', async () => {
    const { client, model } = await project()
    const out = join(await scratch(), 'squares.onnx')
    const params = { model, out, card: '', thresholds: null, check: 2, calibrate: 3, overwrite: false }
    const details: string[] = []
    client.on('job', ({ detail }) => details.push(detail))
    const job = await exported(client, { ...params, onnx: { raw: false, precision: 'int8' } })
    expect(job.error).toBeNull()
    const { calibration, check } = ModelExport.parse(job.result)
    expect(calibration).toEqual({ images: 3, skipped: [] })
    expect(check).toMatchObject({ images: 2, apart: null })
    expect(check!.agreement!.found).toBeGreaterThan(0)
    expect(details).toContainEqual(expect.stringMatching(/^Calibrating, image \d of 3/))

    await client.call('models.use', { path: out })
    const job8 = await client.call('detect.images', {
      ...{ images: { query: '' }, score: 0.1, nms: 0.6, addClasses: true },
    })
    const { proposals } = DetectionReport.parse((await ended(client, job8)).result)
    expect(proposals).toBeGreaterThan(0)
  }, 120_000)

  test('nothing is left of an export that was cancelled or failed', async () => {
    const { client, model } = await project()
    const place = await scratch()
    const params = { model, out: join(place, 'a'), card: '', thresholds: null, check: 6, overwrite: false }
    const job = await client.call('exports.model', params)
    client.on('job', ({ id, detail }) => {
      if (id === job.job && detail.startsWith('The file')) void client.call('jobs.cancel', job)
    })
    expect((await ended(client, job)).state).toBe('cancelled')
    const broken = join(place, 'broken.safetensors')
    writeFileSync(broken, 'no weights')
    expect((await exported(client, { ...params, model: broken })).error?.code).toMatch(/^WEIGHTS_/)
    expect(readdirSync(place)).toEqual(['broken.safetensors'])
  }, 120_000)

  test('a report says what was measured, and stands alone', async () => {
    const { client, run } = await project()
    const out = join(await scratch(), 'report.html')
    const job = await ended(client, await client.call('exports.report', { run, out, overwrite: false }))
    expect(job.error).toBeNull()
    const { path, bytes, lacks } = ReportExport.parse(job.result)
    const page = readFileSync(path, 'utf8')
    expect([path, bytes, lacks]).toEqual([out, Buffer.byteLength(page), []])

    expect(page).not.toMatch(/<script|<link|<iframe|@import|url\(|\son\w+=|javascript:/i)
    for (const [, address] of page.matchAll(/\s(?:src|href|xlink:href|action)="([^"]*)"/g)) {
      expect(address).toMatch(/^data:image\/jpeg;base64,/)
    }
    // HTML without its void elements' liberties is XML.
    const xml = page.replace(/<!doctype html>/, '').replace(/<meta[^>]*>/g, '')
    expect(XMLValidator.validate(xml, { allowBooleanAttributes: false })).toBe(true)
    expect(page).toContain('<h1>Run &lt;1&gt; &amp; &quot;more&quot;</h1>')
    expect(page).toContain('<li>a &lt;/style&gt; note</li>')

    // Measured anew, as the engine measured while it trained.
    const evaluations = readFileSync(join(trained, 'evaluations.jsonl'), 'utf8').trim().split('\n')
    const stats: number[][] = evaluations.map((line) => JSON.parse(line).stats)
    const best = stats.find(([ap]) => ap === Math.max(...stats.map((one) => one[0]!)))!
    const told = [...page.matchAll(/<tr><th>A[PR], .*?<\/th><td>(.*?)<\/td>/g)].map(([, value]) => value)
    expect(told).toEqual(best.map((value) => (value < 0 ? '–' : value.toFixed(3))))
    expect(page.match(/data:image\/jpeg/g)).toHaveLength(2)

    const again = await ended(client, await client.call('exports.report', { run, out, overwrite: false }))
    expect(again.error?.code).toBe('DATA_EXISTS')
    expect(readFileSync(path, 'utf8')).toBe(page)
  }, 120_000)
})
