import { describe, expect, test } from 'vitest'
import {
  type CandidateOptions,
  decodeCandidates,
  type ImageOutputs,
} from '../../../../src/core/detectors/fcos/decode.ts'
import { nms } from '../../../../src/core/detectors/shared/nms.ts'
import { selectDetections } from '../../../../src/core/detectors/shared/select.ts'
import { pyramid } from '../../../../src/core/pyramid/levels.ts'
import { locationAt } from '../../../../src/core/pyramid/locations.ts'
import { mulberry32 } from '../../../../src/core/random.ts'
import { decodeDetections } from '../../../support/decode-detections.ts'

const CLASSES = 3
const PYRAMID = pyramid({ width: 128, height: 96 }, 'half-stride')
const PER_LEVEL = 40
const OPTIONS: CandidateOptions = {
  pyramid: PYRAMID,
  distance: 'relu',
  image: { width: 120, height: 90 },
  toSource: { x: Math.fround(1.7), y: Math.fround(0.6) },
  scoreThreshold: 0.01,
  candidatesPerLevel: PER_LEVEL,
}
const SELECTION = { candidatesPerLevel: PER_LEVEL, nmsThreshold: 0.5, maxDetections: 30 }

/** Coarse logits, so that scores tie, and overlapping boxes. */
function outputs(seed: number): ImageOutputs {
  const random = mulberry32(seed)
  const logits = () => Math.round(12 * random() - 8)
  return {
    logits: Float32Array.from({ length: PYRAMID.locations * CLASSES }, logits),
    regression: Float32Array.from({ length: PYRAMID.locations * 4 }, () => 3 * random()),
    centerness: Float32Array.from({ length: PYRAMID.locations }, logits),
  }
}

const sigmoid = (z: number) => Math.fround(1 / (1 + Math.exp(-z)))

describe('candidates', () => {
  test.each([0.01, 0.05, 0.2, 0.5])(
    'detections at %f selected from what was kept at 0.01',
    (scoreThreshold) => {
      for (let seed = 0; seed < 20; seed++) {
        const raw = outputs(seed)
        const options = { ...OPTIONS, ...SELECTION, scoreThreshold }
        const wanted = decodeDetections(raw, options)
        const candidates = decodeCandidates(raw, { ...OPTIONS, alsoByClass: true })
        const kept = selectDetections(candidates, options)
        expect(kept.map((i) => candidates.locations[i])).toEqual(wanted.locations)
        expect(kept.map((i) => candidates.labels[i])).toEqual(wanted.labels)
        expect([...kept].flatMap((i) => [...candidates.boxes.subarray(i * 4, i * 4 + 4)])).toEqual([
          ...wanted.boxes,
        ])
        expect(wanted.locations.length).toBeGreaterThan(0)
      }
    },
  )

  test('ranked by class score alone they are the best of all pairs, however low their centerness', () => {
    const raw = outputs(99)
    // The most certain pair of all, which centerness nearly rules out.
    raw.logits[7 * CLASSES + 1] = 20
    raw.centerness[7] = -25
    const candidates = decodeCandidates(raw, { ...OPTIONS, alsoByClass: true })
    const kept = selectDetections(
      candidates,
      { ...SELECTION, scoreThreshold: 0.05, nmsThreshold: 1 },
      candidates.classScores,
    )
    expect([candidates.locations[kept[0]], candidates.labels[kept[0]]]).toEqual([7, 1])

    const entrants = PYRAMID.levels.flatMap(({ first, rows, columns }) =>
      Array.from({ length: rows * columns * CLASSES }, (_, i) => first * CLASSES + i)
        .filter((pair) => sigmoid(raw.logits[pair]) > Math.fround(0.05))
        .sort((a, b) => raw.logits[b] - raw.logits[a] || a - b)
        .slice(0, PER_LEVEL),
    )
    const scores = Float32Array.from(entrants, (pair) => sigmoid(raw.logits[pair]))
    const wanted = [
      ...nms(new Float32Array(entrants.length * 4), scores, new Int32Array(entrants.length), 1, 30),
    ]
    expect([...kept].map((i) => candidates.locations[i] * CLASSES + candidates.labels[i])).toEqual(
      wanted.map((i) => entrants[i]),
    )
  })

  test('they come in order, with level, probabilities and boxes in source pixels', () => {
    const raw = outputs(3)
    const candidates = decodeCandidates(raw, OPTIONS)
    const { locations, levels, labels, classScores, boxes } = candidates
    const { centerness } = candidates.parts
    const pairs = [...locations].map((location, i) => location * CLASSES + labels[i])
    expect(pairs).toEqual([...pairs].sort((a, b) => a - b))
    for (const [i, location] of locations.entries()) {
      const { x, y, level } = locationAt(PYRAMID, location)
      expect(PYRAMID.levels[levels[i]]).toBe(level)
      expect(classScores[i]).toBe(sigmoid(raw.logits[pairs[i]]))
      expect(centerness[i]).toBe(sigmoid(raw.centerness[location]))
      const [l, t, r, b] = raw.regression
        .subarray(location * 4, location * 4 + 4)
        .map((u) => u * level.stride)
      const within = (v: number, size: number) => Math.min(Math.max(v, 0), size)
      const wanted = [
        within(x - l, 120) * 1.7,
        within(y - t, 90) * 0.6,
        within(x + r, 120) * 1.7,
        within(y + b, 90) * 0.6,
      ]
      for (const [k, side] of wanted.entries()) expect(boxes[i * 4 + k]).toBeCloseTo(side, 3)
    }
  })
})
