/** Assigners that keep what they know of boxes that stay: after any edits they say what they say of the same boxes seen first. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BACKGROUND, IGNORED } from '../../../src/core/detectors/assigner.ts'
import { detectorOf } from '../../../src/core/detectors/detectors.ts'
import { anchorBoxes } from '../../../src/core/detectors/retinanet/anchors.ts'
import { type MatcherRules, TORCHVISION_RULES } from '../../../src/core/detectors/retinanet/assign.ts'
import { TargetMaps } from '../../../src/core/inspect/target-maps.ts'
import { flat, someBox, someBoxes } from '../../support/arbitrary-boxes.ts'

type Box = readonly number[]

const index = fc.nat({ max: 1000 })
/** A step of a drag, far outside included, or what else changes the boxes of an image. */
const someEdit: fc.Arbitrary<(boxes: readonly Box[]) => readonly Box[]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ at: index, dx: fc.constantFrom(0, 1, -3, 8, 40, 2000), dy: fc.constantFrom(0, 1, -8, 0.5) })
      .map(({ at, dx, dy }) => (boxes: readonly Box[]) => {
        const [x1, y1, x2, y2] = boxes[at % boxes.length]!
        return boxes.with(at % boxes.length, [x1! + dx, y1! + dy, x2! + dx, y2! + dy].map(Math.fround))
      }),
  },
  fc.tuple(index, fc.nat({ max: 3 })).map(([at, side]) => (boxes: readonly Box[]) => {
    const box = boxes[at % boxes.length]!
    return boxes.with(at % boxes.length, box.with(side, Math.fround(box[side]! + 4)))
  }),
  index.map((at) => (boxes: readonly Box[]) => [...boxes, boxes[at % boxes.length]!]),
  index.map(
    (at) => (boxes: readonly Box[]) => (boxes.length > 1 ? boxes.toSpliced(at % boxes.length, 1) : boxes),
  ),
  fc.tuple(index, someBox).map(
    ([at, box]) =>
      (boxes: readonly Box[]) =>
        boxes.toSpliced(at % boxes.length, 0, box),
  ),
  fc.constant((boxes: readonly Box[]) => boxes.toReversed()),
)

/** Boxes of each step, undone at the end, so that each lies again where it was. */
const someSession = fc
  .record({
    first: someBoxes.filter((boxes) => boxes.length > 0),
    edits: fc.array(someEdit, { maxLength: 6 }),
  })
  .map(({ first, edits }) => {
    const steps = [first as readonly Box[]]
    for (const edit of edits) steps.push(edit(steps.at(-1)!))
    return [...steps, first]
  })

const someSize = fc.record({
  width: fc.integer({ min: 1, max: 250 }),
  height: fc.integer({ min: 1, max: 200 }),
})
const unit = fc.constantFrom(0, 0.15, 0.3, 0.45)
const someRules: Readonly<Record<string, fc.Arbitrary<object>>> = {
  retinanet: fc.record({
    positive: fc.constantFrom(0.5, 0.6),
    negative: fc.constantFrom(0.4, 0.2, 0),
    lowQuality: fc.boolean(),
    lowQualityFloor: unit,
  }),
  atss: fc.record({
    candidates: fc.constantFrom(1, 3, 9),
    dialect: fc.constantFrom('authors', 'mmdet'),
    atLeastOne: fc.boolean(),
  }),
}

function told(maps: TargetMaps, boxes: readonly Box[], assignment: object) {
  const classes = boxes.map((_, gt) => gt % 2)
  maps.update({ boxes: flat(boxes), classes, assignment, loss: {} })
  const { shares } = maps
  return {
    matched: maps.matched.slice(),
    owners: maps.owners.slice(),
    own: structuredClone({ ...maps.own, grid: null }),
    candidates: maps.candidates.slice(),
    severalClasses: maps.severalClasses.slice(),
    count: { ...maps.count },
    positives: shares.positives.slice(0, boxes.length),
    lost: shares.lost.slice(0, boxes.length),
    quality: shares.meanCenterness.slice(0, boxes.length),
    runnersUp: maps.runnersUp().slice(),
    eligible: boxes.map((_, gt) => {
      const cells: [cell: number, level: number, strength: number][] = []
      maps.assignment.eligible(gt, (start, end, level) => {
        for (let cell = start; cell < end; cell++)
          cells.push([cell, level, maps.assignment.strength(gt, cell)])
      })
      return cells
    }),
    obstacles: boxes.map((_, gt) => maps.assignment.obstacle(gt)?.cause),
    strips: boxes.map((_, gt) => JSON.stringify(maps.assignment.strip?.(gt))),
    explained: [0, maps.matched.length >> 1].map((cell) =>
      maps.assignment.explain(cell).map((one) => [one.gt, one.positive, one.describe()]),
    ),
  }
}

for (const [detector, rules] of Object.entries(someRules)) {
  test(`${detector}: boxes that are dragged, copied, removed and put back`, () => {
    fc.assert(
      fc.property(someSize, rules, someSession, (size, assignment, session) => {
        const maps = new TargetMaps(size, detectorOf({ detector }))
        const kept = session.map((boxes) => told(maps, boxes, assignment))
        for (const [i, boxes] of session.entries()) {
          // An assigner keeps the latest boxes alone.
          new TargetMaps(size, detectorOf({ detector })).update({
            boxes: new Float32Array(),
            classes: [],
            assignment,
            loss: {},
          })
          expect(kept[i]).toEqual(told(new TargetMaps(size, detectorOf({ detector })), boxes, assignment))
        }
      }),
      { numRuns: 20 },
    )
  })
}

test('a tiny box that is dragged inside a large one gives it other anchors, of the same number', () => {
  const maps = new TargetMaps({ width: 256, height: 256 }, detectorOf({ detector: 'retinanet' }))
  const at = (x: number) =>
    told(
      maps,
      [
        [40, 40, 160, 160],
        [x, 101, x + 3, 104],
      ],
      TORCHVISION_RULES,
    ).eligible[0]!.map(([cell]) => cell)
  const [before, after] = [at(101), at(109)]
  expect(after).toHaveLength(before.length)
  expect(after).not.toEqual(before)
  at(1000)
  expect(at(109)).toEqual(after)
})

/** RetinaNet's matcher word for word: IoUs of all anchors with all boxes. */
function matchAll(anchors: Float32Array, boxes: readonly Box[], rules: MatcherRules) {
  const f = Math.fround
  const areaOf = ([x1, y1, x2, y2]: ArrayLike<number> & Iterable<number>) => f(f(x2! - x1!) * f(y2! - y1!))
  const real = boxes.map(([x1, y1, x2, y2]) => x2! > x1! && y2! > y1!)
  const ious = Array.from({ length: anchors.length / 4 }, (_, a) => {
    const anchor = anchors.subarray(a * 4, a * 4 + 4)
    const [x1, y1, x2, y2] = anchor
    return boxes.map((box, gt) => {
      const [width, height] = [
        f(Math.min(x2!, box[2]!) - Math.max(x1!, box[0]!)),
        f(Math.min(y2!, box[3]!) - Math.max(y1!, box[1]!)),
      ]
      if (!real[gt] || width <= 0 || height <= 0) return 0
      const shared = f(width * height)
      return f(shared / f(f(areaOf(box) + areaOf(anchor)) - shared))
    })
  })
  const best = boxes.map((_, gt) => ious.reduce((most, row) => Math.max(most, row[gt]!), 0))
  return ious.map((row) => {
    const most = Math.max(0, ...row)
    const owner = most === 0 ? BACKGROUND : row.indexOf(most)
    const isGiven =
      rules.lowQuality &&
      row.some((iou, gt) => iou > 0 && iou === best[gt] && iou >= f(rules.lowQualityFloor))
    if (most >= f(rules.positive) || isGiven) return owner
    return most > 0 && most >= f(rules.negative) ? IGNORED : BACKGROUND
  })
}

test('RetinaNet: at each step of a drag the anchors learn what IoUs with all boxes say', () => {
  fc.assert(
    fc.property(someRules.retinanet as fc.Arbitrary<MatcherRules>, someSession, (assignment, session) => {
      const maps = new TargetMaps({ width: 150, height: 100 }, detectorOf({ detector: 'retinanet' }))
      const anchors = anchorBoxes(maps.pyramid)
      for (const boxes of session) {
        maps.update({ boxes: flat(boxes), classes: boxes.map(() => 0), assignment, loss: {} })
        expect([...maps.matched]).toEqual(matchAll(anchors, boxes, assignment))
      }
    }),
    { numRuns: 10 },
  )
})
