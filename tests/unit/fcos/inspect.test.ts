import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DIALECTS } from '../../../src/core/fcos/config.ts'
import { distribution } from '../../../src/core/fcos/distribution.ts'
import { inspect } from '../../../src/core/fcos/inspect.ts'
import type { Annotation, Dataset } from '../../../src/core/formats/dataset.ts'
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import { resizedSize } from '../../../src/core/geometry/input-size.ts'
import { renderInspect, runInspect } from '../../../src/main/cli/commands/inspect.ts'
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

test('the command says it in words', () => {
  const text = renderInspect(runInspect(byHand, { size: 256 }))
  expect(text).toContain('3 images (1 without boxes), 5 boxes, 1 crowd regions left out')
  expect(text).toContain('Best possible recall 40.0 %: 3 boxes that no location can learn')
  expect(text).toContain('1 images of unknown size left out: lost.png')
  expect(text).toContain('c.png: box 0 (30 × 30 px) lost all its locations to smaller boxes: 1')
})
