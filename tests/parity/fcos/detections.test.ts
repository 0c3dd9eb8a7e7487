/** NMS and post-processing beside torchvision's (tests/fixtures/make/detections.py). */
import { expect, test } from 'vitest'
import { nms } from '../../../src/core/detectors/shared/nms.ts'
import { pyramid } from '../../../src/core/pyramid/levels.ts'
import expected from '../../fixtures/fcos_detections.json' with { type: 'json' }
import { decodeDetections } from '../../support/decode-detections.ts'
import { formulaUniform } from '../../support/formula.ts'

const uniform = (key: string, count: number, scale: number, shift: number) =>
  formulaUniform(key, count).map((u) => Math.fround(u * scale) + shift)

test('batched_nms', () => {
  const boxes = Float32Array.from(expected.nms.boxes)
  const count = boxes.length / 4
  const labels = Int32Array.from(formulaUniform('nms/label', count), (u) => Math.floor(Math.fround(u * 3)))
  const kept = nms(boxes, formulaUniform('nms/score', count), labels, 0.6, count)
  expect([...kept]).toEqual(expected.nms.kept)
})

test.each(expected.images)(
  'FCOS.postprocess_detections, $key: $classes classes, top $topk per level',
  (wanted) => {
    const levels = pyramid(expected.input, 'corner')
    const { key, classes, image, threshold, topk, limit } = wanted
    const { boxes, scores, labels } = decodeDetections(
      {
        logits: uniform(`${key}/logits`, levels.locations * classes, 12, -10),
        regression: uniform(`${key}/regression`, levels.locations * 4, 5, -0.5),
        centerness: uniform(`${key}/centerness`, levels.locations, 6, -3),
      },
      {
        pyramid: levels,
        distance: 'relu',
        image,
        scoreThreshold: threshold,
        candidatesPerLevel: topk,
        nmsThreshold: 0.6,
        maxDetections: limit,
      },
    )
    expect([...labels]).toEqual(wanted.labels)
    for (const [i, score] of wanted.scores.entries()) expect(Math.abs(scores[i] - score)).toBeLessThan(2e-7)
    for (const [i, side] of wanted.boxes.entries()) expect(Math.abs(boxes[i] - side)).toBeLessThan(1e-4)
  },
)
