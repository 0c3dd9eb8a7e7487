import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toCocoRle } from '../../../src/core/geometry/coco-rle.ts'
import {
  clockwise,
  distanceToEdge,
  ellipseRing,
  polygonBounds,
  type Ring,
} from '../../../src/core/geometry/polygon.ts'
import { pixelsOfRle, type Rle, rleOfPixels, rleOfPolygons } from '../../../src/core/geometry/rle.ts'
import {
  iouOfRings,
  outlineOfMask,
  simplifyRing,
  simplifySegmentation,
} from '../../../src/core/geometry/simplify.ts'

const SIDE = 160

/** Outlines as hands draw them: a radius that changes from corner to corner. */
const blob: fc.Arbitrary<Ring> = fc
  .record({
    radii: fc.array(fc.double({ min: 0.45, max: 1, noNaN: true }), { minLength: 5, maxLength: 40 }),
    size: fc.double({ min: 12, max: 70, noNaN: true }),
    x: fc.double({ min: 70, max: 90, noNaN: true }),
    y: fc.double({ min: 70, max: 90, noNaN: true }),
  })
  .map(({ radii, size, x, y }) =>
    radii.flatMap((radius, i) => {
      const angle = (2 * Math.PI * i) / radii.length
      return [x + radius * size * Math.cos(angle), y + radius * size * Math.sin(angle)]
    }),
  )

const pixels = fc
  .array(fc.boolean(), { minLength: 12 * 12, maxLength: 12 * 12 })
  .map((set) => rleOfPixels(set.map(Number), 12, 12))

describe('fewer vertices', () => {
  test('a square with vertices along its sides keeps its corners; the noise of a line goes with the tolerance', () => {
    expect(simplifyRing([0, 0, 2, 0, 4, 0, 4, 4, 2, 4, 0, 4, 0, 2], 0)).toEqual([0, 0, 4, 0, 4, 4, 0, 4])
    const noisy = [0, 0, 10, 0.5, 20, 0, 20, 20, 0, 20]
    expect(simplifyRing(noisy, 0.4)).toEqual(noisy)
    expect(simplifyRing(noisy, 0.6)).toEqual([0, 0, 20, 0, 20, 20, 0, 20])
    expect(simplifyRing([0, 0, 1, 0, 0, 1], 100)).toEqual([0, 0, 1, 0, 0, 1])
  })

  test('what is left out lies within the tolerance, what stays is not moved, and so the box is the same', () => {
    fc.assert(
      fc.property(blob, fc.double({ min: 0, max: 8, noNaN: true }), (ring, tolerance) => {
        const simple = simplifyRing(ring, tolerance)
        expect(polygonBounds([simple])).toEqual(polygonBounds([ring]))
        const known = new Set(ring)
        expect(simple.every((value) => known.has(value))).toBe(true)
        for (let i = 0; i < ring.length; i += 2) {
          expect(distanceToEdge([simple], ring[i]!, ring[i + 1]!)).toBeLessThanOrEqual(tolerance + 1e-9)
        }
      }),
    )
  })
})

describe('polygons out of masks', () => {
  test('hold exactly the same pixels, with holes, specks and lines of one pixel', () => {
    fc.assert(
      fc.property(pixels, (mask) => {
        const outline = outlineOfMask(mask, 0)
        if (!outline) return
        expect([...pixelsOfRle(rleOfPolygons(outline.rings, 12, 12))]).toEqual([...pixelsOfRle(mask)])
        expect(outline.iou).toBe(1)
      }),
      { numRuns: 300 },
    )
  })

  test('polygon, mask, polygon: IoU of 0.98 and more for objects over 20 px', () => {
    fc.assert(
      fc.property(blob, (ring) => {
        const mask: Rle = rleOfPolygons([clockwise(ring)], SIDE, SIDE)
        const { rings, iou } = outlineOfMask(mask, 0.25)!
        expect(iou).toBeGreaterThanOrEqual(0.98)
        expect(iouOfRings(rings, mask)).toBe(iou)
      }),
    )
  })
})

describe('outlines with fewer vertices', () => {
  const size = { width: 100, height: 100 }
  const ellipse = ellipseRing([10, 20, 90, 60], 64)

  test('an ellipse touches its box on all sides, to the bit', () => {
    expect(polygonBounds([ellipse])).toEqual([10, 20, 90, 60])
    expect(polygonBounds([ellipseRing([0.1, 0.2, 7.3, 9.7], 32)])).toEqual([0.1, 0.2, 7.3, 9.7])
  })

  test('the told IoU is that of the pixels, and 1 where nothing is lost', () => {
    expect(simplifySegmentation([ellipse], 0, size)).toEqual({ rings: [ellipse], vertices: 64, iou: 1 })
    const coarse = simplifySegmentation([ellipse], 2, size)!
    expect(coarse.vertices).toBeLessThan(20)
    expect(coarse.iou).toBe(iouOfRings(coarse.rings, rleOfPolygons([ellipse], 100, 100)))
    expect(coarse.iou).toBeLessThan(1)
  })

  test('a mask in both of COCO’s forms becomes the same outline; one without pixels none', () => {
    const mask = rleOfPolygons([ellipse], 100, 100)
    const packed = simplifySegmentation(toCocoRle(mask), 0.5, size)!
    expect(packed).toEqual(simplifySegmentation({ size: [100, 100], counts: [...mask.counts] }, 0.5, size))
    expect(packed.iou).toBe(iouOfRings(packed.rings, mask))
    expect(simplifySegmentation({ size: [100, 100], counts: [10_000] }, 0.5, size)).toBeNull()
  })
})
