import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fitMask, maskRings, translateMask } from '../../../src/core/geometry/mask.ts'
import { polygonHolds, signedArea } from '../../../src/core/geometry/polygon.ts'
import { pixelsOfRle, type Rle, rleArea, rleOfPixels } from '../../../src/core/geometry/rle.ts'

/** Rows of pixels, # is set. */
const mask = (...lines: readonly string[]): Rle =>
  rleOfPixels(
    lines.flatMap((line) => [...line].map((pixel) => (pixel === '#' ? 1 : 0))),
    lines[0]!.length,
    lines.length,
  )

function rows(rle: Rle): string[] {
  const pixels = [...pixelsOfRle(rle)].map((pixel) => (pixel ? '#' : '.')).join('')
  return Array.from({ length: rle.height }, (_, y) => pixels.slice(y * rle.width, (y + 1) * rle.width))
}

const someMask = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([h, w]) =>
    fc.array(fc.string({ unit: fc.constantFrom('#', '.'), minLength: w, maxLength: w }), {
      minLength: h,
      maxLength: h,
    }),
  )
  .map((lines) => mask(...lines))

test('moving cuts off what leaves the image, and else loses no pixel', () => {
  const rle = mask('....', '.##.', '..#.')
  expect(rows(translateMask(rle, 1, -1))).toEqual(['..##', '...#', '....'])
  expect(rows(translateMask(rle, 2, 0))).toEqual(['....', '...#', '....'])
  expect(rows(translateMask(rle, 9, 9))).toEqual(['....', '....', '....'])
  fc.assert(
    fc.property(someMask, (some) => {
      const { width, height } = some
      const roomy = mask(...rows(some), ...Array<string>(2 * height).fill('.'.repeat(width)))
      expect(translateMask(translateMask(roomy, 0, height), 0, -height)).toEqual(roomy)
    }),
  )
})

test('twice as large shows each pixel four times, half as large goes back', () => {
  const rle = mask('##......', '#.......', '........', '........')
  const doubled = fitMask(rle, [0, 0, 2, 2], [0, 0, 4, 4])
  expect(rows(doubled)).toEqual(['####....', '####....', '##......', '##......'])
  expect(fitMask(doubled, [0, 0, 4, 4], [0, 0, 2, 2])).toEqual(rle)
})

test('a line thinner than a pixel after scaling is still there', () => {
  const rle = mask('.....#....', '.....#....')
  const thin = fitMask(rle, [0, 0, 10, 2], [0, 0, 2, 2])
  expect(rleArea(thin)).toBeGreaterThan(0)
})

test('rings hold the pixels and no other point, holes and corners that touch included', () => {
  expect(maskRings(mask('##', '##'))).toEqual([[2, 0, 2, 2, 0, 2, 0, 0]])
  expect(maskRings(mask('#.', '.#'))).toHaveLength(2)
  expect(maskRings(mask('###', '#.#', '###'))!.map(signedArea)).toEqual([9, -1])
  expect(maskRings(mask('..'))).toBeNull()
  fc.assert(
    fc.property(someMask, (some) => {
      const rings = maskRings(some) ?? []
      expect(rings.reduce((sum, ring) => sum + signedArea(ring), 0)).toBe(rleArea(some))
      for (const [y, row] of rows(some).entries()) {
        for (const [x, pixel] of [...row].entries()) {
          expect(polygonHolds(rings, x + 0.5, y + 0.5)).toBe(pixel === '#')
        }
      }
    }),
  )
})
