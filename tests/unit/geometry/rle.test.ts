import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskOf, toCocoRle } from '../../../src/core/geometry/coco-rle.ts'
import {
  pixelsOfRle,
  type Rle,
  rleArea,
  rleBounds,
  rleIntersection,
  rleOfPixels,
  rleOfPolygons,
  rleUnion,
} from '../../../src/core/geometry/rle.ts'

const SIZE = { width: 7, height: 5 }
const pixels = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 35, maxLength: 35 })
const rle = (it: readonly number[]): Rle => rleOfPixels(it, SIZE.width, SIZE.height)

describe('run lengths', () => {
  it('of a 2 × 2 square by hand: columns first, zeros first', () => {
    const mask = rleOfPolygons([[1, 1, 3, 1, 3, 3, 1, 3]], 4, 4)
    expect([...mask.counts]).toEqual([5, 2, 2, 2, 5])
    expect(rleArea(mask)).toBe(4)
    expect(rleBounds(mask)).toEqual([1, 1, 3, 3])
    // Known from pycocotools.
    expect(toCocoRle(mask)).toEqual({ size: [4, 4], counts: '52203' })
  })

  it('are the pixels, and come back from each written form', () => {
    fc.assert(
      fc.property(pixels, (it) => {
        const mask = rle(it)
        expect([...pixelsOfRle(mask)]).toEqual(it)
        for (const written of [toCocoRle(mask), { size: [5, 7] as const, counts: [...mask.counts] }])
          expect(maskOf(written, SIZE, '')).toEqual(mask)
      }),
    )
  })

  it('union, intersection, area and bounds are those of the pixels', () => {
    fc.assert(
      fc.property(fc.array(pixels, { minLength: 1, maxLength: 4 }), (all) => {
        const union = all[0]!.map((_, i) => (all.some((one) => one[i]) ? 1 : 0))
        expect(rleUnion(all.map(rle))).toEqual(rle(union))
        const [a, b = all[0]!] = all
        expect(rleIntersection(rle(a!), rle(b))).toBe(a!.filter((value, i) => value && b[i]).length)
        expect(rleArea(rle(union))).toBe(union.filter(Boolean).length)
        const xs = union.flatMap((value, i) => (value ? [i % 7] : []))
        const ys = union.flatMap((value, i) => (value ? [Math.floor(i / 7)] : []))
        expect(rleBounds(rle(union))).toEqual(
          xs.length === 0
            ? [0, 0, 0, 0]
            : [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1],
        )
      }),
    )
  })

  it('of a polygon hold the pixels whose centre is inside, but for those that the outline nearly touches', () => {
    const triangle = fc.array(fc.double({ min: -3, max: 23, noNaN: true }), { minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(triangle, (polygon) => {
        const drawn = pixelsOfRle(rleOfPolygons([polygon], 20, 20))
        for (let y = 0; y < 20; y++) {
          for (let x = 0; x < 20; x++) {
            const distance = signedDistance(polygon, x + 0.5, y + 0.5)
            if (Math.abs(distance) > 0.75) expect(drawn[y * 20 + x], `${x}, ${y}`).toBe(distance > 0 ? 1 : 0)
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  it('that do not fill their image are refused, and text that is no counts', () => {
    const of = (counts: string | number[]) => () => maskOf({ size: [5, 7], counts }, SIZE, 'a.json: [3]')
    expect(of([1, 2])).toThrow("a.json: [3]: the mask's runs cover 3 pixels, the image has 35")
    expect(of('~~')).toThrow("character 0 of the mask's counts is none of COCO's")
    expect(of('P')).toThrow('end within a number')
    expect(() => maskOf({ size: [7, 5], counts: [35] }, SIZE, 'b')).toThrow(
      'the mask is 5 × 7 pixels, its image 7 × 5',
    )
  })
})

/** Distance of a point to a triangle's outline, positive inside. */
function signedDistance(polygon: readonly number[], px: number, py: number): number {
  let nearest = Infinity
  let inside = false
  for (let i = 0; i < 3; i++) {
    const [ax, ay] = [polygon[2 * i]!, polygon[2 * i + 1]!]
    const [bx, by] = [polygon[(2 * i + 2) % 6]!, polygon[(2 * i + 3) % 6]!]
    const length = (bx - ax) ** 2 + (by - ay) ** 2
    const along =
      length === 0 ? 0 : Math.min(1, Math.max(0, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length))
    nearest = Math.min(nearest, Math.hypot(px - ax - along * (bx - ax), py - ay - along * (by - ay)))
    if (ay > py !== by > py && px < ax + ((py - ay) * (bx - ax)) / (by - ay)) inside = !inside
  }
  return inside ? nearest : -nearest
}
