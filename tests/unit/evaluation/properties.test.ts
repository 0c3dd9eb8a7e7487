import fc from 'fast-check'
import { expect, it } from 'vitest'
import { evaluateGroundTruth } from '../../../src/core/evaluation/coco-metrics.ts'
import type { GroundTruth, TrueObject } from '../../../src/core/evaluation/ground-truth.ts'
import type { Detection } from '../../../src/core/formats/detection.ts'
import { mulberry32, shuffle } from '../../../src/core/random.ts'

const IMAGES = [4, 1, 9]
const CATEGORIES = [
  { id: 3, name: 'c' },
  { id: 1, name: 'a' },
]

// A small grid, so that overlaps, equal boxes and equal scores are common.
const place = {
  imageId: fc.constantFrom(...IMAGES),
  categoryId: fc.constantFrom(...CATEGORIES.map(({ id }) => id)),
  box: fc.tuple(fc.nat(40), fc.nat(40), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })),
}
const trueObject: fc.Arbitrary<TrueObject> = fc.record({
  ...place,
  area: fc.integer({ min: 1, max: 3000 }),
  crowd: fc.nat(4).map((n) => n === 0),
})
const detection: fc.Arbitrary<Detection> = fc.record({ ...place, score: fc.nat(5).map((n) => n / 5) })
const objectList = fc.array(trueObject, { maxLength: 12 })
const detectionList = fc.array(detection, { maxLength: 30 })

const truthOf = (objects: TrueObject[], images = IMAGES): GroundTruth => ({
  categories: CATEGORIES,
  images: images.map((id) => ({ id })),
  objects,
})

it('perfect detections have AP and AR 1', () => {
  fc.assert(
    fc.property(fc.array(trueObject, { minLength: 1, maxLength: 12 }), (objects) => {
      const real = objects.map((it) => ({ ...it, crowd: false }))
      const perfect = real.map(({ imageId, categoryId, box }, i) => ({
        imageId,
        categoryId,
        box,
        score: i / 12,
      }))
      const { stats } = evaluateGroundTruth(truthOf(real), perfect)
      for (const index of [0, 1, 2, 8]) expect(stats[index]).toBeCloseTo(1, 12)
    }),
  )
})

it('leaving a detection out never raises recall, at any IoU and size', () => {
  fc.assert(
    fc.property(
      objectList,
      fc.array(detection, { minLength: 1, maxLength: 30 }),
      fc.nat(),
      (objects, all, n) => {
        const truth = truthOf(objects)
        const less = all.toSpliced(n % all.length, 1)
        // The limit of 100 detections is out of reach; limits of 1 and 10 would let a better one move up.
        const upTo100 = (_: number, position: number) => position % 3 === 2
        const before = evaluateGroundTruth(truth, all).curves.recall.filter(upTo100)
        const after = evaluateGroundTruth(truth, less).curves.recall.filter(upTo100)
        after.forEach((value, i) => {
          expect(value).toBeLessThanOrEqual(before[i]!)
        })
      },
    ),
  )
})

it('the order of images, objects of different images and detections of different scores is of no account', () => {
  fc.assert(
    fc.property(objectList, detectionList, fc.integer(), (objects, detections, seed) => {
      const random = mulberry32(seed)
      const distinct = detections.map((it, i) => ({ ...it, score: it.score + i / 1000 }))
      const byImage = Object.values(Object.groupBy(objects, (it) => it.imageId)).map((list) => list!)
      const { curves } = evaluateGroundTruth(truthOf(objects), distinct)
      const shuffled = evaluateGroundTruth(
        truthOf(shuffle(byImage, random).flat(), shuffle([...IMAGES], random)),
        shuffle([...distinct], random),
      )
      expect(shuffled.curves).toEqual(curves)
    }),
  )
})

it('only the order of scores counts', () => {
  fc.assert(
    fc.property(objectList, detectionList, (objects, detections) => {
      const truth = truthOf(objects)
      const logits = detections.map((it) => ({ ...it, score: 10 * it.score - 8 }))
      expect(evaluateGroundTruth(truth, logits).stats).toEqual(evaluateGroundTruth(truth, detections).stats)
    }),
  )
})
