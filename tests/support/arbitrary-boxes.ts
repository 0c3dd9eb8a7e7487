import fc from 'fast-check'
import { DIALECTS, type RegressionRanges } from '../../src/core/detectors/fcos/config.ts'

/** No annotation lies within a millionth of a pixel of 0 without being 0; there float32 cannot tell a ratio from 0. */
const pixels = (value: number) => (Math.abs(value) < 1e-6 ? 0 : value)

/** Boxes as people draw them and worse: on whole and odd pixels, across borders, thin, huge, inverted, flat. */
const coordinate = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -64, max: 600 }) },
  { weight: 3, arbitrary: fc.float({ min: -100, max: 700, noNaN: true }).map(pixels) },
  { weight: 1, arbitrary: fc.integer({ min: -20, max: 80 }).map((k) => k * 8) },
  { weight: 1, arbitrary: fc.constantFrom(-20000, 20000) },
)
const side = fc.oneof(
  fc.integer({ min: -4, max: 40 }),
  fc.integer({ min: 0, max: 1200 }),
  fc.float({ min: 0, max: 300, noNaN: true }).map(pixels),
  fc.constantFrom(128, 256, 512, 1024),
)
export const someBox = fc
  .tuple(coordinate, coordinate, side, side)
  .map(([x, y, w, h]) => [x, y, x + w, y + h].map(Math.fround))
export const someBoxes = fc.array(someBox, { maxLength: 12 })

export const someSize = fc.record({
  width: fc.integer({ min: 1, max: 600 }),
  height: fc.integer({ min: 1, max: 600 }),
})

export const someRules = fc.record({
  location: fc.constantFrom('half-stride' as const, 'corner' as const),
  ranges: fc.constantFrom('closed' as const, 'open' as const),
  area: fc.constantFrom('inclusive' as const, 'float32' as const),
  radius: fc.constantFrom(0, 0.5, DIALECTS.authors.radius, 2.7),
  regressionRanges: fc.constantFrom<RegressionRanges | undefined>(
    undefined,
    undefined,
    { P3: [0, 64], P4: [64, 128], P5: [128, null] },
    { P4: [8, 100], P5: [40, 300], P7: [256, 1000] },
    {},
  ),
})

export const flat = (boxes: readonly (readonly number[])[]): Float32Array => Float32Array.from(boxes.flat())
