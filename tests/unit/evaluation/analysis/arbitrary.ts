/** Random small data sets. A small grid, so that overlaps, equal boxes and equal scores are common. */
import fc from 'fast-check'
import type { TrueObject } from '../../../../src/core/evaluation/ground-truth.ts'
import type { Detection } from '../../../../src/core/formats/detection.ts'
import { CATEGORIES } from './scene.ts'

const place = {
  imageId: fc.constantFrom(1, 4, 9),
  categoryId: fc.constantFrom(...CATEGORIES.map(({ id }) => id)),
  box: fc.tuple(fc.nat(40), fc.nat(40), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })),
}
const trueObject: fc.Arbitrary<TrueObject> = fc.record({
  ...place,
  area: fc.integer({ min: 1, max: 3000 }),
  crowd: fc.nat(4).map((n) => n === 0),
})
const oneDetection: fc.Arbitrary<Detection> = fc.record({ ...place, score: fc.nat(5).map((n) => n / 5) })

export const objectList = fc.array(trueObject, { maxLength: 12 })
export const detectionList = fc.array(oneDetection, { maxLength: 30 })
