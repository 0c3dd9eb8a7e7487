import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BoxXyxy } from '../../../../src/core/geometry/box.ts'
import { moveBox } from '../../../../src/core/geometry/shape.ts'
import {
  clampMove,
  pathHolds,
  spanBox,
  squareCorner,
} from '../../../../src/renderer/canvas/geometry/gestures.ts'
import {
  HANDLES,
  handleAt,
  keepInside,
  MIN_SIDE,
  placeHandles,
  resizeBox,
} from '../../../../src/renderer/canvas/geometry/handles.ts'
import { ShapeIndex } from '../../../../src/renderer/canvas/geometry/shape-index.ts'
import { canvasBox } from '../../../support/canvas/hand.ts'

const IMAGE = { width: 400, height: 300 }
const along = (side: number) => fc.double({ min: 0, max: side, noNaN: true })
const inImage = fc.record({ x: along(IMAGE.width), y: along(IMAGE.height) })
const boxInImage = fc
  .tuple(inImage, inImage)
  .map(([a, b]) => spanBox(a, b))
  .filter(([x1, y1, x2, y2]) => x2 - x1 >= MIN_SIDE && y2 - y1 >= MIN_SIDE)
const someHandle = fc.constantFrom(...HANDLES)
const FREE = { keepRatio: false, fromCentre: false }
const someRule = fc.record({ keepRatio: fc.boolean(), fromCentre: fc.boolean() })

const width = (box: BoxXyxy) => box[2] - box[0]
const height = (box: BoxXyxy) => box[3] - box[1]

test('a resized box has sides of at least a pixel, in order', () => {
  fc.assert(
    fc.property(boxInImage, someHandle, inImage, someRule, (box, handle, to, rule) => {
      const resized = resizeBox(box, handle, to, rule)
      expect(width(resized)).toBeGreaterThanOrEqual(MIN_SIDE - 1e-9)
      expect(height(resized)).toBeGreaterThanOrEqual(MIN_SIDE - 1e-9)
    }),
  )
})

test('a box resized within the image stays within it', () => {
  fc.assert(
    fc.property(boxInImage, someHandle, inImage, someRule, (box, handle, to, rule) => {
      const [x1, y1, x2, y2] = keepInside(resizeBox(box, handle, to, rule), box, IMAGE)
      expect(Math.min(x1, y1)).toBeGreaterThanOrEqual(0)
      expect(x2).toBeLessThanOrEqual(IMAGE.width)
      expect(y2).toBeLessThanOrEqual(IMAGE.height)
    }),
  )
})

test('the edge opposite to the handle stays, unless the box is resized about its centre', () => {
  fc.assert(
    fc.property(boxInImage, inImage, (box, to) => {
      const resized = resizeBox(box, { x: 1, y: 0 }, to, FREE)
      expect(resized.includes(box[0])).toBe(true)
      expect([resized[1], resized[3]]).toEqual([box[1], box[3]])
      const centred = resizeBox(box, { x: 1, y: 0 }, to, { keepRatio: false, fromCentre: true })
      expect(centred[0] + centred[2]).toBeCloseTo(box[0] + box[2])
    }),
  )
})

test('with the ratio kept, width to height is what it was', () => {
  fc.assert(
    fc.property(boxInImage, someHandle, inImage, fc.boolean(), (box, handle, to, fromCentre) => {
      const resized = resizeBox(box, handle, to, { keepRatio: true, fromCentre })
      expect(width(resized) * height(box)).toBeCloseTo(height(resized) * width(box), 4)
    }),
  )
})

test('a box keeps how far it is outside, and goes no farther', () => {
  expect(keepInside([-9, 10, 50, 60], [-5, 10, 50, 60], IMAGE)).toEqual([-5, 10, 50, 60])
  expect(keepInside([-9, 10, 50, 60], [5, 10, 50, 60], IMAGE)).toEqual([0, 10, 50, 60])
})

const VIEW = { scale: 2, x: 7, y: -3 }

test('each handle is found where it is shown', () => {
  for (const box of [
    [10, 10, 200, 150],
    [10, 10, 30, 150],
    [50, 50, 53, 53],
  ] as const) {
    for (const { handle, at } of placeHandles(box, VIEW))
      expect(handleAt(placeHandles(box, VIEW), box, VIEW, at)).toEqual(handle)
  }
})

test('short edges have no handle in the middle; the inside of a tiny box is left for moving it', () => {
  expect(placeHandles([10, 10, 200, 150], VIEW)).toHaveLength(8)
  expect(placeHandles([10, 10, 20, 150], VIEW)).toHaveLength(6)
  expect(placeHandles([10, 10, 20, 20], VIEW)).toHaveLength(4)
  const tiny = [10, 10, 15, 15] as const
  expect(handleAt(placeHandles(tiny, VIEW), tiny, VIEW, { x: 7 + 25, y: -3 + 25 })).toBeNull()
})

test('handles are as easy to take at any zoom', () => {
  for (const scale of [0.01, 1, 64]) {
    const view = { scale, x: 0, y: 0 }
    const box = [100 / scale, 100 / scale, 300 / scale, 250 / scale] as const
    const placed = placeHandles(box, view)
    expect(handleAt(placed, box, view, { x: 95, y: 105 })).toEqual({ x: -1, y: -1 })
    expect(handleAt(placed, box, view, { x: 90, y: 100 })).toBeNull()
  }
})

/** Boxes after moving them together. */
function shiftBoxes(boxes: readonly BoxXyxy[], dx: number, dy: number) {
  const shapes = boxes.map((box) => ({ box, segmentation: null, area: null }))
  const by = clampMove(shapes, dx, dy, IMAGE)
  return boxes.map((box) => moveBox(box, by[0], by[1]))
}

test('boxes moved together keep their places to each other and stay inside', () => {
  const shift = fc.double({ min: -1000, max: 1000, noNaN: true })
  fc.assert(
    fc.property(fc.array(boxInImage, { minLength: 1, maxLength: 5 }), shift, shift, (boxes, dx, dy) => {
      const moved = shiftBoxes(boxes, dx, dy)
      const by = [moved[0]![0] - boxes[0]![0], moved[0]![1] - boxes[0]![1]]
      for (const [at, [x1, y1, x2, y2]] of moved.entries()) {
        expect(x1 - boxes[at]![0]).toBeCloseTo(by[0]!)
        expect(y2 - boxes[at]![3]).toBeCloseTo(by[1]!)
        expect(Math.min(x1, y1)).toBeGreaterThanOrEqual(-1e-9)
        expect(x2).toBeLessThanOrEqual(IMAGE.width + 1e-9)
        expect(y2).toBeLessThanOrEqual(IMAGE.height + 1e-9)
      }
    }),
  )
})

test('a box that lies outside may come in, not go farther out', () => {
  expect(shiftBoxes([[-20, 10, 30, 40]], -5, 0)).toEqual([[-20, 10, 30, 40]])
  expect(shiftBoxes([[-20, 10, 30, 40]], 15, 0)).toEqual([[-5, 10, 45, 40]])
})

test('a square goes towards the pointer and ends at the edge of the image', () => {
  expect(squareCorner({ x: 100, y: 100 }, { x: 70, y: 160 }, IMAGE)).toEqual({ x: 40, y: 160 })
  expect(squareCorner({ x: 100, y: 290 }, { x: 150, y: 295 }, IMAGE)).toEqual({ x: 110, y: 300 })
})

test('a path holds what is inside of it', () => {
  const path = [
    { x: 0, y: 0 },
    { x: 10, y: 0 },
    { x: 10, y: 10 },
    { x: 5, y: 2 },
    { x: 0, y: 10 },
  ]
  expect(pathHolds(path, { x: 1, y: 5 })).toBe(true)
  expect(pathHolds(path, { x: 5, y: 1 })).toBe(true)
  expect(pathHolds(path, { x: 5, y: 8 })).toBe(false)
  expect(pathHolds(path, { x: -1, y: 5 })).toBe(false)
})

test('the index finds what looking at every box finds', () => {
  const boxes = fc.array(fc.tuple(boxInImage, fc.boolean()), { maxLength: 60 })
  fc.assert(
    fc.property(
      boxes,
      boxInImage,
      inImage,
      fc.double({ min: 0, max: 9, noNaN: true }),
      (drawn, part, p, reach) => {
        const all = drawn.map(([box, hidden], id) => canvasBox(id, box, { hidden }))
        const index = new ShapeIndex(all)
        const seen = all.filter(({ hidden }) => !hidden)
        const near = ({ box: [x1, y1, x2, y2] }: { box: BoxXyxy }, by: BoxXyxy) =>
          x1 <= by[2] && x2 >= by[0] && y1 <= by[3] && y2 >= by[1]
        expect(index.within(part)).toEqual(seen.filter((box) => near(box, part)))
        const reached: BoxXyxy = [p.x - reach, p.y - reach, p.x + reach, p.y + reach]
        const stack = index.stackAt(p, reach)
        expect(new Set(stack)).toEqual(new Set(seen.filter((box) => near(box, reached))))
        const sizes = stack.map(({ box }) => width(box) * height(box))
        expect(sizes).toEqual(sizes.toSorted((a, b) => a - b))
      },
    ),
  )
})
