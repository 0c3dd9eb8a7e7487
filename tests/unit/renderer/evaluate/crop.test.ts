import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cropAround } from '../../../../src/renderer/evaluate/crop.ts'

const side = fc.double({ min: 1, max: 5000, noNaN: true })

/** A box inside an image. */
const framed = fc
  .record({
    width: side,
    height: side,
    x: fc.double({ min: 0, max: 1, noNaN: true }),
    share: fc.double({ min: 0.001, max: 1, noNaN: true }),
  })
  .map(({ width, height, x, share }) => {
    const [w, h] = [width * share, height * share]
    const [x1, y1] = [x * (width - w), (1 - x) * (height - h)]
    return { size: { width, height }, box: [x1, y1, x1 + w, y1 + h] as const }
  })

test('a crop holds its box, and of the image as much as there is', () => {
  fc.assert(
    fc.property(framed, ({ size, box: [x1, y1, x2, y2] }) => {
      const { x, y, side } = cropAround([x1, y1, x2, y2], size)
      const slack = 1e-6 * side
      expect(x).toBeLessThanOrEqual(x1 + slack)
      expect(y).toBeLessThanOrEqual(y1 + slack)
      expect(x + side).toBeGreaterThanOrEqual(x2 - slack)
      expect(y + side).toBeGreaterThanOrEqual(y2 - slack)
      for (const [at, extent] of [
        [x, size.width],
        [y, size.height],
      ] as const) {
        if (extent >= side) expect(at).toBeGreaterThanOrEqual(-slack)
        if (extent >= side) expect(at + side).toBeLessThanOrEqual(extent + slack)
        // A narrower image stands in the middle.
        else expect(at + side / 2).toBeCloseTo(extent / 2, 6)
      }
    }),
  )
})

test('a small object is shown with what is around it', () => {
  expect(cropAround([100, 100, 110, 105], { width: 640, height: 480 })).toEqual({ x: 81, y: 78.5, side: 48 })
  expect(cropAround([0, 0, 100, 50], { width: 640, height: 480 })).toEqual({ x: 0, y: 0, side: 170 })
})
