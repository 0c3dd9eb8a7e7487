import { describe, expect, test } from 'vitest'
import { detectors } from '../../../src/core/detectors/detectors.ts'
import type { DatasetImage } from '../../../src/core/formats/dataset.ts'
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import { DetectorComparison, verdict } from '../../../src/core/inspect/detector-comparison.ts'
import { inspect } from '../../../src/core/inspect/report.ts'

const INPUT = { shortSide: 128, longSide: 128 }
const CATEGORIES = [
  { id: 7, name: 'cell' },
  { id: 9, name: 'none' },
]
const settings = detectors().map(({ name, presets }) => ({
  detector: name,
  input: INPUT,
  rules: presets.lite0([]).assignment,
}))

const imageOf = (boxes: readonly BoxXyxy[]): DatasetImage => ({
  id: 1,
  fileName: 'a.png',
  width: 128,
  height: 128,
  annotations: boxes.map((box) => ({ categoryId: 7, box })),
})

function compared(boxes: readonly BoxXyxy[]) {
  const comparison = new DetectorComparison(CATEGORIES, settings)
  comparison.add(imageOf(boxes))
  return Object.fromEntries(comparison.result().map((one) => [one.name, one]))
}

describe('detectors on the same boxes', () => {
  // A box; the same again, which FCOS' and CenterNet's first takes all of; one between all locations of stride 8.
  const { fcos, retinanet, centernet, atss } = compared([
    [40, 40, 80, 80],
    [40, 40, 80, 80],
    [13, 13, 15, 15],
  ])

  test('what is learned, robbed and left out, and why', () => {
    expect(fcos!.all).toEqual({
      ...{ boxes: 3, learnable: 1, positives: 9, median: 9, starved: 0, robbed: 1 },
      causes: [
        { title: 'lost to smaller boxes', boxes: 1 },
        { title: 'no location inside', boxes: 1 },
      ],
    })
    expect(atss!.all.robbed).toBe(1)
    // Any overlap wins an anchor, and the duplicate is not told apart from the first box.
    expect(retinanet!.all).toMatchObject({ learnable: 2, robbed: 1 })
    expect(retinanet!.places).toBe('anchors')
  })

  test('a detector with one cell for each box starves none', () => {
    expect(centernet!.all).toMatchObject({ learnable: 2, positives: 2, median: 1, starved: 0, robbed: 1 })
  })

  test('by size and class, classes without boxes too', () => {
    expect(fcos!.perSize.map(({ boxes, learnable }) => [boxes, learnable])).toEqual([
      [1, 0],
      [2, 1],
      [0, 0],
    ])
    expect(fcos!.perCategory.map(({ boxes, median }) => [boxes, median])).toEqual([
      [3, 9],
      [0, null],
    ])
  })

  test('the same counts as the inspection of one detector', () => {
    for (const setting of settings) {
      const found = inspect(
        {
          categories: CATEGORIES,
          images: [
            imageOf([
              [3, 3, 60, 50],
              [20, 20, 50, 44],
            ]),
          ],
        } as never,
        setting,
      )
      const { all } = compared([
        [3, 3, 60, 50],
        [20, 20, 50, 44],
      ])[setting.detector]!
      expect([all.boxes, all.learnable, all.starved]).toEqual([
        found.recall.boxes,
        found.recall.learnable,
        found.starved.length,
      ])
    }
  })
})

describe('which detector suits', () => {
  const one = (
    title: string,
    learnable: number,
    starved: number,
    causes: { title: string; boxes: number }[] = [],
  ) => ({
    ...{ title, places: 'locations', starves: true },
    count: { boxes: 200, learnable, starved, median: 9, positives: 0, robbed: 0, causes },
  })

  test('those of the highest recall, and of them those that starve fewest; half a percent is equal', () => {
    const all = [one('A', 200, 40), one('B', 199, 3), one('C', 198, 0), one('D', 200, 4)]
    expect(verdict(all)?.suits).toEqual(['B', 'D'])
  })

  test('one cell for each box is judged by recall alone, and takes nothing from the others', () => {
    const single = { ...one('C', 200, 0), starves: false }
    expect(verdict([one('A', 200, 40), one('B', 200, 3), single])?.suits).toEqual(['B', 'C'])
    expect(verdict([single])?.reasons).toEqual(['C learns 200 of 200 boxes, each by one location'])
  })

  test('with a reason for each', () => {
    const found = verdict([one('A', 198, 1, [{ title: 'no location inside', boxes: 2 }]), one('B', 200, 0)])
    expect(found).toEqual({
      suits: ['B'],
      reasons: [
        'A learns 198 of 200 boxes, a box by 9 locations (median), 1 starved; not: no location inside (2)',
        'B learns 200 of 200 boxes, a box by 9 locations (median)',
      ],
    })
  })

  test('of no boxes nothing is said', () => {
    expect(verdict([{ ...one('A', 0, 0), count: { ...one('A', 0, 0).count, boxes: 0 } }])).toBeNull()
  })
})
