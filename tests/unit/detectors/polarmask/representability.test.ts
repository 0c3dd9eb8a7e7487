import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Representability,
  representability,
} from '../../../../src/core/detectors/polarmask/representability.ts'
import type { PolarRays } from '../../../../src/core/detectors/polarmask/targets.ts'
import { polygonBounds, type Ring, rectangleRing, signedArea } from '../../../../src/core/geometry/polygon.ts'
import { rleOfRings } from '../../../../src/core/geometry/rle.ts'
import { pyramid } from '../../../../src/core/pyramid/levels.ts'

const SIZE = { width: 256, height: 256 }
const GRID = pyramid(SIZE, 'half-stride')

const of = (polygons: readonly Ring[], rules: Partial<PolarRays> = {}): Representability =>
  representability(
    GRID,
    { box: polygonBounds(polygons), mask: rleOfRings(polygons, SIZE.width, SIZE.height), polygons },
    { rays: 'exact', count: 36, ...rules },
  )

const reversed = (ring: Ring): Ring =>
  ring.flatMap((_, i) => (i % 2 === 0 ? ring.slice(ring.length - 2 - i, ring.length - i) : []))
const square = (x: number, y: number, half: number): Ring =>
  rectangleRing([x - half, y - half, x + half, y + half])

/** What 36 rays from the middle of a square cut off at each corner: the triangle between the rays at 40° and 50°. */
const CORNERS = (1 - Math.tan((40 * Math.PI) / 180)) ** 2 / 2

describe('shapes worked by hand', () => {
  test('36 rays miss the corners of a square, 8 rays meet them', () => {
    const { fromCentroid, best, losses } = of([square(100.3, 90.7, 40)])
    expect(fromCentroid).toBeCloseTo(1 - CORNERS, 3)
    expect(best).toBeGreaterThan(0.97)
    expect(losses).toEqual([])
    expect(of([square(100.3, 90.7, 40)], { count: 8 }).fromCentroid).toBeCloseTo(1, 3)
  })

  test('a hole is filled: 12 of 16 quarters are left of a square with a hole of half its side', () => {
    const { fromCentroid, losses } = of([square(100.3, 90.7, 40), reversed(square(100.3, 90.7, 20))])
    // The cut corners are missing from what both share, and not from what either has.
    expect(fromCentroid).toBeCloseTo(1 - CORNERS - 4 / 16, 3)
    expect(losses).toEqual(['centroid outside', 'hole lost'])
  })

  test('of two parts the larger one is said: 4 of 5 quarters', () => {
    const { fromCentroid, losses } = of([square(80.3, 90.7, 40), square(180.3, 90.7, 20)])
    expect(fromCentroid).toBeCloseTo((4 * (1 - CORNERS)) / 5, 3)
    expect(losses).toEqual(['part lost'])
  })

  test('a U whose middle is empty: its centroid lies outside, and no location says all of it', () => {
    // A square of 80 px without a notch of 40 × 60 px from the top: 4000 of 6400 px².
    const u = [40, 40, 60, 40, 60, 100, 100, 100, 100, 40, 120, 40, 120, 120, 40, 120].map((v) => v + 20.3)
    const { fromCentroid, best, losses } = of([u])
    expect(losses).toEqual(['centroid outside', 'not star-shaped'])
    expect(fromCentroid).toBeLessThan(0.8)
    expect(best).toBeLessThan(0.9)
  })

  test('an L is not star-shaped from its centroid only where rays leave it', () => {
    const thin = [40, 40, 60, 40, 60, 140, 140, 140, 140, 160, 40, 160].map((v) => v + 0.3)
    expect(of([thin]).losses).toContain('not star-shaped')
    const thick = [40, 40, 130, 40, 130, 60, 140, 60, 140, 160, 40, 160].map((v) => v + 0.3)
    expect(of([thick]).losses).toEqual([])
  })

  test('what is too small for the authors is tiny; nothing has no area', () => {
    expect(of([square(100.3, 90.7, 4)])).toMatchObject({ losses: ['tiny'], best: null })
    expect(of([square(100.3, 90.7, 4)]).fromCentroid).toBeCloseTo(1 - CORNERS, 3)
    expect(of([])).toEqual({ fromCentroid: 0, best: null, losses: ['tiny'] })
  })

  test("the authors' rays miss pixels around a small object", () => {
    expect(of([square(100.3, 90.7, 6)], { rays: 'code' }).losses).toContain('tiny')
    expect(of([square(100.3, 90.7, 40)], { rays: 'code' })).toMatchObject({ losses: [] })
  })

  test('a rough edge is none that rays leave', () => {
    // Steps of half a pixel along one side.
    const teeth = Array.from({ length: 160 }, (_, i) => [60 + i / 2, i % 2 === 0 ? 60 : 60.5]).flat()
    expect(of([[...teeth, 140, 140, 60, 140]]).losses).toEqual([])
  })
})

/** Convex: corners on an ellipse, in the order of their angles. */
const convex = fc
  .record({
    angles: fc.uniqueArray(fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }), {
      minLength: 3,
      maxLength: 12,
    }),
    x: fc.double({ min: 100, max: 150, noNaN: true }),
    y: fc.double({ min: 100, max: 150, noNaN: true }),
    a: fc.double({ min: 20, max: 90, noNaN: true }),
    b: fc.double({ min: 20, max: 90, noNaN: true }),
  })
  .map(
    ({ angles, x, y, a, b }): Ring =>
      angles
        .sort((one, other) => one - other)
        .flatMap((angle) => [x + a * Math.cos(angle), y + b * Math.sin(angle)]),
  )
  .filter((ring) => signedArea(ring) > 400)

describe('properties', () => {
  test('of a convex shape the ray polygon is a part: its IoU is its share of the area, and nothing else is lost', () => {
    fc.assert(
      fc.property(convex, fc.integer({ min: 8, max: 72 }), (ring, count) => {
        const { fromCentroid, best, losses } = of([ring], { count })
        expect(losses).toEqual([])
        expect(fromCentroid).toBeGreaterThan(0)
        expect(fromCentroid).toBeLessThanOrEqual(1)
        // From inside, half of the rays make as much of it as those with twice as many do, at most.
        expect(of([ring], { count: 2 * count }).fromCentroid).toBeGreaterThanOrEqual(fromCentroid - 1e-9)
        if (best !== null) expect(best).toBeLessThanOrEqual(1)
      }),
      { numRuns: 25 },
    )
  })

  test('a hole and a further part only lower what can be said', () => {
    fc.assert(
      fc.property(convex, fc.double({ min: 0.2, max: 0.8, noNaN: true }), (ring, share) => {
        const [x1, y1, x2, y2] = polygonBounds([ring])
        const [cx, cy] = [(x1 + x2) / 2, (y1 + y2) / 2]
        const inner = reversed(
          ring.map((v, i) => (i % 2 === 0 ? cx + (v - cx) * share : cy + (v - cy) * share)),
        )
        const whole = of([ring]).fromCentroid
        const part = rectangleRing([2, 2, 8, 8])
        expect(of([ring, part]).fromCentroid).toBeLessThanOrEqual(whole + 2e-3)
        fc.pre(inner.every(Number.isFinite))
        expect(of([ring, inner]).fromCentroid).toBeLessThanOrEqual(whole + 2e-3)
      }),
      { numRuns: 25 },
    )
  })
})
