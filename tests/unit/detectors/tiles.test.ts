import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  mergeTiles,
  OVERLAP,
  type Tiling,
  tileSide,
  tilesOf,
} from '../../../src/core/detectors/shared/tiles.ts'
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import { isWhole, ruleOf, tiledSamples } from '../../../src/core/training/tiles.ts'

const side = fc.integer({ min: 1, max: 5000 })

test('tiles lie inside the image, have one size, and hold whole whatever is smaller than their overlap', () => {
  fc.assert(
    fc.property(
      side,
      side,
      fc.integer({ min: 32, max: 2000 }),
      fc.nat(),
      fc.nat(),
      (width, height, tile, a, b) => {
        const image = { width, height }
        const tiles = tilesOf(image, tile)
        for (const { x, y, width: w, height: h } of tiles) {
          expect([w, h]).toEqual([Math.min(tile, width), Math.min(tile, height)])
          expect(x >= 0 && y >= 0 && x + w <= width && y + h <= height).toBe(true)
        }
        // A pixel of rounding at either side.
        const small = Math.max(1, Math.floor(OVERLAP * Math.min(tile, width, height)) - 2)
        const [x, y] = [a % Math.max(1, width - small), b % Math.max(1, height - small)]
        const holds = tiles.some(
          (of) => of.x <= x && of.y <= y && x + small <= of.x + of.width && y + small <= of.y + of.height,
        )
        expect(holds).toBe(true)
      },
    ),
  )
})

test('an image is tiled where it is much larger than what was learnt from, or where somebody asks', () => {
  const large = { width: 3840, height: 2400 }
  expect(tileSide(large, { input: 512, learnt: 640 }, 'auto')).toBe(640)
  expect(tileSide(large, { input: 512, learnt: 3000 }, 'auto')).toBeNull()
  expect(tileSide(large, { input: 512, learnt: null }, 'auto')).toBeNull()
  expect(tileSide({ width: 25_000, height: 20_000 }, { input: 512, learnt: null }, 'auto')).toBe(1024)
  expect(tileSide(large, { input: 512, learnt: 640 }, 'off')).toBeNull()
  expect(tileSide(large, { input: 512, learnt: null }, 1000)).toBe(1000)
  expect(tileSide(large, { input: 512, learnt: null }, 4000)).toBeNull()
})

const found = (box: BoxXyxy, score: number, categoryId = 1) => ({ box, score, categoryId })

test('a box that a border cuts goes where the neighbour has it whole, though it scores more', () => {
  const image = { width: 180, height: 100 }
  const [left, right] = tilesOf(image, 100)
  expect([left, right]).toMatchObject([{ x: 0 }, { x: 80 }])
  const half = found([85, 10, 100, 30], 0.9)
  const whole = found([85, 10, 104, 30], 0.6)
  const other = found([20, 20, 40, 40], 0.5)
  const stranger = found([85, 10, 104, 30], 0.4, 2)
  const tiled = [
    { tile: left!, detections: [half, other] },
    { tile: right!, detections: [whole, stranger] },
  ]
  expect(mergeTiles(image, tiled, [], 0.6)).toEqual([whole, other, stranger])
  // Nobody has the rest of it: better a part than nothing.
  expect(mergeTiles(image, tiled.slice(0, 1), [], 0.6)).toEqual([half, other])
})

test('what is too large for a tile comes from the whole image, and small boxes of that do not count', () => {
  const image = { width: 180, height: 100 }
  const [left, right] = tilesOf(image, 100)
  const large = found([10, 10, 170, 90], 0.7)
  const parts = [
    { tile: left!, detections: [found([10, 10, 100, 90], 0.95)] },
    { tile: right!, detections: [found([80, 10, 170, 90], 0.9)] },
  ]
  expect(mergeTiles(image, parts, [large, found([1, 1, 9, 9], 0.99)], 0.6)).toEqual([large])
})

test('what is learnt from a large image: every object whole in some tile, or in the whole image, and none of which too little is seen', () => {
  const box = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  const arbitrary = fc.record({
    width: fc.integer({ min: 200, max: 3000 }),
    height: fc.integer({ min: 200, max: 3000 }),
    side: fc.integer({ min: 32, max: 190 }),
    objects: fc.array(fc.tuple(box, fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 })), {
      maxLength: 8,
    }),
    minVisible: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(arbitrary, ({ width, height, side: tile, objects, minVisible }) => {
      const boxes = objects.flatMap(([[u, v], w, h]) => {
        const [x, y] = [Math.floor(u * Math.max(0, width - w)), Math.floor(v * Math.max(0, height - h))]
        return [x, y, Math.min(width, x + w), Math.min(height, y + h)]
      })
      const { views, empty, emptySamples } = tiledSamples({ width, height, boxes }, tile, minVisible)
      const tiles = views.filter((view) => !isWhole(view, { width, height }))
      expect(tiles.length + empty.length).toBe(tilesOf({ width, height }, tile).length)
      expect(emptySamples).toBeLessThanOrEqual(empty.length)
      for (const n of objects.keys()) {
        const [x1, y1, x2, y2] = boxes.slice(4 * n, 4 * n + 4) as [number, number, number, number]
        // As in "tiles lie inside the image", up to rounding of the tiles.
        const isSmall = Math.max(x2 - x1, y2 - y1) <= OVERLAP * Math.min(tile, width, height) - 2
        const isHeld = views.some(({ objects, cut }) => objects.includes(n) && !cut.includes(n))
        if (isSmall || views.length > tiles.length) expect(isHeld).toBe(true)
        for (const { x, y, width: w, height: h, objects, dropped } of tiles) {
          const [across, down] = [
            Math.min(x2, x + w) - Math.max(x1, x),
            Math.min(y2, y + h) - Math.max(y1, y),
          ]
          const isSeen = across > 0 && down > 0
          const share = isSeen ? (across * down) / ((x2 - x1) * (y2 - y1)) : 0
          expect([objects.includes(n), dropped.includes(n)]).toEqual([
            isSeen && share >= minVisible - 1e-9 && objects.includes(n),
            isSeen && share <= minVisible + 1e-9 && dropped.includes(n),
          ])
          expect(objects.includes(n) || dropped.includes(n)).toBe(isSeen)
        }
      }
    }),
  )
})

test('the size that a run learns at: of most images, unless their objects would be too small at the input', () => {
  const image = (width: number, object: number) => {
    return { width, height: (3 * width) / 4, boxes: object > 0 ? [0, 0, object, object] : [] }
  }
  const many = (of: ReturnType<typeof image>) => Array.from({ length: 9 }, () => of)
  const learnt = (images: ReturnType<typeof image>[], tiling: Tiling = 'auto') =>
    ruleOf(images, 416, tiling).learnt
  // One large image among ordinary ones.
  expect(learnt([...many(image(640, 60)), image(6000, 60)])).toBe(640)
  // Cars of 40 px seen from above would be 4 px: in tiles of 1040 px they are 16.
  expect(learnt(many(image(4000, 40)))).toBe(1040)
  // Nothing is enlarged for objects of 10 px.
  expect(learnt(many(image(4000, 10)))).toBe(416)
  // Many objects of 100 px in an image of more than eight times the input.
  expect(learnt(many(image(4000, 100)))).toBe(832)
  // Photographs of what is large stay whole, and so do images of less than twice a tile.
  expect(learnt(many(image(4000, 800)))).toBe(4000)
  expect(learnt(many(image(700, 10)))).toBe(700)
  // Without objects the size alone decides, as in detection with a model that does not say what it learnt from.
  expect(learnt(many(image(4000, 0)))).toBe(832)
  expect(learnt(many(image(1600, 0)))).toBe(1600)
  expect(learnt(many(image(4000, 40)), 'off')).toBe(4000)
  expect(learnt(many(image(4000, 40)), 1500)).toBe(1500)
  expect(learnt(many(image(640, 40)), 1500)).toBe(640)
  expect(learnt([])).toBeNull()
})
