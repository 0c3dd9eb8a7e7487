import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inkOn } from '../../../../src/renderer/canvas/colours.ts'
import { meaningOf } from '../../../../src/renderer/canvas/input/wheel.ts'
import type { Picture } from '../../../../src/renderer/canvas/picture/picture.ts'
import { PictureCache } from '../../../../src/renderer/canvas/picture/picture-cache.ts'
import { levelFor, tileBox, tilesWithin } from '../../../../src/renderer/canvas/picture/tile-grid.ts'

// Odd on purpose: 625.125 × 375.375 of the coarsest level are cut down to 625 × 375.
const GRID = { width: 5001, height: 3003, tileSize: 512, levels: 4 }

test('the level is the coarsest with a pixel for each of the screen', () => {
  expect([2, 1, 0.9, 0.51, 0.5, 0.3, 0.25, 0.01].map((zoom) => levelFor(zoom, 4))).toEqual([
    0, 0, 0, 0, 1, 1, 2, 3,
  ])
})

test('tiles of a level cover the image without overlap', () => {
  for (let level = 0; level < GRID.levels; level++) {
    const boxes = tilesWithin([0, 0, GRID.width, GRID.height], level, GRID).map((tile) => tileBox(tile, GRID))
    const area = boxes.reduce((sum, [x1, y1, x2, y2]) => sum + (x2 - x1) * (y2 - y1), 0)
    expect(area).toBeCloseTo(GRID.width * GRID.height, 3)
    const columns = Math.ceil(Math.floor(GRID.width / 2 ** level) / 512)
    const rows = Math.ceil(Math.floor(GRID.height / 2 ** level) / 512)
    expect(boxes).toHaveLength(columns * rows)
  }
})

test('every point in sight is on a tile asked for, and the middle comes first', () => {
  const x = fc.integer({ min: 0, max: GRID.width - 1 })
  const y = fc.integer({ min: 0, max: GRID.height - 1 })
  fc.assert(
    fc.property(x, y, fc.integer({ min: 0, max: 3 }), (px, py, level) => {
      const part = [px - 700, py - 500, px + 700, py + 500] as const
      const tiles = tilesWithin(part, level, GRID).map((tile) => tileBox(tile, GRID))
      const holds = ([x1, y1, x2, y2]: readonly number[]) => px >= x1! && px <= x2! && py >= y1! && py <= y2!
      expect(holds(tiles[0]!)).toBe(true)
    }),
  )
})

class FakePicture implements Picture {
  readonly bytes: number
  closed = false

  constructor(bytes: number) {
    this.bytes = bytes
  }

  draw(): void {}

  close(): void {
    this.closed = true
  }
}

test('the cache drops what was used longest ago, and closes it', () => {
  const cache = new PictureCache(30)
  const pictures = ['a', 'b', 'c'].map((key) => {
    const picture = new FakePicture(10)
    cache.put(key, picture, [key])
    return picture
  })
  cache.get('a')
  cache.put('d', new FakePicture(10), ['d'])
  expect(pictures.map(({ closed }) => closed)).toEqual([false, true, false])
})

test('the open image always stays; its neighbours go last to first, after all others', () => {
  const cache = new PictureCache(30)
  const wanted = ['open', 'next', 'previous']
  cache.put('old', new FakePicture(10), ['old'])
  cache.put('open', new FakePicture(15), wanted)
  expect(cache.put('next', new FakePicture(10), wanted)).toBe(true)
  expect(cache.has('old')).toBe(false)
  expect(cache.put('previous', new FakePicture(10), wanted)).toBe(false)
  expect(['open', 'next', 'previous'].map((key) => cache.has(key))).toEqual([true, true, false])
  expect(cache.put('huge', new FakePicture(99), ['huge'])).toBe(true)
  expect(cache.has('open')).toBe(false)
})

test('memory stays within the budget over any number of images', () => {
  const cache = new PictureCache(100)
  const pictures = Array.from({ length: 500 }, (_, id) => {
    const picture = new FakePicture(7 + (id % 5))
    cache.put(`${id}`, picture, [`${id}`, `${id + 1}`])
    return picture
  })
  const held = pictures.filter(({ closed }) => !closed).reduce((sum, { bytes }) => sum + bytes, 0)
  expect(held).toBeLessThanOrEqual(100)
  cache.clear()
  expect(pictures.every(({ closed }) => closed)).toBe(true)
})

const turn = (change: object) => ({
  deltaX: 0,
  deltaY: 0,
  deltaMode: 0,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  ...change,
})

test('the wheel pans, with Shift sideways, with Ctrl it zooms', () => {
  expect(meaningOf(turn({ deltaX: 5, deltaY: 100 }))).toEqual({ kind: 'pan', dx: -5, dy: -100 })
  expect(meaningOf(turn({ deltaY: 100, shiftKey: true }))).toEqual({ kind: 'pan', dx: -100, dy: 0 })
  expect(meaningOf(turn({ deltaY: -120 }), 'zoom')).toEqual(meaningOf(turn({ deltaY: -120, ctrlKey: true })))
  expect(meaningOf(turn({ deltaY: 100, shiftKey: true }), 'zoom')).toEqual({ kind: 'pan', dx: -100, dy: 0 })
  expect(meaningOf(turn({ deltaY: 3, deltaMode: 1 }))).toEqual({ kind: 'pan', dx: 0, dy: -48 })
  expect(meaningOf(turn({ deltaY: -120, ctrlKey: true }))).toEqual({
    kind: 'zoom',
    factor: expect.closeTo(1.252, 3),
  })
  // The small turns of a pinch add up to what they say.
  const small = meaningOf(turn({ deltaY: -2, metaKey: true }))
  expect(small).toEqual({ kind: 'zoom', factor: expect.closeTo(Math.exp(0.015), 9) })
})

test('text on a class colour is black or white, whichever reads better', () => {
  expect(['#000000', '#0072b2', '#d55e00', '#009e73', '#f0e442', '#ffffff'].map(inkOn)).toEqual([
    '#ffffff',
    '#ffffff',
    '#000000',
    '#000000',
    '#000000',
    '#000000',
  ])
})
