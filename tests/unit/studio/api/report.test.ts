import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type {
  BoxFilter,
  ReportBoxes,
  ReportInspection,
  ReportLadders,
} from '../../../../src/core/contract/studio/report.ts'
import * as schemas from '../../../../src/core/contract/studio/report.ts'
import type { StudioClient } from '../../../../src/core/contract/wire.ts'
import { DIALECTS } from '../../../../src/core/detectors/fcos/config.ts'
import { parseCoco } from '../../../../src/core/formats/coco.ts'
import type { Dataset } from '../../../../src/core/formats/dataset.ts'
import { AnchorMeter } from '../../../../src/core/inspect/anchors.ts'
import { RecallMeter } from '../../../../src/core/inspect/recall.ts'
import { inspect } from '../../../../src/core/inspect/report.ts'
import { boxShape } from '../../../../src/core/inspect/shapes.ts'
import { resizedSize } from '../../../../src/core/pyramid/input-size.ts'
import { scratch } from '../../../support/scratch.ts'
import { connect, ended, SAMPLE, studioHost } from '../../../support/studio.ts'

const setting = { input: { shortSide: 416, longSide: 416 }, rules: DIALECTS.authors }
const all = { setting, split: null }

async function openSample(): Promise<StudioClient> {
  const client = connect(await studioHost())
  await client.call('project.openSample', {})
  return client
}

/** The bundled sample as its files have it. */
async function sample(...lists: ('train' | 'val')[]): Promise<Dataset> {
  const read = await Promise.all(
    lists.map(
      async (list) =>
        parseCoco(JSON.parse(await readFile(join(SAMPLE, `${list}.json`), 'utf8')), list).dataset,
    ),
  )
  return { categories: read[0]!.categories, images: read.flatMap(({ images }) => images) }
}

async function inspected(client: StudioClient, scope: schemas.ReportScope): Promise<ReportInspection> {
  const job = await ended(client, await client.call('report.inspect', scope))
  expect(job.error).toBe(null)
  return schemas.ReportInspection.parse(job.result)
}

async function listed(client: StudioClient, filter: BoxFilter): Promise<ReportBoxes> {
  const job = await ended(client, await client.call('report.boxes', { ...all, filter }))
  expect(job.error).toBe(null)
  return schemas.ReportBoxes.parse(job.result)
}

/** Adds a box of 3 × 3 px to the first image; answers its ids. */
async function addTinyBox(client: StudioClient): Promise<{ image: number; annotation: number }> {
  const { ids } = await client.call('images.find', { query: '' })
  const [image] = ids
  const [first] = await client.call('classes.list', {})
  const added = await client.call('annotations.add', {
    image: image!,
    annotations: [{ classId: first!.id, box: [32, 32, 35, 35], source: 'drawn' }],
  })
  return { image: image!, annotation: added.ids[0]! }
}

test('outlines: what masks and rays lose of the sample is counted and listed; without outlines there is nothing to say', async () => {
  const client = await openSample()
  const outlines = async () => {
    const job = await ended(client, await client.call('report.outlines', all))
    expect(job.error).toBe(null)
    return job.result
  }
  const said = schemas.ReportOutlines.parse(await outlines())
  const { objects, outlined, masks, rays } = said
  expect(outlined).toBe(objects)
  expect(masks.lost).toBe(0)
  expect(masks.removed).toBeGreaterThan(0)
  expect(masks.removed).toBeLessThan(masks.positives / 2)
  // Dice, marbles and pawns: nearly star-shaped all.
  expect(rays.fromCentroid.mean).toBeGreaterThan(0.9)
  expect(rays.best.mean!).toBeGreaterThan(rays.fromCentroid.mean - 0.05)
  expect(rays.fromCentroid.bins.reduce((sum, bin) => sum + bin.objects, 0)).toBe(outlined)
  for (const { from, to, objects } of rays.fromCentroid.bins) {
    const outlineIou = { from, to: to >= 1 ? null : to }
    if (objects > 0 && objects < 20) expect((await listed(client, { outlineIou })).count).toBe(objects)
  }
  for (const { loss, objects } of rays.losses) {
    if (objects > 0) expect((await listed(client, { outlineLoss: loss })).count).toBe(objects)
  }

  const { ids } = await client.call('images.find', { query: '' })
  for (const image of ids) {
    const own = await client.call('annotations.of', { image })
    const changes = own.map(({ id }) => ({ id, patch: { segmentation: null } }))
    if (changes.length > 0) await client.call('annotations.update', { changes })
  }
  expect(await outlines()).toBeNull()
})

describe('the report', () => {
  test.each([[null, ['train', 'val']] as const, ['train', ['train']] as const, ['val', ['val']] as const])(
    'of split %s says what inspect() says of the files',
    async (split, lists) => {
      const client = await openSample()
      const dataset = await sample(...lists)
      const expected = inspect(dataset, setting)
      const found = await inspected(client, { setting, split })
      expect(found).toMatchObject({
        images: expected.images,
        imagesWithoutBoxes: expected.imagesWithoutBoxes,
        recall: expected.recall,
        unlearnable: expected.unlearnable.length,
        starved: expected.starved.length,
        perLevel: expected.perLevel,
        ambiguity: expected.ambiguity,
        locationsPerBox: expected.locationsPerBox,
        shapes: expected.shapes,
      })
      const byName = ({ name, boxes, learnable }: { name: string; boxes: number; learnable: number }) => [
        name,
        boxes,
        learnable,
      ]
      expect(found.perCategory.map(byName).sort()).toEqual(expected.perCategory.map(byName).sort())
      expect(found.perSize.map(byName)).toEqual(expected.perSize.map(byName))

      const anchors = new AnchorMeter(setting.input)
      for (const image of dataset.images) anchors.add(image)
      expect(found.anchors).toEqual(anchors.recall)
      for (const groups of [found.perCategory, found.perSize]) {
        for (const rule of ['boxes', 'highQuality', 'from04', 'any'] as const) {
          expect(groups.reduce((sum, group) => sum + group.anchors[rule], 0)).toBe(anchors.recall[rule])
        }
      }
    },
  )

  test('tries other sizes and radii, and says what would be gained', async () => {
    const client = await openSample()
    const small = { input: { shortSide: 64, longSide: 64 }, rules: DIALECTS.torchvision }
    const job = await ended(client, await client.call('report.ladders', { setting: small, split: null }))
    const { inputSizes, radii }: ReportLadders = schemas.ReportLadders.parse(job.result)
    expect(inputSizes.present).toBe(64)
    expect(radii.measured.map(({ value }) => value)).toEqual([1, 1.5, 2, 2.5, 3, 0])
    const { images } = await sample('train', 'val')
    for (const { value, recall } of inputSizes.measured) {
      const meter = new RecallMeter({ ...small, input: { shortSide: value, longSide: value } })
      for (const image of images) meter.add(image)
      expect(recall).toEqual(meter.recall)
    }
    const suggested = inputSizes.suggestion!
    const [present] = inputSizes.measured
    expect(suggested.value).toBeGreaterThan(64)
    const share = ({ recall }: typeof suggested | typeof present) => recall!.learnable / recall!.boxes
    expect(suggested.gain).toBeCloseTo(share(suggested) - share(present), 12)
  })

  test('lists an unlearnable box with its cause, its cure and where it is, as soon as it is drawn', async () => {
    const client = await openSample()
    const before = await inspected(client, all)
    const { image, annotation } = await addTinyBox(client)
    const after = await inspected(client, all)
    expect(after.recall.boxes).toBe(before.recall.boxes + 1)
    expect(after.unlearnable).toBe(before.unlearnable + 1)

    const { boxes, count } = await listed(client, { positives: { from: 0, to: 0 } })
    expect(count).toBe(after.unlearnable)
    const row = boxes.find((one) => one.annotation === annotation)
    expect(row).toMatchObject({ image, box: [32, 32, 35, 35], cause: 'inside', perLevel: [0, 0, 0, 0, 0] })
    expect(row!.cure).toMatch(/^learnable from input size \d+ px \(now 416\)$/)

    await client.call('history.undo', {})
    expect(await inspected(client, all)).toEqual(before)
  })

  test('every number opens exactly its boxes', async () => {
    const client = await openSample()
    await addTinyBox(client)
    const report = await inspected(client, all)
    for (const { id, boxes } of report.perCategory)
      expect((await listed(client, { classId: id })).count).toBe(boxes)
    for (const { name, boxes } of report.perSize)
      expect((await listed(client, { sizeClass: name })).count).toBe(boxes)
    for (const { name, boxes } of report.perLevel)
      expect((await listed(client, { level: name })).count).toBe(boxes)
    for (const { from, to, boxes } of report.locationsPerBox.histogram) {
      const found = await listed(client, { positives: { from, to } })
      expect(found.count).toBe(boxes)
      for (const { perLevel } of found.boxes) {
        const positives = perLevel.reduce((sum, one) => sum + one, 0)
        expect(positives).toBeGreaterThanOrEqual(from)
        expect(positives).toBeLessThanOrEqual(to ?? positives)
      }
    }
    const rows = await client.call('images.list', {
      ids: (await client.call('images.find', { query: '' })).ids,
    })
    const sizeOf = new Map(rows.map((row) => [row.id, row]))
    for (const kind of ['size', 'aspect'] as const) {
      for (const { from, to, boxes } of report.shapes[kind].filter(({ boxes }) => boxes > 0)) {
        const found = await listed(
          client,
          kind === 'size' ? { side: { from, to } } : { aspect: { from, to } },
        )
        expect(found.count).toBe(boxes)
      }
    }
    const busiest = report.shapes.position.indexOf(Math.max(...report.shapes.position))
    const there = await listed(client, { cell: busiest })
    expect(there.count).toBe(report.shapes.position[busiest])
    for (const { image, box } of there.boxes) {
      const { width, height } = resizedSize(sizeOf.get(image)!, setting.input)
      const [x, y] = [width / sizeOf.get(image)!.width, height / sizeOf.get(image)!.height]
      const scaled = Float32Array.of(box[0] * x, box[1] * y, box[2] * x, box[3] * y)
      expect(boxShape(scaled, 0, { width, height })?.cell).toBe(busiest)
    }
    expect((await listed(client, {})).count).toBe(report.recall.boxes)
  }, 240_000)

  test('writes the list of all boxes, and no file over another', async () => {
    const client = await openSample()
    const out = join(await scratch(), 'boxes.csv')
    const write = async (overwrite: boolean) =>
      ended(client, await client.call('report.writeBoxes', { ...all, out, overwrite }))
    const { recall } = await inspected(client, all)
    expect(await write(false)).toMatchObject({ state: 'done', result: { boxes: recall.boxes } })
    const lines = (await readFile(out, 'utf8')).trimEnd().split('\n')
    expect(lines.length).toBe(recall.boxes + 1)
    expect(lines[0]).toMatch(/^image,annotation,class,xmin/)
    await writeFile(out, 'mine')
    expect(await write(false)).toMatchObject({ state: 'failed', error: { code: 'DATA_EXISTS' } })
    expect(await readFile(out, 'utf8')).toBe('mine')
    expect(await write(true)).toMatchObject({ state: 'done' })
    expect(await readFile(out, 'utf8')).toContain('image,annotation,class')
  })

  test('of an empty folder holds nothing, and a setting that makes no sense is refused', async () => {
    const client = connect(await studioHost())
    await client.call('project.open', { path: await scratch() })
    const found = await inspected(client, all)
    expect(found).toMatchObject({ images: 0, recall: { boxes: 0, learnable: 0 }, perCategory: [] })
    const job = await ended(client, await client.call('report.ladders', all))
    expect(job.result).toMatchObject({ inputSizes: { suggestion: null }, radii: { suggestion: null } })
    await expect(
      client.call('report.inspect', {
        split: null,
        setting: { ...setting, input: { shortSide: 0, longSide: 0 } },
      }),
    ).rejects.toMatchObject({ code: 'USAGE_REQUEST' })
  })
})
