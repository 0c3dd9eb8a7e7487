import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeTiles, OVERLAP, tileSide, tilesOf } from '../../../src/core/detectors/shared/tiles.ts'
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'

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
