import { expect, test } from 'vitest'
import { classScoresAt, predictionMaps } from '../../../../src/core/detectors/fcos/views.ts'
import { pyramid } from '../../../../src/core/pyramid/levels.ts'

/** 32 × 32: 16 locations of P3, 4 of P4 and one of each other level. */
const layout = pyramid({ width: 32, height: 32 }, 'half-stride')
const L = 23

const outputs = {
  logits: Float32Array.from({ length: L * 3 }, (_, i) => [-2, 0, -1][i % 3]!),
  regression: Float32Array.from({ length: L * 4 }, (_, i) => [0.5, 1, -1, 2][i % 4]!),
  centerness: new Float32Array(L),
}

test('by hand, in the authors’ first and later way to say distances', () => {
  const scales = Float32Array.from([2, 1, 1, 1, 1])
  const relu = predictionMaps(outputs, { pyramid: layout, distance: 'relu', scales })
  expect([...relu.labels]).toEqual(Array(L).fill(1))
  expect(relu.classScores[7]).toBe(0.5)
  expect(relu.quality?.[7]).toBe(0.5)
  expect(relu.scores[7]).toBeCloseTo(0.5, 6)
  // P3: stride 8 · scale 2; P4: stride 16.
  expect([...relu.ltrb.subarray(0, 4)]).toEqual([8, 16, 0, 32])
  expect([...relu.ltrb.subarray(16 * 4, 16 * 4 + 4)]).toEqual([8, 16, 0, 32])
  const exp = predictionMaps(outputs, { pyramid: layout, distance: 'exp', scales: null })
  expect([...exp.ltrb.subarray(0, 4)]).toEqual([0.5, 1, -1, 2].map((x) => Math.fround(Math.exp(x))))
})

test('every class of one location', () => {
  const sigmoid = (z: number) => Math.fround(1 / (1 + Math.exp(-z)))
  expect([...classScoresAt(outputs, 5)]).toEqual([-2, 0, -1].map(sigmoid))
})
