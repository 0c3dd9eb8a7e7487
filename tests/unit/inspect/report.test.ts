import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CENTERNET } from '../../../src/core/detectors/centernet/index.ts'
import { DIALECTS } from '../../../src/core/detectors/fcos/config.ts'
import type { Annotation, Dataset } from '../../../src/core/formats/dataset.ts'
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import { boxListCsv, boxRows } from '../../../src/core/inspect/box-list.ts'
import { RecallMeter, radiusLadder, sizeLadder, suggest } from '../../../src/core/inspect/recall.ts'
import { distribution, Inspector, inspect } from '../../../src/core/inspect/report.ts'
import { resizedSize } from '../../../src/core/pyramid/input-size.ts'
import { runInspect } from '../../../src/main/cli/commands/inspect.ts'
import { renderInspect } from '../../../src/main/cli/commands/inspect-text.ts'
import { someBox } from '../../support/arbitrary-boxes.ts'
import { bruteForce, points } from '../../support/brute-force.ts'

const categories = [
  { id: 7, name: 'cat' },
  { id: 2, name: 'dog' },
  { id: 9, name: 'newt' },
]
const object = (categoryId: number, box: BoxXyxy, more: Partial<Annotation> = {}): Annotation => ({
  categoryId,
  box,
  ...more,
})
const options = { input: { shortSide: 256, longSide: 256 }, rules: DIALECTS.authors }

const byHand: Dataset = {
  categories,
  images: [
    {
      id: 1,
      fileName: 'a.png',
      width: 512,
      height: 512,
      annotations: [
        // At half size 40 × 40 around (40, 40): on P3, 36 and 44 are within 12 px, 28 and 52 just not; 4 locations.
        object(7, [40, 40, 120, 120]),
        object(7, [0, 0, 512, 512], { crowd: true }),
        // At half size 3 × 3 around (42, 42), where no location is; small.
        object(2, [81, 81, 87, 87]),
        // Flat.
        object(2, [100, 100, 100, 300]),
      ],
    },
    { id: 2, fileName: 'b.png', width: 256, height: 128, annotations: [] },
    {
      id: 3,
      fileName: 'c.png',
      width: 256,
      height: 256,
      annotations: [
        // Both boxes are eligible at 12 and 20 alone, along both axes: the smaller takes all four locations.
        object(2, [1, 1, 31, 31]),
        object(7, [5, 5, 27, 27]),
      ],
    },
    { id: 4, fileName: 'lost.png', width: 0, height: 0, annotations: [object(7, [0, 0, 10, 10])] },
  ],
}

test('a small data set, by hand', () => {
  const found = inspect(byHand, options)
  expect(found).toMatchObject({ images: 3, imagesWithoutBoxes: 1, unsized: ['lost.png'], crowds: 1 })
  expect(found.recall).toEqual({ boxes: 5, learnable: 2 })
  expect(found.perCategory).toEqual([
    { id: 7, name: 'cat', boxes: 2, learnable: 2 },
    { id: 2, name: 'dog', boxes: 3, learnable: 0 },
    { id: 9, name: 'newt', boxes: 0, learnable: 0 },
  ])
  expect(found.perSize).toEqual([
    { name: 'small', boxes: 4, learnable: 1 },
    { name: 'medium', boxes: 1, learnable: 1 },
    { name: 'large', boxes: 0, learnable: 0 },
  ])
  expect(found.perLevel.map(({ positives, boxes }) => [positives, boxes])).toEqual([
    [8, 2],
    [0, 0],
    [0, 0],
    [0, 0],
    [0, 0],
  ])
  // Two inputs of 256 × 256 and one of 256 × 128.
  expect(found.perLevel.map(({ locations }) => locations)).toEqual([2560, 640, 160, 40, 10])
  expect(found.ambiguity).toEqual({ positives: 8, ambiguous: 4, ambiguousAcrossClasses: 4 })
  expect(
    found.unlearnable.map(({ fileName, annotation, cause, lostTo }) => [fileName, annotation, cause, lostTo]),
  ).toEqual([
    ['a.png', 2, 'inside', []],
    ['a.png', 3, 'no-area', []],
    ['c.png', 0, 'lost', [1]],
  ])
  expect(found.unlearnable[0].reason).toBe('no location lies inside box 2 (3 × 3 px)')
  expect(found.locationsPerBox).toMatchObject({ boxes: 5, mean: 1.6, median: 0, max: 4 })
})

test('a data set without boxes has no recall to speak of', () => {
  const found = inspect({ categories, images: [byHand.images[1]] }, options)
  expect(found.recall).toEqual({ boxes: 0, learnable: 0 })
  expect(found.locationsPerBox).toMatchObject({ boxes: 0, mean: null, median: null, max: null })
  expect(inspect({ categories: [], images: [] }, options).images).toBe(0)
})

test('counts what the definition gives, over random data sets', () => {
  const image = fc.record({
    width: fc.integer({ min: 1, max: 700 }),
    height: fc.integer({ min: 1, max: 700 }),
    boxes: fc.array(someBox, { maxLength: 6 }),
  })
  fc.assert(
    fc.property(fc.array(image, { maxLength: 3 }), (images) => {
      const dataset: Dataset = {
        categories,
        images: images.map(({ width, height, boxes }, id) => ({
          id,
          fileName: `${id}.png`,
          width,
          height,
          annotations: boxes.map((box) => object(7, box as unknown as BoxXyxy)),
        })),
      }
      const found = inspect(dataset, options)
      const perBox: number[] = []
      const positives = [0, 0, 0, 0, 0]
      for (const { width, height, boxes } of images) {
        const size = resizedSize({ width, height }, options.input)
        const scale = [size.width / width, size.height / height]
        const scaled = boxes.map((box) => box.map((v, i) => Math.fround(v * scale[i % 2])))
        const pad = (side: number) => Math.ceil(side / 32) * 32
        const all = points(pad(size.width), pad(size.height), 'half-stride')
        const matched = bruteForce(all, scaled, options.rules)
        for (const gt of boxes.keys()) perBox.push(matched.filter((m) => m === gt).length)
        for (const [i, gt] of matched.entries()) if (gt >= 0) positives[all[i].level]++
      }
      expect(found.perLevel.map((level) => level.positives)).toEqual(positives)
      expect(found.recall).toEqual({ boxes: perBox.length, learnable: perBox.filter((n) => n > 0).length })
      expect(found.unlearnable.length).toBe(perBox.filter((n) => n === 0).length)
      expect(found.locationsPerBox).toEqual(distribution(perBox))
    }),
    { numRuns: 60 },
  )
})

test('distribution: even and odd counts, every bin', () => {
  expect(distribution([5, 1, 3])).toMatchObject({ mean: 3, median: 3, max: 5 })
  expect(distribution([4, 1, 3, 0])).toMatchObject({ mean: 2, median: 2, max: 4 })
  expect(
    distribution([0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 1000]).histogram.map((bin) =>
      Object.values(bin),
    ),
  ).toEqual([
    [0, 0, 1],
    [1, 1, 1],
    [2, 3, 2],
    [4, 7, 2],
    [8, 15, 2],
    [16, 31, 2],
    [32, 63, 2],
    [64, null, 2],
  ])
})

test('positives per level, starved boxes, and shapes, by hand', () => {
  const found = inspect(byHand, options)
  // The learnable boxes have 4 locations of P3 each: a 2 × 2 patch is not starved.
  expect(found.starved).toEqual([])
  expect(found.perLevel[0].locationsPerBox).toMatchObject({ boxes: 2, mean: 4, median: 4, max: 4 })
  expect(found.perLevel[1].locationsPerBox).toMatchObject({ boxes: 0, mean: null })
  // Sides of 40, 3, 30 and 22 px of the input; the flat box has none. Edges are 2, 2.8, 4, 5.7, 8, 11.3, 16, 22.6, 32, 45.3 …
  const sizes = found.shapes.size.filter(({ boxes }) => boxes > 0).map(({ from, to }) => [from, to])
  expect(sizes.map((edges) => edges.map((edge) => Math.round(edge!)))).toEqual([
    [3, 4],
    [16, 23],
    [23, 32],
    [32, 45],
  ])
  expect(found.shapes.aspect.filter(({ boxes }) => boxes > 0)).toEqual([
    { from: expect.closeTo(1), to: expect.closeTo(Math.SQRT2), boxes: 4 },
  ])
  // Cells are 16 px of the 256: centres (40, 40), (42, 42), (16, 16) and (16, 16).
  const cells = found.shapes.position.flatMap((boxes, cell) =>
    boxes > 0 ? [[cell % 16, cell >> 4, boxes]] : [],
  )
  expect(cells).toEqual([
    [1, 1, 2],
    [2, 2, 2],
  ])
})

test('a box with a row of three locations is starved', () => {
  // y = 20 is the only row of P3 inside, x = 12, 20 and 28 the sampled columns; P4 has a row at 24, outside.
  const image = { id: 5, fileName: 'e.png', width: 256, height: 256 }
  const dataset: Dataset = { categories, images: [{ ...image, annotations: [object(2, [4, 16, 36, 23])] }] }
  expect(inspect(dataset, options).starved).toEqual([
    { imageId: 5, fileName: 'e.png', annotation: 0, categoryId: 2, positives: 3 },
  ])
})

test('where a detector learns every object in one cell, none is starved', () => {
  const { input, assignment: rules } = CENTERNET.presets.lite0(categories)
  const found = inspect(byHand, { detector: CENTERNET.name, input, rules })
  expect(found.recall.learnable).toBeGreaterThan(0)
  expect(found.starved).toEqual([])
})

test('rows of the list of boxes, and their table', () => {
  const inspector = new Inspector(categories, options)
  const rows = byHand.images.flatMap((image) => {
    const found = inspector.add(image)
    return found ? boxRows(found, options) : []
  })
  expect(
    rows.map(({ imageId, annotation, perLevel, lost, cause }) => [
      imageId,
      annotation,
      perLevel[0],
      lost,
      cause,
    ]),
  ).toEqual([
    [1, 0, 4, 0, null],
    [1, 2, 0, 0, 'inside'],
    [1, 3, 0, 0, 'no-area'],
    [3, 0, 0, 4, 'lost'],
    [3, 1, 4, 0, null],
  ])
  // Of 40 × 40 around (40, 40), each axis contributes 16/24 at 36 and at 44.
  expect(rows[0].meanCenterness).toBeCloseTo(16 / 24, 6)
  const lines = boxListCsv(rows, categories).trimEnd().split('\n')
  expect(lines[0]).toBe(
    'image,annotation,class,xmin,ymin,xmax,ymax,size,P3,P4,P5,P6,P7,positives,lost,mean_centerness,cause,cure',
  )
  expect(lines[1]).toBe('a.png,0,cat,40,40,120,120,medium,4,0,0,0,0,4,0,0.6667,,')
  // Flat: 200 px high, but nothing to learn at any setting.
  expect(lines[3]).toBe('a.png,3,dog,100,100,100,300,small,0,0,0,0,0,0,0,,no-area,')
})

test('the ladders', () => {
  const sizes = sizeLadder({ input: { shortSide: 600, longSide: 1000 }, rules: DIALECTS.authors })
  expect(sizes.map(({ value, setting }) => [value, setting.input.shortSide, setting.input.longSide])).toEqual(
    [
      [600, 600, 1000],
      [640, 640, 1067],
      [800, 800, 1333],
      [1024, 1024, 1707],
      [1280, 1280, 2133],
    ],
  )
  expect(radiusLadder(options).map(({ value }) => value)).toEqual([1, 1.5, 2, 2.5, 3, 0])
  expect(
    radiusLadder({ ...options, rules: { ...options.rules, radius: 1.7 } }).map(({ value }) => value),
  ).toEqual([1, 1.5, 1.7, 2, 2.5, 3, 0])
})

test('measures a ladder as inspecting at each of its settings does', () => {
  for (const { setting } of [...sizeLadder(options), ...radiusLadder(options)]) {
    const meter = new RecallMeter(setting)
    for (const image of byHand.images) meter.add(image)
    expect(meter.recall).toEqual(inspect(byHand, setting).recall)
  }
})

test('what to take from a ladder', () => {
  const rungs = (...learnable: number[]) =>
    learnable.map((count, i) => ({ value: 100 * (i + 1), recall: { boxes: 1000, learnable: count } }))
  // Enough already.
  expect(suggest(rungs(990, 1000), 100)).toMatchObject({ value: 100, gain: 0 })
  // The nearest that is enough, not the best.
  const enough = suggest(rungs(900, 950, 991, 1000), 100)!
  expect(enough.value).toBe(300)
  expect(enough.gain).toBeCloseTo(0.091)
  expect(suggest(rungs(995, 900, 900, 995), 200)).toMatchObject({ value: 100 })
  // None is enough: the best, and of equals the nearest.
  expect(suggest(rungs(800, 900, 850, 900), 300)).toMatchObject({ value: 200, gain: expect.closeTo(0.05) })
  expect(suggest(rungs(900, 900), 200)).toMatchObject({ value: 200, gain: 0 })
  expect(suggest([{ value: 1, recall: { boxes: 0, learnable: 0 } }], 1)).toBeUndefined()
})

test('the command says it in words, and writes the list', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fcos-inspect-'))
  try {
    const csv = join(folder, 'boxes.csv')
    const progress: number[][] = []
    const report = await runInspect(byHand, { size: 256, csv }, (...now) => progress.push(now))
    expect(progress.at(-1)![0]).toBe(progress.at(-1)![1])
    const text = renderInspect(report)
    expect(text).toContain('3 images (1 without boxes), 5 boxes, 1 crowd region left out')
    expect(text).toContain('Best possible recall 40.0 %: 3 boxes that no location can learn')
    expect(text).toContain('1 image of unknown size left out: lost.png')
    expect(text).toMatch(
      /c\.png: box 0 \(30 × 30 px\) lost all its locations to smaller boxes: 1; learnable /,
    )
    expect(text).toContain(`All boxes are listed in ${csv}`)
    expect(readFileSync(csv, 'utf8').split('\n')).toHaveLength(7)
    expect(report.unlearnable.map(({ cure }) => cure === null)).toEqual([false, true, false])
    // All but the flat box overlap an anchor.
    expect(report.anchors).toMatchObject({ boxes: 5, any: 4 })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the command suggests an input size', async () => {
  // Over P4's location (8, 8) alone at 256 px, over P3's (12, 12) at 320.
  const image = {
    id: 1,
    fileName: 'a.png',
    width: 256,
    height: 256,
    annotations: [object(2, [5, 5, 11, 11])],
  }
  const report = await runInspect({ categories, images: [image] }, { size: 256 })
  expect(report.inputSizes.suggestion).toMatchObject({ value: 320, gain: 1 })
  expect(renderInspect(report)).toContain('input size 320 px would gain 100.0 points of best possible recall')

  const nothing = await runInspect({ categories, images: [] }, { size: 256 })
  expect(nothing.inputSizes.suggestion).toBeNull()
  expect(renderInspect(nothing)).toContain('0 images')
})
