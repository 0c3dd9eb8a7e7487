/** Evaluations over the studio's API: numbers against the fixture that pycocotools made, lists against numbers, faults. */
import { readFileSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { EvaluationEntry, type FindingsOf } from '../../src/core/contract/studio/evaluation.ts'
import { readPoints } from '../../src/core/contract/studio/evaluation-points.ts'
import type { StudioClient } from '../../src/core/contract/wire.ts'
import type { CocoResult } from '../../src/core/formats/coco-results.ts'
import { runEval } from '../../src/main/cli/commands/eval.ts'
import type { StudioHost } from '../../src/main/studio/api/host.ts'
import { namedResults, projectOfCoco } from '../support/evaluated-project.ts'
import { scratch } from '../support/scratch.ts'
import { connect, ended, studioHost } from '../support/studio.ts'

interface CocoFile {
  readonly images: { id: number; file_name: string; width: number; height: number }[]
  readonly categories: { id: number; name: string }[]
  readonly annotations: { id: number; image_id: number; category_id: number; iscrowd?: number }[]
}

interface Expected {
  readonly stats: number[]
  /** By category id. */
  readonly ap_per_category: Readonly<Record<string, number>>
  readonly precision_iou50_all_max100: Readonly<Record<string, number[]>>
}

const fixture = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8'))
const truth = fixture<CocoFile>('coco_gt.json')
const results = fixture<CocoResult[]>('coco_dt.json')
const expected = fixture<Expected>('coco_eval.json')

let folder: string
let host: StudioHost
let client: StudioClient
let file: string

beforeEach(async () => {
  folder = await scratch()
  const project = await projectOfCoco(folder, truth)
  project.close()
  host = await studioHost()
  client = connect(host)
  await client.call('project.open', { path: folder })
  file = join(folder, 'results.json')
  await writeFile(file, JSON.stringify(namedResults(results, truth)))
})

async function start(query = '', path = file) {
  return ended(client, await client.call('evaluation.start', { source: { kind: 'file', path }, query }))
}

async function evaluated(): Promise<EvaluationEntry> {
  const job = await start()
  expect(job.error).toBeNull()
  return EvaluationEntry.parse(job.result)
}

const asRanked = ({ id }: EvaluationEntry) => ({ evaluation: id, ranking: 'score' }) as const

test('the numbers are those of pycocotools, now and after opening the project again', async () => {
  const entry = await evaluated()
  for (const [i, value] of expected.stats.entries()) expect(entry.stats[i]).toBeCloseTo(value, 9)
  await client.call('project.close', {})
  await client.call('project.open', { path: folder })
  expect(await client.call('evaluation.list', {})).toEqual([entry])
  const summary = await client.call('evaluation.summary', asRanked(entry))
  expect(summary.stats).toEqual(entry.stats)
  expect(summary.changedImages).toBe(0)
  const objects = truth.annotations.filter(({ iscrowd }) => !iscrowd).length
  expect(summary.perClass.reduce((sum, one) => sum + one.objects, 0)).toBe(objects)
})

test('what is kept gives the same numbers on the command line', async () => {
  const entry = await evaluated()
  const kept = join(folder, 'evaluations', entry.id)
  const files = { gt: join(kept, 'ground-truth.json'), dt: join(kept, 'detections.json') }
  expect((await runEval(files)).evaluation.stats).toEqual(entry.stats)
})

describe('masks', () => {
  const masked = fixture<CocoFile>('segm_gt.json')
  const found = fixture<CocoResult[]>('segm_dt.json')
  const known = fixture<Record<'bbox' | 'segm', { stats: number[] }>>('segm_eval.json')

  /** An evaluation of the masks, with changes to what was labelled and found. */
  async function ofMasks(
    changes: { labels?: (one: object, index: number) => object; results?: (one: CocoResult) => object } = {},
  ): Promise<EvaluationEntry> {
    const { labels = (one) => one, results: change = (one) => one } = changes
    await client.call('project.close', {})
    folder = await scratch()
    const project = await projectOfCoco(folder, {
      ...masked,
      annotations: masked.annotations.map(labels),
    } as CocoFile)
    project.close()
    await client.call('project.open', { path: folder })
    file = join(folder, 'results.json')
    await writeFile(file, JSON.stringify(namedResults(found.map(change) as CocoResult[], masked)))
    return evaluated()
  }

  test('the numbers are those of pycocotools by boxes and by masks, also on the command line; errors and findings go by the same IoU', async () => {
    const entry = await ofMasks()
    expect(entry.iouTypes).toEqual(['bbox', 'segm'])
    for (const [i, value] of known.bbox.stats.entries()) expect(entry.stats[i]).toBeCloseTo(value, 9)
    for (const [i, value] of known.segm.stats.entries()) expect(entry.maskStats![i]).toBeCloseTo(value, 9)
    await client.call('project.close', {})
    await client.call('project.open', { path: folder })
    const ranked = { ...asRanked(entry), iouType: 'segm' } as const
    const summary = await client.call('evaluation.summary', ranked)
    expect(summary.stats).toEqual(entry.maskStats)
    expect(summary.changedImages).toBe(0)
    const kept = join(folder, 'evaluations', entry.id)
    const files = { gt: join(kept, 'ground-truth.json'), dt: join(kept, 'detections.json') }
    expect((await runEval({ ...files, iouType: 'segm' })).evaluation.stats).toEqual(entry.maskStats)

    const totals = async (iouType: 'bbox' | 'segm') => {
      const ranked = { ...asRanked(entry), iouType } as const
      const { types } = await client.call('evaluation.errors', ranked)
      const { counts } = await client.call('evaluation.confusion', { ...ranked, score: 0, iou: 0.5 })
      const of = { kind: 'falsePositives', type: null, score: 0 } as const
      const page = { of, classId: null, sort: 'iou', offset: 0, limit: 1000 } as const
      const { findings } = await client.call('evaluation.findings', { ...ranked, ...page })
      return { types, diagonal: counts.slice(0, -1).reduce((sum, row, k) => sum + row[k]!, 0), findings }
    }
    const [boxes, masks] = [await totals('bbox'), await totals('segm')]
    expect(masks.diagonal).not.toBe(boxes.diagonal)
    expect(masks.types.map(({ count }) => count)).not.toEqual(boxes.types.map(({ count }) => count))
    expect(boxes.findings.every(({ detected }) => detected!.segmentation === undefined)).toBe(true)
    expect(masks.findings.every(({ detected }) => detected!.segmentation !== undefined)).toBe(true)
  })

  test('an outline that changed since then counts as a changed image, a box evaluation does not mind', async () => {
    const entry = await ofMasks()
    const { ids } = await client.call('images.find', { query: '' })
    const [one] = await client.call('annotations.of', { image: ids[0]! })
    const [x1, y1, x2, y2] = one!.box
    const segmentation = [[x1, y1, x2, y1, x2, y2]]
    const edit = (patch: object) => client.call('annotations.update', { changes: [{ id: one!.id, patch }] })
    const { box, area } = one!
    await edit({ segmentation, box, area })
    const { changedImages } = await client.call('evaluation.summary', asRanked(entry))
    expect(changedImages).toBe(1)
    await writeFile(
      file,
      JSON.stringify(
        namedResults(
          found.map(({ segmentation: _, ...rest }) => rest),
          masked,
        ),
      ),
    )
    const plain = await evaluated()
    await edit({ segmentation: one!.segmentation, box, area })
    expect((await client.call('evaluation.summary', asRanked(plain))).changedImages).toBe(0)
  })

  test('the box of an object without an outline counts as its mask, and is counted', async () => {
    const entry = await ofMasks({
      labels: (one, index) => (index < 5 ? { ...one, segmentation: undefined } : one),
    })
    expect(entry.boxObjects).toBe(5)
    expect(entry.maskStats).not.toBeNull()
  })

  test.each([
    ['without masks', ({ segmentation: _, ...rest }: CocoResult) => rest, 0],
    [
      'with a mask of another size',
      (one: CocoResult) => ({ ...one, segmentation: { size: [7, 7], counts: [49] } }),
      112,
    ],
  ])('detections %s are compared by boxes, and it is said', async (_, results, without) => {
    const entry = await ofMasks({ results })
    expect(entry).toMatchObject({ iouTypes: ['bbox'], maskStats: null, masklessDetections: without })
    const asked = client.call('evaluation.summary', { ...asRanked(entry), iouType: 'segm' })
    await expect(asked).rejects.toMatchObject({ code: 'USAGE_IOU_TYPE' })
  })

  test('labels without an outline leave nothing to compare masks with', async () => {
    const entry = await ofMasks({ labels: (one) => ({ ...one, segmentation: undefined }) })
    expect(entry).toMatchObject({ iouTypes: ['bbox'], maskStats: null, boxObjects: 0 })
  })
})

test('curves are those of pycocotools, and a class without objects has none', async () => {
  const entry = await evaluated()
  const options = { ...asRanked(entry), classId: null, size: 'all' } as const
  const curves = await client.call('evaluation.curves', { ...options, by: 'class', iou: 0.5 })
  expect(curves.length).toBe(truth.categories.length)
  for (const { classId, precision } of curves) {
    const known = expected.precision_iou50_all_max100[classId!]
    if (precision === null) expect(expected.ap_per_category[classId!]).toBe(-1)
    else for (const [r, value] of precision.entries()) expect(value).toBeCloseTo(known![r]!, 9)
  }
  const overIous = await client.call('evaluation.curves', { ...options, by: 'iou', iou: null })
  const mean = overIous.reduce((sum, { ap }) => sum + ap, 0) / overIous.length
  expect(mean).toBeCloseTo(expected.stats[0]!, 9)
  const bySize = await client.call('evaluation.curves', { ...options, by: 'size', iou: null })
  expect(bySize.map(({ ap }) => ap)).toEqual([0, 3, 4, 5].map((i) => expect.closeTo(expected.stats[i]!, 9)))
})

test('what stands behind a number is as many as the number says', async () => {
  const entry = await evaluated()
  const page = { ...asRanked(entry), classId: null, sort: 'score', offset: 0, limit: 1000 } as const
  const totalOf = async (of: FindingsOf) => (await client.call('evaluation.findings', { ...page, of })).total

  const at = { score: 0.3, iou: 0.5 }
  const { classIds, counts } = await client.call('evaluation.confusion', { ...asRanked(entry), ...at })
  const named = (k: number) => classIds[k] ?? null
  for (const [row, columns] of counts.entries()) {
    for (const [column, count] of columns.entries()) {
      if (row > 1 && column > 1) continue
      const cell = { kind: 'cell', truth: named(row), predicted: named(column), ...at } as const
      expect(await totalOf(cell)).toBe(count)
    }
  }

  const errors = await client.call('evaluation.errors', asRanked(entry))
  for (const { type, count } of errors.types) {
    if (type === 'missed') expect(await totalOf({ kind: 'falseNegatives', type, score: 0 })).toBe(count)
    else expect(await totalOf({ kind: 'falsePositives', type, score: 0 })).toBe(count)
  }

  const points = await pointsOf(entry)
  const scores = await client.call('evaluation.scores', {
    ...asRanked(entry),
    axis: 'score',
    objects: 'any class',
  })
  expect(points.scores.length).toBe(scores.count)
  const { findings } = await client.call('evaluation.findings', {
    ...page,
    of: { kind: 'detections', indices: [...points.indices.subarray(0, 10)] },
    sort: 'image',
  })
  for (const { detected } of findings) {
    const i = points.indices.indexOf(detected!.index)
    expect(detected!.score).toBeCloseTo(points.scores[i]!, 6)
    expect(detected!.classId).toBe(points.classIds[i])
  }
})

test('lists come in pages, in the order asked for, and keep to a class and a score', async () => {
  const entry = await evaluated()
  const all = { ...asRanked(entry), of: { kind: 'falsePositives', type: null, score: 0.2 } } as const
  const ask = (
    offset: number,
    limit: number,
    sort: 'score' | 'iou' = 'score',
    classId: number | null = null,
  ) => client.call('evaluation.findings', { ...all, offset, limit, sort, classId })
  const { total, findings } = await ask(0, 1000)
  expect(findings.length).toBe(total)
  const scores = findings.map(({ detected }) => detected!.score)
  expect(scores).toEqual(scores.toSorted((a, b) => b - a))
  expect(Math.min(...scores)).toBeGreaterThanOrEqual(0.2)
  expect([...(await ask(0, 3)).findings, ...(await ask(3, 4)).findings]).toEqual(findings.slice(0, 7))
  const ious = (await ask(0, 1000, 'iou')).findings.map(({ iou }) => iou)
  expect(ious).toEqual(ious.toSorted((a, b) => b - a))
  for (const { detected, object } of (await ask(0, 1000, 'score', 2)).findings)
    expect([detected?.classId, object?.classId]).toContain(2)
})

test('thresholds: the best is on the curve, and what is saved is kept', async () => {
  const entry = await evaluated()
  const thresholds = await client.call('evaluation.thresholds', asRanked(entry))
  for (const { best, f1, precision, recall } of thresholds) {
    for (const [i, value] of f1.entries()) {
      const [p, r] = [precision[i]!, recall[i]!]
      expect(value).toBeCloseTo(p + r === 0 ? 0 : (2 * p * r) / (p + r), 9)
      if (best) expect(value).toBeLessThanOrEqual(best.f1 + 1e-12)
    }
  }
  const known = thresholds.flatMap(({ classId, best }) => (best ? [{ classId, ...best }] : []))
  expect(known.length).toBeGreaterThan(0)
  const asked = known.map(({ classId, score }) => ({ classId, score }))
  expect(await client.call('evaluation.figuresAt', { ...asRanked(entry), thresholds: asked })).toEqual(known)
  const saved = [{ classId: 1, score: 0.41 }]
  await client.call('evaluation.saveThresholds', { evaluation: entry.id, thresholds: saved })
  expect((await client.call('evaluation.list', {}))[0]!.thresholds).toEqual(saved)
})

test('corrected labels are told and taken back, the numbers stay', async () => {
  const entry = await evaluated()
  const { findings } = await client.call('evaluation.findings', {
    ...asRanked(entry),
    of: { kind: 'falseNegatives', type: null, score: 0 },
    ...{ classId: null, sort: 'score', offset: 0, limit: 1 },
  })
  const changed = async () => {
    const { changedImages, stats } = await client.call('evaluation.summary', asRanked(entry))
    expect(stats).toEqual(entry.stats)
    return changedImages
  }
  await client.call('annotations.remove', { ids: [findings[0]!.object!.annotationId] })
  expect(await changed()).toBe(1)
  await client.call('history.undo', {})
  expect(await changed()).toBe(0)
  await client.call('images.remove', { ids: [findings[0]!.imageId] })
  expect(await changed()).toBe(1)
  expect(await client.call('evaluation.summary', asRanked(entry))).toMatchObject({ removedImages: 1 })
  await client.call('history.undo', {})
  expect(await client.call('evaluation.summary', asRanked(entry))).toMatchObject({ removedImages: 0 })
  await client.call('evaluation.remove', { evaluation: entry.id })
  expect(await client.call('evaluation.list', {})).toEqual([])
})

test('a split takes its images only, results on others are counted', async () => {
  const [first, ...others] = host.project.find('')
  await client.call('images.setSplit', { ids: [first!], split: 'val' })
  const job = await start('split:val')
  const entry = EvaluationEntry.parse(job.result)
  expect(entry.images).toBe(1)
  expect(others.length).toBe(truth.images.length - 1)
  expect(entry.detections + entry.otherImages + entry.otherClasses).toBe(results.length)
})

test('detections made in a picture of another size are told by where they lie', async () => {
  for (const { width, height, file_name } of truth.images)
    host.project.database.run(
      'UPDATE image SET width = ?, height = ? WHERE path = ?',
      width,
      height,
      file_name,
    )
  const path = join(folder, 'far.json')
  const far = results.map((one) => ({ ...one, bbox: one.bbox!.map((value) => 4 * value) }))
  await writeFile(path, JSON.stringify(namedResults(far as typeof results, truth)))
  const { outside } = EvaluationEntry.parse((await start('', path)).result)
  expect(outside).toBeGreaterThan(results.length / 4)
  expect((await evaluated()).outside).toBe(0)
})

describe('faults', () => {
  const failure = async (text: string) => {
    const path = join(folder, 'bad.json')
    await writeFile(path, text)
    const { error } = await start('', path)
    // Nothing half there is left behind.
    expect(await client.call('evaluation.list', {})).toEqual([])
    expect(await readdir(join(folder, 'evaluations')).catch(() => [])).toEqual([])
    return error
  }

  test.each([
    ['DATA_JSON', '[{"image_id": 1,'],
    ['DATA_COCO_RESULTS', '{"images": []}'],
    ['DATA_COCO_RESULTS', '[{"image_id": 1, "category_id": 1, "bbox": [0, 0, -5, 3], "score": 0.5}]'],
    [
      'DATA_UNKNOWN_IMAGE',
      '[{"image_id": 999999, "file_name": "elsewhere.jpg", "category_id": 1, "bbox": [0, 0, 5, 3], "score": 0.5}]',
    ],
    ['DATA_SCORE', '[{"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 3], "score": 4.5}]'],
  ])('%s', async (code, text) => {
    expect((await failure(text))?.code).toBe(code)
  })

  test('no file, no labels, a bad query, an evaluation that there is not', async () => {
    expect((await start('', join(folder, 'none.json'))).error?.code).toBe('DATA_READ')
    expect((await start('split:test')).error?.code).toBe('USAGE_NO_LABELS')
    expect((await start('state:nonsense')).error?.code).toBe('USAGE_QUERY')
    const unknown = { evaluation: 'abcdefgh1', ranking: 'score' } as const
    await expect(client.call('evaluation.errors', unknown)).rejects.toMatchObject({
      code: 'USAGE_EVALUATION',
    })
    const entry = await evaluated()
    await expect(
      client.call('evaluation.errors', { evaluation: entry.id, ranking: 'class' }),
    ).rejects.toMatchObject({ code: 'USAGE_RANKING' })
  })

  test('files of an evaluation that are gone or damaged', async () => {
    const entry = await evaluated()
    await client.call('project.close', {})
    await client.call('project.open', { path: folder })
    await writeFile(join(folder, 'evaluations', entry.id, 'detections.json'), '[{')
    await expect(client.call('evaluation.errors', asRanked(entry))).rejects.toMatchObject({
      code: 'USAGE_EVALUATION',
    })
  })

  test('a folder that takes no files', async () => {
    await writeFile(join(folder, 'evaluations'), 'in the way')
    expect((await start()).error?.code).toBe('IO_EVALUATION')
    await rm(join(folder, 'evaluations'))
    await mkdir(join(folder, 'evaluations'))
    expect((await start()).error).toBeNull()
  })

  test('addresses of points that there are not', async () => {
    const entry = await evaluated()
    for (const path of ['/asset/evaluation/x/points', `/asset/evaluation/${entry.id}/lines`]) {
      expect((await host.respond(path, new URLSearchParams())).status).toBe(404)
    }
  })
})

async function pointsOf({ id }: EvaluationEntry) {
  const query = new URLSearchParams({ ranking: 'score', axis: 'score', objects: 'any class' })
  const { status, body } = await host.respond(`/asset/evaluation/${id}/points`, query)
  expect(status).toBe(200)
  const bytes = body as Buffer
  return readPoints(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer)
}
