import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assign } from '../../../../src/core/detectors/fcos/assign.ts'
import { type AssignmentRules, DIALECTS } from '../../../../src/core/detectors/fcos/config.ts'
import { FCOS } from '../../../../src/core/detectors/fcos/index.ts'
import { centerness, emptyTargets, positives, targets } from '../../../../src/core/detectors/fcos/targets.ts'
import { ambiguity } from '../../../../src/core/inspect/ambiguity.ts'
import { pyramid } from '../../../../src/core/pyramid/levels.ts'
import { locationAt, locationLevels, locationPoints } from '../../../../src/core/pyramid/locations.ts'
import { flat, someBoxes, someRules, someSize } from '../../../support/arbitrary-boxes.ts'
import { bruteForce, eligible, points } from '../../../support/brute-force.ts'

const { authors, torchvision } = DIALECTS
const labels = (width: number, height: number, rules: AssignmentRules, ...boxes: number[][]) =>
  assign(pyramid({ width, height }, rules.location), rules, flat(boxes))

test('cells and locations of both rules at 1216 × 800', () => {
  const half = pyramid({ width: 1216, height: 800 }, 'half-stride')
  expect(half.levels.map(({ columns, rows }) => [columns, rows])).toEqual([
    [152, 100],
    [76, 50],
    [38, 25],
    [19, 13],
    [10, 7],
  ])
  expect(half.levels.map(({ offset, spacing }) => [offset.x, spacing.x])).toEqual([
    [4, 8],
    [8, 16],
    [16, 32],
    [32, 64],
    [64, 128],
  ])
  // torchvision's floor(size / cells): 800 / 13 and 800 / 7 are no strides.
  const corner = pyramid({ width: 1216, height: 800 }, 'corner')
  expect(corner.levels.map(({ spacing }) => [spacing.y, spacing.x])).toEqual([
    [8, 8],
    [16, 16],
    [32, 32],
    [61, 64],
    [114, 121],
  ])
  expect(corner.levels.every(({ offset }) => offset.x === 0 && offset.y === 0)).toBe(true)
})

test('locations are numbered level by level, row by row', () => {
  fc.assert(
    fc.property(someSize, someRules, ({ width, height }, { location }) => {
      const layout = pyramid({ width, height }, location)
      const expected = points(width, height, location)
      expect(layout.locations).toBe(expected.length)
      expect([...locationPoints(layout)]).toEqual(expected.flatMap(({ x, y }) => [x, y]))
      expect([...locationLevels(layout)]).toEqual(expected.map(({ level }) => level))
      for (const [i, { x, y, level }] of expected.entries()) {
        expect(locationAt(layout, i)).toMatchObject({ index: i, x, y, level: layout.levels[level] })
      }
    }),
    { numRuns: 20 },
  )
})

test('equals the definition taken location by location', () => {
  fc.assert(
    fc.property(someSize, someRules, someBoxes, ({ width, height }, rules, boxes) => {
      const all = points(width, height, rules.location)
      expect([...labels(width, height, rules, ...boxes)]).toEqual(bruteForce(all, boxes, rules))
    }),
    { numRuns: 400 },
  )
})

test('a 16 px box at a corner of the image, by hand', () => {
  // P3 at 4, 12, 20, …: four locations inside [0, 16]², all within 1.5 × 8 of (8, 8). P4 at 8: far side 8 < 64.
  const matched = labels(64, 64, authors, [0, 0, 16, 16])
  expect([...matched.entries()].filter(([, gt]) => gt === 0).map(([i]) => i)).toEqual([0, 1, 8, 9])
  // torchvision's locations lie at 0, 8, 16, …: only (8, 8) is strictly inside.
  const corner = labels(64, 64, torchvision, [0, 0, 16, 16])
  expect([...corner.entries()].filter(([, gt]) => gt === 0).map(([i]) => i)).toEqual([9])
})

test('a closed bound belongs to both levels, an open bound to none', () => {
  // Location (64, 64) lies on P3 (corner rule, row 8, column 8) and P4; the box reaches 64 px from it on every side.
  const box = [0, 0, 128, 128]
  const at = (rules: AssignmentRules) => {
    const layout = pyramid({ width: 128, height: 128 }, 'corner')
    const matched = assign(layout, rules, flat([box]))
    return [matched[8 * 16 + 8], matched[layout.levels[1].first + 4 * 8 + 4]]
  }
  expect(at({ ...torchvision, ranges: 'closed' })).toEqual([0, 0])
  expect(at(torchvision)).toEqual([-1, -1])
})

test('the smaller area wins, ties go to the first', () => {
  const inner = [16, 16, 48, 48]
  const outer = [0, 0, 64, 64]
  for (const rules of [authors, torchvision]) {
    expect(new Set(labels(64, 64, { ...rules, radius: 0 }, outer, inner, inner))).toEqual(new Set([-1, 0, 1]))
  }
  // 20×20 = 400 and 20.1×20 = 402 px² tie in torchvision's float32, where the first box wins, not in the authors' area.
  const wide = [10, 10, 30.1, 30]
  const narrow = [10, 10, 30, 30]
  expect(new Set(labels(64, 64, torchvision, wide, narrow))).toEqual(new Set([-1, 0]))
  expect(new Set(labels(64, 64, authors, wide, narrow))).toEqual(new Set([-1, 1]))
})

test("the +1 of the authors' area decides between a thin and a square box of equal area", () => {
  const thin = [0, 15, 64, 17] // 64 · 2 = 128; 65 · 3 = 195
  const square = [26, 10, 37.636364, 21] // 11.636 · 11 = 128; 12.636 · 12 = 151.6
  const rules = { ...authors, radius: 0, location: 'corner' } as const
  expect(labels(64, 32, rules, thin, square)[2 * 8 + 4]).toBe(1)
})

test('images without boxes, boxes outside and boxes without area are background', () => {
  for (const rules of [authors, torchvision]) {
    for (const boxes of [
      [],
      [[-50, -50, -10, -10]],
      [[700, 10, 800, 90]],
      [[20, 20, 20, 90]],
      [[50, 50, 10, 10]],
      [[Number.NaN, 0, 64, 64]],
      [[0, 0, Number.POSITIVE_INFINITY, 64]],
    ]) {
      expect(new Set(labels(128, 128, rules, ...boxes))).toEqual(new Set([-1]))
    }
  }
})

test('a box across the border keeps its sides outside the image', () => {
  const layout = pyramid({ width: 64, height: 64 }, 'half-stride')
  const { matched, ltrb } = targets(layout, { ...authors, radius: 0 }, flat([[-30, -20, 30, 20]]))
  expect(matched[0]).toBe(0)
  expect([...ltrb.subarray(0, 4)]).toEqual([34, 24, 26, 16])
})

test("torchvision's tie-break cannot tell 1e8 px² from background", () => {
  const huge = [-5000, -5000, 5001, 5001]
  expect(new Set(labels(64, 64, { ...torchvision, radius: 0 }, huge))).toEqual(new Set([-1]))
  expect(labels(64, 64, { ...authors, radius: 0 }, huge)).toContain(0)
})

test('moving image and boxes by whole P7 strides moves the targets', () => {
  fc.assert(
    fc.property(someBoxes, fc.nat(2), fc.nat(2), someRules, (boxes, right, down, rules) => {
      const whole = boxes.map((box) => box.map(Math.round))
      const moved = whole.map(([a, b, c, d]) => [
        a + right * 128,
        b + down * 128,
        c + right * 128,
        d + down * 128,
      ])
      const size = { width: 256, height: 256 }
      const larger = pyramid({ width: 256 + right * 128, height: 256 + down * 128 }, rules.location)
      const matched = assign(pyramid(size, rules.location), rules, flat(whole))
      const shifted = assign(larger, rules, flat(moved))
      let at = 0
      for (const { first, columns, stride } of larger.levels) {
        const [dx, dy] = [(right * 128) / stride, (down * 128) / stride]
        for (let row = 0; row < 256 / stride; row++) {
          for (let column = 0; column < 256 / stride; column++) {
            expect(shifted[first + (row + dy) * columns + column + dx]).toBe(matched[at++])
          }
        }
      }
    }),
    { numRuns: 100 },
  )
})

test('mirroring x and y mirrors the targets', () => {
  fc.assert(
    fc.property(someBoxes, someRules, (boxes, rules) => {
      const size = { width: 200, height: 328 }
      const transposed = pyramid({ width: size.height, height: size.width }, rules.location)
      const layout = pyramid(size, rules.location)
      const matched = assign(layout, rules, flat(boxes))
      const mirrored = assign(transposed, rules, flat(boxes.map(([a, b, c, d]) => [b, a, d, c])))
      for (const [i, { first, columns, rows }] of layout.levels.entries()) {
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            expect(mirrored[transposed.levels[i].first + column * rows + row]).toBe(
              matched[first + row * columns + column],
            )
          }
        }
      }
    }),
    { numRuns: 100 },
  )
})

test('targets: distances give the box back, and the sparse form says the same', () => {
  fc.assert(
    fc.property(someSize, someRules, someBoxes, (size, rules, boxes) => {
      const layout = pyramid(size, rules.location)
      const dense = targets(layout, rules, flat(boxes))
      const sparse = positives(layout, flat(boxes), dense.matched)
      const found = [...dense.matched.keys()].filter((i) => dense.matched[i] >= 0)
      expect([...sparse.location]).toEqual(found)
      for (const [i, location] of found.entries()) {
        const [l, t, r, b] = dense.ltrb.subarray(location * 4)
        const { x, y } = locationAt(layout, location)
        const box = boxes[dense.matched[location]]
        for (const [side, value] of [x - l, y - t, x + r, y + b].entries()) {
          expect(Math.abs(value - box[side])).toBeLessThanOrEqual(Math.abs(box[side]) * 1e-6 + 1e-4)
        }
        expect(dense.centerness[location]).toBe(centerness(l, t, r, b))
        expect(dense.centerness[location]).toBeGreaterThan(0)
        expect(dense.centerness[location]).toBeLessThanOrEqual(1)
        expect(sparse.gt[i]).toBe(dense.matched[location])
        expect([...sparse.ltrb.subarray(i * 4, i * 4 + 4)]).toEqual([l, t, r, b])
        expect(sparse.centerness[i]).toBe(dense.centerness[location])
      }
      const background = [...dense.matched.keys()].filter((i) => dense.matched[i] < 0)
      expect(background.every((i) => dense.centerness[i] === 0 && dense.ltrb[i * 4] === 0)).toBe(true)
    }),
    { numRuns: 100 },
  )
})

test('reused buffers hold nothing of the call before', () => {
  const layout = pyramid({ width: 200, height: 120 }, 'half-stride')
  const buffers = emptyTargets(layout)
  targets(
    layout,
    authors,
    flat([
      [0, 0, 150, 100],
      [10, 10, 40, 40],
    ]),
    buffers,
  )
  expect(targets(layout, authors, flat([[90, 20, 130, 70]]), buffers)).toEqual(
    targets(layout, authors, flat([[90, 20, 130, 70]])),
  )
})

test('centerness: 1 in the middle, by hand elsewhere', () => {
  expect(centerness(5, 7, 5, 7)).toBe(1)
  expect(centerness(1, 1, 4, 1)).toBe(0.5)
  expect(centerness(1, 9, 4, 1)).toBe(Math.fround(Math.sqrt(Math.fround(0.25 * Math.fround(1 / 9)))))
})

test('ambiguity counts eligible boxes and classes as the definition does', () => {
  fc.assert(
    fc.property(
      someSize,
      someRules,
      someBoxes,
      fc.array(fc.nat(2), { minLength: 12 }),
      (size, rules, boxes, classes) => {
        const matched = labels(size.width, size.height, rules, ...boxes)
        const found = ambiguity(
          FCOS.assigner.over(pyramid(size, rules.location), rules, flat(boxes)),
          classes,
          matched,
        )
        const expected = points(size.width, size.height, rules.location).map((point) =>
          boxes.flatMap((box, gt) => {
            const area = Math.fround(Math.fround(box[2] - box[0]) * Math.fround(box[3] - box[1]))
            const wins = rules.area === 'inclusive' || Math.fround(1e8 - area) >= 1e-5
            return wins && eligible(point, box, rules) ? [gt] : []
          }),
        )
        expect([...found.candidates]).toEqual(expected.map((gts) => gts.length))
        const several = expected.map((gts) => (new Set(gts.map((gt) => classes[gt])).size > 1 ? 1 : 0))
        expect([...found.severalClasses]).toEqual(several)
        expect(found.count).toEqual({
          positives: expected.filter((gts) => gts.length > 0).length,
          ambiguous: expected.filter((gts) => gts.length > 1).length,
          ambiguousAcrossClasses: several.filter((s) => s === 1).length,
        })
      },
    ),
    { numRuns: 100 },
  )
})
