import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  centredOn,
  clampView,
  type Frame,
  fitView,
  MAX_ZOOM,
  panBy,
  resized,
  toImage,
  toScreen,
  type View,
  viewOfBox,
  visibleBox,
  zoomAt,
  zoomedTo,
  zoomOf,
} from '../../../../src/renderer/canvas/geometry/view.ts'

const FRAME: Frame = {
  viewport: { width: 848, height: 648 },
  image: { width: 4000, height: 3000 },
  pixelRatio: 1,
}

const side = fc.integer({ min: 100, max: 4000 })
const someFrame = fc.record({
  viewport: fc.record({ width: side, height: side }),
  image: fc.record({ width: fc.integer({ min: 1, max: 20000 }), height: fc.integer({ min: 1, max: 20000 }) }),
  pixelRatio: fc.constantFrom(1, 1.25, 2),
})
const offset = fc.double({ min: -1e5, max: 1e5, noNaN: true })
const someView = fc.record({ scale: fc.double({ min: 1e-3, max: 100, noNaN: true }), x: offset, y: offset })
const somePoint = fc.record({ x: fc.integer({ min: 0, max: 4000 }), y: fc.integer({ min: 0, max: 4000 }) })

const expectPoint = (actual: { x: number; y: number }, expected: { x: number; y: number }) => {
  expect(actual.x).toBeCloseTo(expected.x, 4)
  expect(actual.y).toBeCloseTo(expected.y, 4)
}

test('fit shows the whole image, centred with a margin of 24 px', () => {
  // 800 × 600 of room for 4000 × 3000.
  expect(fitView(FRAME)).toEqual({ scale: 0.2, x: 24, y: 24 })
})

test('a small image is enlarged to fit, but not beyond 6400%', () => {
  expect(fitView({ ...FRAME, image: { width: 80, height: 60 } }).scale).toBe(10)
  expect(fitView({ ...FRAME, image: { width: 2, height: 2 } }).scale).toBe(64)
})

test('100% is one pixel of the screen for one of the image, whatever the screen', () => {
  const frame = { ...FRAME, pixelRatio: 2 }
  const view = zoomedTo(fitView(frame), 1, frame)
  expect(view.scale).toBe(0.5)
  expect(zoomOf(view, 2)).toBe(1)
})

test('screen and image points are inverse to each other', () => {
  fc.assert(fc.property(someView, somePoint, (view, p) => expectPoint(toImage(view, toScreen(view, p)), p)))
})

test('zooming keeps the point under the cursor, away from the limits', () => {
  const view: View = { scale: 1, x: -1500, y: -1200 }
  const at = { x: 300, y: 500 }
  for (const factor of [0.7, 1.25, 3, 20]) {
    expectPoint(toImage(zoomAt(view, at, factor, FRAME), at), toImage(view, at))
  }
})

test('zooming in and out again comes back', () => {
  const view: View = { scale: 1, x: -1500, y: -1200 }
  const at = { x: 100, y: 640 }
  const back = zoomAt(zoomAt(view, at, 8, FRAME), at, 1 / 8, FRAME)
  expectPoint(back, view)
  expect(back.scale).toBeCloseTo(1)
})

test('zoom stays between fit and 6400%', () => {
  const at = { x: 100, y: 100 }
  expect(zoomAt(fitView(FRAME), at, 1e9, FRAME).scale).toBe(MAX_ZOOM)
  expect(zoomAt(fitView(FRAME), at, 1e-9, FRAME)).toEqual(fitView(FRAME))
})

test('zoomed out of a corner, the image is centred again', () => {
  const corner = zoomAt(fitView(FRAME), { x: 24, y: 24 }, 30, FRAME)
  expect(zoomAt(corner, { x: 700, y: 20 }, 1 / 30, FRAME)).toEqual(fitView(FRAME))
})

test('whatever happens, the middle of the canvas stays on the image', () => {
  fc.assert(
    fc.property(someFrame, someView, offset, offset, (frame, view, dx, dy) => {
      const { viewport, image } = frame
      for (const moved of [clampView(view, frame), panBy(view, dx, dy, frame)]) {
        const middle = toImage(moved, { x: viewport.width / 2, y: viewport.height / 2 })
        expect(middle.x).toBeGreaterThanOrEqual(-1e-6 * image.width)
        expect(middle.y).toBeGreaterThanOrEqual(-1e-6 * image.height)
        expect(middle.x).toBeLessThanOrEqual(image.width * (1 + 1e-6))
        expect(middle.y).toBeLessThanOrEqual(image.height * (1 + 1e-6))
      }
    }),
  )
})

test('clamping what is allowed changes nothing', () => {
  fc.assert(
    fc.property(someFrame, someView, (frame, view) => {
      const allowed = clampView(view, frame)
      expect(clampView(allowed, frame)).toEqual(allowed)
    }),
  )
})

test('panning moves by what it says', () => {
  const view: View = { scale: 2, x: -1500, y: -1200 }
  expect(panBy(view, 30, -7, FRAME)).toEqual({ scale: 2, x: -1470, y: -1207 })
})

test('zooming to a box centres it in half of the canvas', () => {
  // 800 × 600 of room, 2 · 50 × 2 · 20 wanted: 8 by width.
  const view = viewOfBox([1000, 1000, 1050, 1020], FRAME)
  expect(view.scale).toBe(8)
  expectPoint(toImage(view, { x: 424, y: 324 }), { x: 1025, y: 1010 })
})

test('what was in the middle is there after the canvas changed its size', () => {
  const view = centredOn({ scale: 3, x: 0, y: 0 }, { x: 2000, y: 1000 }, FRAME)
  const frame = { ...FRAME, viewport: { width: 500, height: 900 } }
  expectPoint(toImage(resized(view, FRAME.viewport, frame), { x: 250, y: 450 }), { x: 2000, y: 1000 })
})

test('the visible part of the image', () => {
  expect(visibleBox({ scale: 2, x: -100, y: 50 }, { width: 400, height: 300 })).toEqual([50, -25, 250, 125])
})
