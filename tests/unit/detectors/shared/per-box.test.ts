import { expect, test, vi } from 'vitest'
import { PerBox } from '../../../../src/core/detectors/shared/per-box.ts'

const BOXES = Float32Array.of(0, 0, 8, 8, 1, 2, 3, 4, 5, 6, 7, 8)

/** For which boxes something is computed anew, of all that are asked for. */
function asked(kept: PerBox<string>, boxes: Float32Array, key = 'a'): number[] {
  const compute = vi.fn((gt: number) => boxes.subarray(gt * 4, gt * 4 + 4).join())
  const of = kept.over(key, boxes, compute)
  for (let gt = 0; gt < boxes.length / 4; gt++) {
    expect(of(gt)).toBe(boxes.subarray(gt * 4, gt * 4 + 4).join())
    expect(of(gt)).toBe(boxes.subarray(gt * 4, gt * 4 + 4).join())
  }
  return compute.mock.calls.map(([gt]) => gt)
}

test('each box is computed once, and again when any of its sides has moved', () => {
  const kept = new PerBox<string>()
  expect(asked(kept, BOXES)).toEqual([0, 1, 2])
  expect(asked(kept, BOXES)).toEqual([])
  for (const side of [0, 1, 2, 3]) {
    const moved = BOXES.with(4 + side, 9)
    expect(asked(kept, moved)).toEqual([1])
    expect(asked(kept, BOXES)).toEqual([1])
  }
})

test('boxes are found at other places, copies too', () => {
  const kept = new PerBox<string>()
  asked(kept, BOXES)
  expect(asked(kept, BOXES.subarray(4))).toEqual([])
  expect(
    asked(kept, Float32Array.of(...BOXES.subarray(8), ...BOXES.subarray(4, 8), ...BOXES.subarray(4, 8))),
  ).toEqual([])
})

test('what depends on other things too is computed for each', () => {
  const kept = new PerBox<string>()
  asked(kept, BOXES)
  expect(asked(kept, BOXES, 'b')).toEqual([0, 1, 2])
})

test('the caller may overwrite its boxes', () => {
  const kept = new PerBox<string>()
  const boxes = BOXES.slice()
  asked(kept, boxes)
  boxes[5] = 9
  expect(asked(kept, boxes)).toEqual([1])
})
