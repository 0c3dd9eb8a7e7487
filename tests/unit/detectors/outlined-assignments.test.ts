/** The assignments that are drawn and explained are those that are learnt, where objects have outlines, and where a cell holds a centre. */
import { expect, test } from 'vitest'
import { BACKGROUND } from '../../../src/core/detectors/assigner.ts'
import { CENTERNET } from '../../../src/core/detectors/centernet/index.ts'
import { DIALECTS, type MaskRules } from '../../../src/core/detectors/fcos/config.ts'
import { FCOS } from '../../../src/core/detectors/fcos/index.ts'
import { assignWithMasks, maskedObjects } from '../../../src/core/detectors/fcos/masks.ts'
import { POLARMASK } from '../../../src/core/detectors/polarmask/index.ts'
import { countShares } from '../../../src/core/inspect/shares.ts'
import { mulberry32 } from '../../../src/core/random.ts'

const size = { width: 320, height: 256 }
const classes = [{ id: 1, name: 'a' }]

/** Us, whose middle is empty, stars, and boxes without an outline. */
function scene(seed: number) {
  const random = mulberry32(seed)
  const count = 2 + Math.floor(8 * random())
  const boxes = new Float32Array(count * 4)
  const outlines = Array.from({ length: count }, (_, gt) => {
    const [w, h] = [30 + 120 * random(), 30 + 120 * random()]
    const [x, y] = [random() * (size.width - w), random() * (size.height - h)]
    boxes.set([x, y, x + w, y + h], gt * 4)
    const at = (u: number, v: number) => [x + u * w, y + v * h]
    const kind = random()
    if (kind < 0.2) return null
    const u = [at(0, 0), at(0.2, 0), at(0.2, 0.8), at(0.8, 0.8), at(0.8, 0), at(1, 0), at(1, 1), at(0, 1)]
    return [kind < 0.6 ? u.flat() : [at(0.5, 0), at(1, 0.5), at(0.5, 1), at(0, 0.5)].flat()]
  })
  return { boxes, outlines, classes: new Int32Array(count) }
}

test.each<MaskRules>([
  { centre: 'mask', pixels: false, fallback: 'none' },
  { centre: 'box', pixels: true, fallback: 'none' },
  { centre: 'mask', pixels: true, fallback: 'nearest' },
  { centre: 'box', pixels: true, fallback: 'base' },
])('FCOS with masks: $centre, pixels $pixels, fallback $fallback', (masks) => {
  let [removed, starved] = [0, 0]
  for (let seed = 0; seed < 25; seed++) {
    const { boxes, outlines } = scene(seed)
    const rules = { ...DIALECTS.authors, masks }
    const grid = FCOS.grid(size, { assignment: rules })
    const assignment = FCOS.assigner.over(grid, rules, boxes, { outlines })
    const matched = assignment.assign()
    const expected = assignWithMasks(grid, rules, masks, boxes, maskedObjects(outlines, size))
    expect(matched).toEqual(expected.matched)
    const learnt = FCOS.targets(
      grid,
      { ...FCOS.presets.lite0(classes), assignment: rules },
      { boxes, outlines, classes: new Int32Array(outlines.length) },
    )
    expect([...learnt.positives.location]).toEqual(
      [...matched.keys()].filter((at) => matched[at] !== BACKGROUND),
    )
    const shares = countShares(assignment, matched)
    for (const gt of outlines.keys()) {
      expect(shares.positives[gt]).toBe(matched.filter((one) => one === gt).length)
      const obstacle = assignment.obstacle(gt)
      if (obstacle) starved++
      expect(obstacle === null || shares.positives[gt] === 0).toBe(true)
    }
    for (const [at, gt] of matched.entries()) {
      const outcomes = assignment.explain(at)
      expect(outcomes.find(({ positive }) => positive)?.gt ?? BACKGROUND).toBe(gt)
      if (!expected.removed[at]) continue
      removed++
      expect(outcomes.map((one) => one.describe()).join()).toContain('outside its mask')
    }
  }
  expect(removed > 0).toBe(masks.pixels)
  expect(starved > 0).toBe(masks.pixels && masks.fallback === 'none')
})

test('PolarMask: drawn as learnt, with the rays of every positive', () => {
  const config = POLARMASK.presets.lite0(classes)
  let positives = 0
  for (let seed = 0; seed < 25; seed++) {
    const objects = scene(seed)
    const grid = POLARMASK.grid(size, config)
    const matched = POLARMASK.assigner.over(grid, config.assignment, objects.boxes, objects).assign()
    const learnt = POLARMASK.targets(grid, config, objects)
    expect([...learnt.location]).toEqual([...matched.keys()].filter((at) => matched[at] !== BACKGROUND))
    const maps = POLARMASK.targetMaps(grid, config, objects.boxes, matched, undefined, objects)
    for (const [i, location] of learnt.location.entries()) {
      const { rays, figures } = POLARMASK.readTarget(maps, location)
      expect(rays.map(({ length }) => length)).toEqual([...learnt.rays.subarray(i * 36, (i + 1) * 36)])
      expect(figures[0]!.value).toBe(learnt.centerness[i])
      positives++
    }
  }
  expect(positives).toBeGreaterThan(500)
})

test('PolarMask: a location between the arms of a U misses rays, and others jump to the farther arm', () => {
  const u = [40, 40, 60, 40, 60, 160, 140, 160, 140, 40, 160, 40, 160, 200, 40, 200]
  const objects = { boxes: Float32Array.of(40, 40, 160, 200), outlines: [[u]], classes: Int32Array.of(0) }
  const config = POLARMASK.presets.lite0(classes)
  const grid = POLARMASK.grid(size, config)
  const matched = POLARMASK.assigner.over(grid, config.assignment, objects.boxes, objects).assign()
  const maps = POLARMASK.targetMaps(grid, config, objects.boxes, matched, undefined, objects)
  const between = [...matched.keys()].find((at) => {
    const { rays } = POLARMASK.readTarget(maps, at)
    return rays.some(({ mark }) => mark === 'missing')
  })!
  const { rays } = POLARMASK.readTarget(maps, between)
  expect(rays.find(({ name }) => name === '180°')!.mark).toBe('missing')
  expect(rays.find(({ name }) => name === '90°')!.mark).toBe('jump')
})

test('CenterNet: a cell that holds two centres', () => {
  const config = CENTERNET.presets.lite0([...classes, { id: 2, name: 'b' }])
  const grid = CENTERNET.grid(size, config)
  const boxes = Float32Array.of(20, 20, 60, 60, 30, 30, 51, 51, 200, 100, 240, 180, 318, 100, 319, 110)
  const of = (second: number) => {
    const details = { classes: Int32Array.of(0, second, 1, 1) }
    const assignment = CENTERNET.assigner.over(grid, config.assignment, boxes, details)
    const matched = assignment.assign()
    const maps = CENTERNET.targetMaps(grid, config, boxes, matched, undefined, details)
    const words = (gt: number) =>
      assignment
        .explain(matched.indexOf(0))
        .find((one) => one.gt === gt)!
        .describe()
    return { assignment, matched, maps, words }
  }
  const same = of(0)
  expect(same.matched.filter((gt) => gt !== BACKGROUND)).toEqual(Int32Array.of(0, 2))
  expect(same.maps.collisions).toEqual([{ cell: 10 * 80 + 10, boxes: [0, 1], sameClass: true }])
  expect(of(1).maps.collisions[0]!.sameClass).toBe(false)
  expect(same.words(1)).toContain('one peak stands for both')
  expect(of(1).words(1)).toContain('of which one pair at most can be right')
  // The map ends a cell before the input does.
  expect(same.assignment.obstacle(3)?.cause).toBe('no-area')
  const { rays, centre } = CENTERNET.readTarget(same.maps, 10 * 80 + 10)
  expect(rays.map(({ length }) => length)).toEqual([22, 22, 18, 18])
  expect(centre).toEqual({ dx: -2, dy: -2 })
})
