import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fitShape, moveShape, type Shape, segmentationArea } from '../../../src/core/geometry/shape.ts'

const polygon: Shape = {
  box: [10, 10, 30, 20],
  segmentation: [
    [10, 10, 20, 10, 20, 20],
    [25, 15, 30, 15, 30, 20],
  ],
  area: 62.5,
}

test('resizing scales every part and the area with the box', () => {
  expect(fitShape(polygon, [0, 0, 40, 30])).toEqual({
    box: [0, 0, 40, 30],
    segmentation: [
      [0, 0, 20, 0, 20, 30],
      [30, 15, 40, 15, 40, 30],
    ],
    area: 375,
  })
})

test('a box that only moved is no resize: sides that differ by rounding scale nothing', () => {
  const coordinate = fc.double({ min: -1000, max: 5000, noNaN: true })
  const side = fc.double({ min: 1, max: 3000, noNaN: true })
  fc.assert(
    fc.property(coordinate, coordinate, side, side, coordinate, coordinate, (x, y, w, h, dx, dy) => {
      const shape: Shape = {
        box: [x, y, x + w, y + h],
        segmentation: [[x, y, x + w, y, x + w, y + h]],
        area: 17.3,
      }
      const moved = moveShape(shape, dx, dy)
      expect(moved.area).toBe(17.3)
      const fitted = fitShape(shape, moved.box)
      expect(fitted.area).toBe(17.3)
      expect(fitted.box).toEqual(moved.box)
      const [ring] = fitted.segmentation as readonly (readonly number[])[]
      const places = [x, y, x + w, y, x + w, y + h].map((value, i) => value + (i % 2 ? dy : dx))
      for (const [i, value] of ring!.entries()) expect(value).toBeCloseTo(places[i]!, 6)
    }),
  )
})

test('a mask moves by whole pixels and counts them when it is scaled', () => {
  const mask: Shape = { box: [0, 0, 2, 2], segmentation: { size: [4, 4], counts: [0, 2, 2, 2, 10] }, area: 4 }
  expect(moveShape(mask, 1, 1).segmentation).toEqual({ size: [4, 4], counts: [5, 2, 2, 2, 5] })
  const scaled = fitShape(mask, [0, 0, 4, 4])
  expect(scaled).toMatchObject({ area: 16, segmentation: { counts: [0, 16] } })
})

test('a box without an outline has none afterwards', () => {
  const box: Shape = { box: [0, 0, 2, 2], segmentation: null, area: null }
  expect(moveShape(box, 1, 1)).toEqual({ box: [1, 1, 3, 3], segmentation: null, area: null })
  expect(fitShape(box, [0, 0, 4, 8])).toEqual({ box: [0, 0, 4, 8], segmentation: null, area: null })
})

test('the window and the store give a mask the same kind of runs that it had', () => {
  const packed: Shape = { box: [1, 1, 3, 3], segmentation: { size: [4, 4], counts: '52203' }, area: 4 }
  expect(moveShape(packed, 0, 0)).toEqual(packed)
  expect(moveShape(packed, 1, 0).segmentation).toEqual({ size: [4, 4], counts: expect.any(String) })
  expect(segmentationArea(moveShape(packed, 1, 0).segmentation!)).toBe(4)
})

test('a mask that cannot be read stays as it came', () => {
  const segmentation = { size: [4, 4] as const, counts: [1, 2] }
  expect(moveShape({ box: [0, 0, 1, 1], segmentation, area: 2 }, 1, 1)).toMatchObject({
    segmentation,
    area: 2,
  })
  expect(fitShape({ box: [0, 0, 1, 1], segmentation, area: 2 }, [0, 0, 2, 2])).toMatchObject({ segmentation })
})
