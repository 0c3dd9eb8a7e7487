import { describe, expect, test } from 'vitest'
import type { ImageOutputs } from '../../../../src/core/detectors/fcos/decode.ts'
import { pyramid } from '../../../../src/core/pyramid/levels.ts'
import { mulberry32 } from '../../../../src/core/random.ts'
import { type DecodeOptions, decodeDetections } from '../../../support/decode-detections.ts'

const CLASSES = 3
const PYRAMID = pyramid({ width: 64, height: 32 }, 'half-stride')
const OPTIONS: DecodeOptions = {
  pyramid: PYRAMID,
  distance: 'relu',
  image: { width: 60, height: 30 },
  scoreThreshold: 0.2,
  candidatesPerLevel: 1000,
  nmsThreshold: 0.6,
  maxDetections: 100,
}

/** Logits that give no detection anywhere; distances of one stride. */
const silence = (): ImageOutputs => ({
  logits: new Float32Array(PYRAMID.locations * CLASSES).fill(-10),
  regression: new Float32Array(PYRAMID.locations * 4).fill(1),
  centerness: new Float32Array(PYRAMID.locations),
})

const logit = (p: number) => Math.log(p / (1 - p))

describe('decoding', () => {
  test('one confident location: score √(p·q), box from its position, clipped to the image', () => {
    const outputs = silence()
    const location = PYRAMID.levels[1].first + 3
    outputs.logits[location * CLASSES + 2] = logit(0.72)
    outputs.regression.set([0.5, -1, 2, 0.25], location * 4)
    const { boxes, scores, labels, locations } = decodeDetections(outputs, OPTIONS)
    // P4's fourth cell lies at (56, 8); stride 16 gives l 8, t 0 (relu), r 32, b 4; the image ends at 60.
    expect([...boxes]).toEqual([48, 8, 60, 12])
    expect(scores[0]).toBeCloseTo(0.6, 6)
    expect([...labels]).toEqual([2])
    expect([...locations]).toEqual([location])
  })

  test('exp distances are pixels, scaled by the level in the exponent', () => {
    const outputs = silence()
    outputs.logits[0] = 5
    outputs.regression.set([Math.log(2), 0, Math.log(4), Math.log(3)], 0)
    const scales = Float32Array.of(2, 1, 1, 1, 1)
    const { boxes } = decodeDetections(outputs, { ...OPTIONS, distance: 'exp', scales })
    for (const [i, side] of [4 - 4, 4 - 1, 4 + 16, 4 + 9].entries()) expect(boxes[i]).toBeCloseTo(side, 5)
  })

  test('the score must exceed the threshold', () => {
    const outputs = silence()
    outputs.logits[0] = 0
    expect(decodeDetections(outputs, { ...OPTIONS, scoreThreshold: 0.5 }).scores).toHaveLength(0)
    outputs.logits[0] = 1e-5
    expect(decodeDetections(outputs, { ...OPTIONS, scoreThreshold: 0.5 }).scores).toHaveLength(1)
  })

  test('candidates that tie for the last place of a level: lower location, then lower class', () => {
    const outputs = silence()
    for (const pair of [2 * CLASSES + 1, 20 * CLASSES, 2 * CLASSES + 2]) outputs.logits[pair] = 40
    const { locations, labels } = decodeDetections(outputs, { ...OPTIONS, candidatesPerLevel: 2 })
    expect([...locations]).toEqual([2, 2])
    expect([...labels]).toEqual([1, 2])
  })

  test('NaN outputs give no detections', () => {
    const outputs = silence()
    outputs.logits.fill(Number.NaN)
    expect(decodeDetections(outputs, OPTIONS).scores).toHaveLength(0)
  })

  test('the early test on logits drops nothing: as an exhaustive search, for any threshold', () => {
    const random = mulberry32(7)
    const outputs: ImageOutputs = {
      logits: Float32Array.from({ length: PYRAMID.locations * CLASSES }, () => 40 * random() - 20),
      regression: new Float32Array(PYRAMID.locations * 4).fill(0.25),
      centerness: Float32Array.from({ length: PYRAMID.locations }, () => 40 * random() - 20),
    }
    const sigmoid = (z: number) => Math.fround(1 / (1 + Math.exp(-z)))
    const scores = Array.from(outputs.logits, (z, pair) =>
      Math.fround(
        Math.sqrt(Math.fround(sigmoid(z) * sigmoid(outputs.centerness[Math.floor(pair / CLASSES)]))),
      ),
    )
    // Thresholds at the scores themselves are the hardest: the next score above must be kept, the equal one not.
    for (const scoreThreshold of [0, ...scores]) {
      const all = scores.filter((score) => score > scoreThreshold).length
      const found = decodeDetections(outputs, {
        ...OPTIONS,
        scoreThreshold,
        nmsThreshold: 1,
        maxDetections: 1e6,
      })
      expect(found.scores).toHaveLength(all)
    }
  })
})
