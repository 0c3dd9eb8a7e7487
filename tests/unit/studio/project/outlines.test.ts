/** Outlines and masks survive whatever is done to their objects. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Dataset } from '../../../../src/core/formats/dataset.ts'
import type { Segmentation } from '../../../../src/core/geometry/segmentation.ts'
import { segmentationArea } from '../../../../src/core/geometry/shape.ts'
import { datasetOf } from '../../../../src/main/studio/project/export.ts'
import { importDataset } from '../../../../src/main/studio/project/import.ts'
import { someProject } from '../../../support/project.ts'

const PARTS: Segmentation = [
  [10.1, 10, 20, 10, 20, 20.3],
  [25, 15, 30, 15, 30, 20.3],
]
/** A ring of pixels with a hole, in an image of 640 × 480. */
const RING: Segmentation = {
  size: [480, 640],
  counts: [480 * 10 + 10, 3, 477, 1, 1, 1, 477, 3, 480 * 640 - 480 * 12 - 13],
}
const KINDS: readonly (readonly [string, Segmentation, readonly [number, number, number, number], number])[] =
  [
    ['polygons', PARTS, [10.1, 10, 30, 20.3], 63.5],
    ['a mask', RING, [10, 10, 13, 13], 8],
  ]

async function setUp(
  segmentation: Segmentation,
  box: readonly [number, number, number, number],
  area: number,
) {
  const project = await someProject('a.jpg', 'b.jpg')
  const [classId, otherClass] = [project.classes.add('cell'), project.classes.add('nucleus')]
  const object = { classId, box, segmentation, area, source: 'imported' as const }
  const [id] = project.annotations.add(1, [object])
  return { ...project, project, classId, otherClass, id: id!, at: () => project.annotations.get(id!)! }
}

describe.each(KINDS)('%s', (_, segmentation, box, area) => {
  test('a box alone moves or scales them', async () => {
    const { annotations, id, at } = await setUp(segmentation, box, area)
    const [x1, y1, x2, y2] = box
    annotations.update(id, { box: [x1 + 5, y1 + 7, x2 + 5, y2 + 7] })
    expect(at().area).toBe(area)
    const moved = at().segmentation!
    if (Array.isArray(moved)) expect(moved[0]![0]).toBe(15.1)
    else expect(segmentationArea(moved)).toBe(area)
    annotations.update(id, { box: [x1, y1, x1 + 2 * (x2 - x1), y2] })
    expect(at().segmentation).not.toBeNull()
    expect(at().area).toBeCloseTo(2 * area, 9)
  })

  test('everything that is no geometry leaves them alone', async () => {
    const { annotations, classes, images, id, at, classId, otherClass } = await setUp(segmentation, box, area)
    annotations.update(id, { classId: otherClass })
    annotations.update(id, { difficult: true, crowd: true, attributes: { ripe: true } })
    annotations.update(id, { source: 'proposed' })
    annotations.accept([id])
    classes.merge([otherClass], classId)
    images.setSplit([1], 'val')
    images.setState([1], 'done')
    expect(at()).toMatchObject({ segmentation, area, box, source: 'accepted', classId })
  })

  test('undo and redo give every number back to the bit', async () => {
    const { annotations, history, id, at } = await setUp(segmentation, box, area)
    const shift = fc.double({ min: -5, max: 5, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.tuple(shift, shift, fc.double({ min: 0.5, max: 2, noNaN: true }))), (moves) => {
        const states = [JSON.stringify(at())]
        for (const [dx, dy, scale] of moves) {
          const [x1, y1, x2, y2] = at().box
          annotations.update(id, { box: [x1 + dx, y1 + dy, x1 + dx + (x2 - x1) * scale, y2 + dy] })
          const now = JSON.stringify(at())
          if (now !== states.at(-1)) states.push(now)
        }
        for (let i = states.length - 2; i >= 0; i--) {
          history.undo()
          expect(JSON.stringify(at())).toBe(states[i])
        }
        for (let i = 1; i < states.length; i++) {
          history.redo()
          expect(JSON.stringify(at())).toBe(states[i])
        }
        for (let i = 1; i < states.length; i++) history.undo()
      }),
      { numRuns: 40 },
    )
  })

  test('deleting and undoing, rejecting and undoing bring them back', async () => {
    const { annotations, history, id, at } = await setUp(segmentation, box, area)
    annotations.remove([id])
    history.undo()
    expect(at()).toMatchObject({ segmentation, area })
    annotations.update(id, { source: 'proposed' })
    annotations.reject([id])
    history.undo()
    expect(at()).toMatchObject({ segmentation, area })
  })

  test('they go out as they are, also from a box that was moved', async () => {
    const { annotations, images, project, id, at } = await setUp(segmentation, box, area)
    images.setState([1], 'done')
    const [x1, y1, x2, y2] = box
    annotations.update(id, { box: [x1 + 3, y1, x2 + 3, y2] })
    const [written] = datasetOf(project).dataset.images[0]!.annotations
    expect(written).toMatchObject({ segmentation: at().segmentation, area, box: at().box })
  })
})

test('only null takes an outline away; a new one brings its box and area', async () => {
  const { annotations, id, at } = await setUp(PARTS, [10.1, 10, 30, 20.3], 63.5)
  annotations.update(id, { segmentation: [[0, 0, 8, 0, 8, 4]] })
  expect(at()).toMatchObject({ box: [0, 0, 8, 4], area: 16 })
  annotations.update(id, { segmentation: null })
  expect(at()).toMatchObject({ box: [0, 0, 8, 4], segmentation: null, area: null })
})

describe('importing again', () => {
  const BOX = [10, 10, 30, 20] as const
  const A: Segmentation = [[10, 10, 30, 10, 30, 20]]
  const B: Segmentation = [[10, 10, 30, 20, 10, 20]]
  const dataset = (...outlines: (Segmentation | undefined)[]): Dataset => ({
    categories: [{ id: 1, name: 'cell' }],
    images: [
      {
        ...{ id: 1, fileName: 'a.jpg', width: 640, height: 480 },
        annotations: outlines.map((segmentation) => ({
          categoryId: 1,
          box: BOX,
          ...(segmentation && { segmentation }),
        })),
      },
    ],
  })

  async function twice(first: Dataset, second: Dataset) {
    const project = await someProject('a.jpg')
    const run = (it: Dataset) =>
      importDataset(project, { dataset: it, imageRoot: project.imageRoot, problems: [] })
    await run(first)
    const report = await run(second)
    return { report, outlines: project.annotations.of(1).map(({ segmentation }) => segmentation) }
  }

  test('a box without an outline gets the one that comes, and the report says so', async () => {
    const { report, outlines } = await twice(dataset(undefined), dataset(A))
    expect(outlines).toEqual([A])
    expect(report).toMatchObject({ boxes: 1, knownBoxes: 1 })
    expect(report.problems.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('without an outline'),
    ])
  })

  test('an outline that is there stays where the same box comes without one', async () => {
    const { report, outlines } = await twice(dataset(A), dataset(undefined))
    expect(outlines).toEqual([A])
    expect(report).toMatchObject({ knownBoxes: 1, problems: [] })
  })

  test('another outline in the same box is another object', async () => {
    const { report, outlines } = await twice(dataset(A), dataset(B))
    expect(outlines).toEqual([A, B])
    expect(report.knownBoxes).toBe(0)
  })

  test('of several in one box each finds its own', async () => {
    const { report, outlines } = await twice(dataset(A, undefined, B), dataset(undefined, B, A))
    expect(outlines).toEqual([A, null, B])
    expect(report.knownBoxes).toBe(3)
  })
})
