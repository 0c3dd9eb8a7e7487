import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BoxXyxy, iou } from '../../../src/core/geometry/box.ts'
import { boxFaults, clipped, type LabelBox, suspicions } from '../../../src/core/inspect/health.ts'

const IMAGE = { width: 100, height: 80 }
const label = (id: number, box: BoxXyxy, classId = 1, crowd = false): LabelBox => ({
  id,
  classId,
  box,
  crowd,
})
const faultsOf = (...labels: LabelBox[]) =>
  boxFaults(IMAGE, labels).map(({ kind, label, of }) => [kind, label.id, of?.id ?? null])

describe('faults of boxes', () => {
  test('a box drawn twice is one too many: the later one, of the same class or in the very same place', () => {
    expect(faultsOf(label(1, [10, 10, 50, 50]), label(2, [10, 10, 51, 50]))).toEqual([['repeated', 2, 1]])
    expect(faultsOf(label(9, [10, 10, 50, 50], 1), label(3, [10, 10, 50, 50], 2))).toEqual([
      ['repeated', 3, 9],
    ])
    expect(faultsOf(label(1, [10, 10, 50, 50], 1), label(2, [10, 10, 52, 50], 2))).toEqual([])
    // IoU 0.8: two objects, one behind the other.
    expect(faultsOf(label(1, [10, 10, 50, 50]), label(2, [10, 10, 60, 50]))).toEqual([])
    expect(faultsOf(label(1, [10, 10, 50, 50], 1, true), label(2, [10, 10, 50, 50]))).toEqual([])
  })

  test('outside begins half a pixel beyond the edge, thin ends at one pixel', () => {
    expect(faultsOf(label(1, [-0.4, 0, 100.5, 80.5]))).toEqual([])
    expect(faultsOf(label(1, [-1, 0, 20, 20]), label(2, [30, 30, 60, 81]))).toEqual([
      ['outside', 1, null],
      ['outside', 2, null],
    ])
    expect(faultsOf(label(1, [5, 5, 6, 40]), label(2, [50, 5, 51.1, 40]))).toEqual([['thin', 1, null]])
    expect(clipped([-5, 10, 200, 90], IMAGE)).toEqual([0, 10, 100, 80])
    expect(clipped([101, 10, 200, 90], IMAGE)).toBeNull()
  })

  test('the sweep finds what comparing all pairs finds', () => {
    const side = fc.integer({ min: 0, max: 12 })
    const box = fc.tuple(side, side, side, side).map(([x, y, w, h]): BoxXyxy => [x, y, x + w + 2, y + h + 2])
    fc.assert(
      fc.property(fc.array(box, { maxLength: 14 }), (boxes) => {
        const labels = boxes.map((one, i) => label(i, one))
        const slow = labels.filter((one, i) =>
          labels.slice(0, i).some((other) => iou(one.box, other.box) >= 0.9),
        )
        const found = boxFaults({ width: 99, height: 99 }, labels).filter(({ kind }) => kind === 'repeated')
        expect(found.map((fault) => fault.label.id)).toEqual(slow.map(({ id }) => id))
        for (const { of, label: later } of found) expect(of!.id).toBeLessThan(later.id)
      }),
    )
  })
})

describe('what a model doubts', () => {
  const guess = (box: BoxXyxy, score: number, classId = 1) => ({ box, score, classId })
  const kinds = (...args: Parameters<typeof suspicions>) =>
    suspicions(...args).map(({ kind, label, guess }) => [kind, label?.id ?? null, guess.score])

  test('an object that it is sure of, far from every label, and that nobody has rejected', () => {
    const labels = [label(1, [0, 0, 20, 20])]
    expect(kinds(labels, [guess([50, 50, 70, 70], 0.8), guess([0, 0, 20, 20], 0.9)], [])).toEqual([
      ['missing', null, 0.8],
    ])
    expect(kinds(labels, [guess([50, 50, 70, 70], 0.4), guess([0, 0, 20, 20], 0.9)], [])).toEqual([])
    const rejected = [{ classId: 1, box: [50, 50, 70, 70] as const }]
    expect(kinds(labels, [guess([50, 50, 70, 70], 0.8), guess([0, 0, 20, 20], 0.9)], rejected)).toEqual([])
  })

  test('a label of another class, unless its own class is seen there too', () => {
    const labels = [label(1, [0, 0, 20, 20])]
    expect(kinds(labels, [guess([0, 0, 20, 21], 0.7, 2)], [])).toEqual([['wrong-class', 1, 0.7]])
    expect(kinds(labels, [guess([0, 0, 20, 21], 0.7, 2), guess([0, 0, 20, 20], 0.35)], [])).toEqual([])
  })

  test('a box that it would draw elsewhere, unless that box is of a neighbour', () => {
    const labels = [label(1, [0, 0, 20, 20])]
    expect(kinds(labels, [guess([8, 0, 28, 20], 0.9)], [])).toEqual([['loose', 1, 0.9]])
    expect(kinds([...labels, label(2, [8, 0, 28, 20])], [guess([8, 0, 28, 20], 0.9)], [])).toEqual([])
  })

  test('a label that it does not see is no suspicion: models miss objects', () => {
    expect(kinds([label(1, [0, 0, 20, 20])], [], [])).toEqual([])
  })
})
