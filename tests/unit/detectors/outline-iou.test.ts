import { expect, test } from 'vitest'
import type { Candidates } from '../../../src/core/detectors/shared/candidates.ts'
import { outlineIou } from '../../../src/core/detectors/shared/outline-iou.ts'
import { selectDetections } from '../../../src/core/detectors/shared/select.ts'
import { rleArea, rleIntersection, rleOfPolygons } from '../../../src/core/geometry/rle.ts'
import { mulberry32 } from '../../../src/core/random.ts'

test('squares by hand, and stars against their pixels', () => {
  const square = (x: number, y: number) => [x, y, x + 10, y, x + 10, y + 10, x, y + 10]
  expect(outlineIou(square(0, 0), square(0, 0))).toBe(1)
  expect(outlineIou(square(0, 0), square(5, 0))).toBeCloseTo(1 / 3, 6)
  expect(outlineIou(square(0, 0), square(10, 0))).toBe(0)
  expect(outlineIou([], square(0, 0))).toBe(0)
  const random = mulberry32(2)
  const star = () => {
    const [x, y] = [150 + 60 * random(), 150 + 60 * random()]
    return Array.from({ length: 36 }, (_, ray) => {
      const [angle, length] = [(2 * Math.PI * ray) / 36, 60 + 50 * random()]
      return [x + length * Math.sin(angle), y + length * Math.cos(angle)]
    }).flat()
  }
  for (let i = 0; i < 30; i++) {
    const [a, b] = [star(), star()]
    const [one, other] = [rleOfPolygons([a], 400, 400), rleOfPolygons([b], 400, 400)]
    const shared = rleIntersection(one, other)
    expect(Math.abs(outlineIou(a, b) - shared / (rleArea(one) + rleArea(other) - shared))).toBeLessThan(0.03)
  }
})

test('suppression by outlines keeps objects whose boxes overlap, and none keeps all', () => {
  // Two triangles that share a box, one on each side of its diagonal, and a copy of the first.
  const [upper, lower] = [
    [0, 0, 10, 0, 0, 10],
    [10, 0, 10, 10, 0, 10],
  ]
  const candidates: Candidates = {
    locations: Int32Array.of(0, 1, 2),
    levels: new Uint8Array(3),
    labels: new Int32Array(3),
    boxes: Float32Array.of(0, 0, 10, 10, 0, 0, 10, 10, 0, 0, 10, 10),
    classScores: Float32Array.of(0.9, 0.8, 0.7),
    scores: Float32Array.of(0.9, 0.8, 0.7),
    parts: { outline: Float32Array.from([...upper!, ...lower!, ...upper!]) },
  }
  const options = { scoreThreshold: 0.1, candidatesPerLevel: 10, nmsThreshold: 0.5, maxDetections: 10 }
  const select = (suppression: Candidates['suppression']) => [
    ...selectDetections({ ...candidates, suppression }, options),
  ]
  expect(select('boxes')).toEqual([0])
  expect(select('outlines')).toEqual([0, 1])
  expect(select('none')).toEqual([0, 1, 2])
})
