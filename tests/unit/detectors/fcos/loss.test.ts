import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LossConfig } from '../../../../src/core/detectors/fcos/config.ts'
import { type DistanceRule, distance } from '../../../../src/core/detectors/fcos/distances.ts'
import { fcosLoss, type HeadOutputs } from '../../../../src/core/detectors/fcos/loss.ts'
import { iou } from '../../../../src/core/geometry/box.ts'
import { pyramid } from '../../../../src/core/pyramid/levels.ts'
import { mulberry32 } from '../../../../src/core/random.ts'
import { centralDifference } from '../../../support/finite-difference.ts'

const PYRAMID = pyramid({ width: 64, height: 32 }, 'half-stride')
const CLASSES = 2
const CONFIG: LossConfig = { box: 'giou', boxWeight: 'none', focalAlpha: 0.25, focalGamma: 2 }

/** Location 0 and 5 of P3 learn boxes of classes 1 and 0; in the second image the first of P4. */
const TARGETS = [
  {
    positives: {
      location: Int32Array.of(0, 5),
      gt: Int32Array.of(1, 0),
      ltrb: Float32Array.of(3, 2, 20, 11, 9, 14, 10, 6),
      centerness: Float32Array.of(0.25, 0.75),
    },
    classes: Int32Array.of(0, 1),
    ignored: Int32Array.of(7),
  },
  {
    positives: {
      location: Int32Array.of(PYRAMID.levels[1].first),
      gt: Int32Array.of(0),
      ltrb: Float32Array.of(30, 70, 66, 18),
      centerness: Float32Array.of(0.5),
    },
    classes: Int32Array.of(0),
  },
]

function outputsOf(seed: number, images: number): HeadOutputs {
  const random = mulberry32(seed)
  const rows = images * PYRAMID.locations
  return {
    logits: Float32Array.from({ length: rows * CLASSES }, () => 6 * random() - 4),
    regression: Float32Array.from({ length: rows * 4 }, () => 0.2 + 2 * random()),
    centerness: Float32Array.from({ length: rows }, () => 4 * random() - 2),
  }
}

/** The batch's learning rows. */
const LEARNING = TARGETS.flatMap(({ positives }, image) =>
  Array.from(positives.location, (location) => image * PYRAMID.locations + location),
)

/** No step of the test carries a predicted side past the target's, where min and max have no derivative. */
function clearOfKinks({ regression }: HeadOutputs, rule: DistanceRule, scales: Float32Array): boolean {
  const targets = TARGETS.flatMap(({ positives }) => [...positives.ltrb])
  return targets.every((target, i) => {
    const row = LEARNING[i >> 2]
    const level = row < PYRAMID.locations ? 0 : 1
    const u = scales[level] * regression[row * 4 + (i & 3)]
    return Math.abs(distance(rule, u, PYRAMID.levels[level].stride) - target) > 0.1
  })
}

const like = (outputs: HeadOutputs): HeadOutputs => ({
  logits: new Float32Array(outputs.logits.length).fill(Number.NaN),
  regression: new Float32Array(outputs.regression.length).fill(Number.NaN),
  centerness: new Float32Array(outputs.centerness.length).fill(Number.NaN),
})

describe('FCOS loss', () => {
  test('gradients by every output and scale are those of finite differences', () => {
    const configs = fc.record({
      box: fc.constantFrom('giou' as const, 'iou' as const),
      boxWeight: fc.constantFrom('none' as const, 'centerness' as const),
      focalAlpha: fc.constant(0.25),
      focalGamma: fc.constant(2),
    })
    fc.assert(
      fc.property(
        fc.nat(),
        configs,
        fc.constantFrom('exp' as const, 'relu' as const),
        (seed, config, rule) => {
          const outputs = outputsOf(seed, 2)
          const gradients = like(outputs)
          const scales = Float32Array.of(1.25, 0.75, 1, 1, 1)
          fc.pre(clearOfKinks(outputs, rule, scales))
          const input = {
            outputs,
            targets: TARGETS,
            pyramid: PYRAMID,
            distance: rule,
            scales,
            config,
            normaliser: 2.5,
          }
          const { scaleGradient } = fcosLoss({ ...input, gradients })
          const total = () => {
            const { classification, box, centerness } = fcosLoss({ ...input, gradients: like(outputs) })
            return classification + box + centerness
          }
          const step = 2 ** -10
          for (const row of [...LEARNING, 1, 7]) {
            for (const [name, width] of [
              ['logits', CLASSES],
              ['regression', 4],
              ['centerness', 1],
            ] as const) {
              for (let i = row * width; i < (row + 1) * width; i++) {
                const difference = centralDifference(total, outputs[name], i, step)
                expect(Math.abs(gradients[name][i] - difference)).toBeLessThan(2e-4)
              }
            }
          }
          for (let level = 0; level < 2; level++) {
            const difference = centralDifference(total, scales, level, step)
            expect(Math.abs(scaleGradient[level] - difference)).toBeLessThan(1e-3)
          }
          expect([...scaleGradient.subarray(2)]).toEqual([0, 0, 0])
        },
      ),
      { numRuns: 30 },
    )
  })

  test('a batch without positives learns only to be background', () => {
    const outputs = outputsOf(1, 1)
    const gradients = like(outputs)
    const none = new Float32Array()
    const empty = { location: new Int32Array(), gt: new Int32Array(), ltrb: none, centerness: none }
    const loss = fcosLoss({
      outputs,
      targets: [{ positives: empty, classes: new Int32Array() }],
      pyramid: PYRAMID,
      distance: 'relu',
      config: { ...CONFIG, boxWeight: 'centerness' },
      normaliser: 1,
      gradients,
    })
    expect(loss).toMatchObject({ box: 0, centerness: 0, centernessFloor: 0, positives: 0 })
    expect(loss.classification).toBeGreaterThan(0)
    expect(gradients.logits.every((g) => g > 0)).toBe(true)
    expect(gradients.regression.every((g) => g === 0)).toBe(true)
    expect(gradients.centerness.every((g) => g === 0)).toBe(true)
  })

  test('the centerness floor is the mean entropy of the targets', () => {
    const outputs = outputsOf(2, 2)
    const { centerness, centernessFloor, positives } = fcosLoss({
      outputs,
      targets: TARGETS,
      pyramid: PYRAMID,
      distance: 'relu',
      config: CONFIG,
      normaliser: 3,
      gradients: like(outputs),
    })
    const quarter = 0.25 * Math.log(4) + 0.75 * Math.log(4 / 3)
    expect(positives).toBe(3)
    expect(centernessFloor).toBeCloseTo((2 * quarter + Math.LN2) / 3, 12)
    expect(centerness).toBeGreaterThan(centernessFloor)
  })

  test('targets for another input size or another set of classes are refused', () => {
    const outputs = outputsOf(3, 1)
    const input = {
      outputs,
      pyramid: PYRAMID,
      distance: 'relu' as const,
      config: CONFIG,
      normaliser: 1,
      gradients: like(outputs),
    }
    const [{ positives }] = TARGETS
    const beyond = { ...positives, location: Int32Array.of(0, PYRAMID.locations) }
    expect(() =>
      fcosLoss({ ...input, targets: [{ positives: beyond, classes: Int32Array.of(0, 1) }] }),
    ).toThrow(RangeError)
    expect(() => fcosLoss({ ...input, targets: [{ positives, classes: Int32Array.of(0, 2) }] })).toThrow(
      'class 2 of 2',
    )
  })
})

test('the quality branch may learn the IoU of the box instead, which takes no part in the box’s own gradient', () => {
  const outputs = outputsOf(5, TARGETS.length)
  const run = (quality: LossConfig['quality']) => {
    const gradients = {
      logits: new Float32Array(outputs.logits.length),
      regression: new Float32Array(outputs.regression.length),
      centerness: new Float32Array(outputs.centerness.length),
    }
    const config = { ...CONFIG, ...(quality && { quality }) }
    const loss = fcosLoss({
      ...{ outputs, targets: TARGETS, pyramid: PYRAMID, distance: 'relu', config, normaliser: 3, gradients },
    })
    return { loss, gradients }
  }
  const [plain, byIou] = [run(undefined), run('iou')]
  expect(byIou.gradients.regression).toEqual(plain.gradients.regression)
  expect(byIou.gradients.logits).toEqual(plain.gradients.logits)
  expect(byIou.loss.box).toBe(plain.loss.box)
  const targets = TARGETS.flatMap(({ positives }) => [...positives.ltrb])
  for (const [i, row] of LEARNING.entries()) {
    const stride = row < PYRAMID.locations ? 8 : 16
    const box = (sides: readonly number[]) => [-sides[0]!, -sides[1]!, sides[2]!, sides[3]!] as const
    const predicted = Array.from(outputs.regression.subarray(row * 4, row * 4 + 4), (x) => stride * x)
    const wanted = iou(box(predicted), box(targets.slice(i * 4, i * 4 + 4)))
    const p = 1 / (1 + Math.exp(-outputs.centerness[row]!))
    expect(byIou.gradients.centerness[row]).toBeCloseTo((p - wanted) / 3, 5)
  }
  expect(byIou.loss.centerness).not.toBeCloseTo(plain.loss.centerness, 3)
})
