import { describe, expect, it } from 'vitest'
import { ATSS } from '../../../../src/core/detectors/atss/index.ts'
import { CENTERNET } from '../../../../src/core/detectors/centernet/index.ts'
import { detectorOf } from '../../../../src/core/detectors/detectors.ts'
import { decodeCandidates } from '../../../../src/core/detectors/fcos/decode.ts'
import { FCOS } from '../../../../src/core/detectors/fcos/index.ts'
import { lite0Config } from '../../../../src/core/detectors/fcos/presets.ts'
import type { ModelConfig } from '../../../../src/core/detectors/model-config.ts'
import { RETINANET } from '../../../../src/core/detectors/retinanet/index.ts'
import type { Candidates } from '../../../../src/core/detectors/shared/candidates.ts'
import type { CandidateImage } from '../../../../src/core/evaluation/oracle/answers.ts'
import { answersFor } from '../../../../src/core/evaluation/oracle/answers.ts'
import { applyOracle, ORACLE_STEPS, type OracleStep } from '../../../../src/core/evaluation/oracle/steps.ts'
import {
  type OracleOptions,
  oracleDetections,
  oracleWaterfall,
} from '../../../../src/core/evaluation/oracle/waterfall.ts'
import { pyramid } from '../../../../src/core/pyramid/levels.ts'
import { mulberry32 } from '../../../../src/core/random.ts'
import { decodeDetections } from '../../../support/decode-detections.ts'
import { object } from '../analysis/scene.ts'

const OPTIONS: OracleOptions = {
  config: lite0Config([]),
  categoryIds: [3, 7],
  scoreThreshold: 0.05,
  candidatesPerLevel: 1000,
  nmsThreshold: 0.6,
  maxDetections: 100,
}
const close = (values: number[]) => values.map((value) => expect.closeTo(value, 6))

describe('one object, three candidates', () => {
  // 24×24 in the network's input, twice as wide in the source. P3's locations lie 8 apart, from 4 on.
  const truth = object([0, 0, 48, 24], { categoryId: 7 })
  const candidates: Candidates = {
    // At (4, 12) and (12, 12), in the object and in its centre; at (36, 20), outside.
    locations: Int32Array.of(8, 9, 20),
    levels: Uint8Array.of(0, 0, 0),
    labels: Int32Array.of(1, 0, 0),
    classScores: Float32Array.of(0.8, 0.5, 0.6),
    scores: Float32Array.of(Math.sqrt(0.72), Math.sqrt(0.1), Math.sqrt(0.3)),
    parts: { centerness: Float32Array.of(0.9, 0.2, 0.5) },
    boxes: Float32Array.of(0, 0, 24, 24, 0, 0, 48, 24, 60, 10, 80, 30),
  }
  const image: CandidateImage = {
    imageId: 1,
    candidates,
    pyramid: pyramid({ width: 64, height: 32 }, 'half-stride'),
    toSource: { x: 2, y: 1 },
  }
  const answers = answersFor(image, [truth], OPTIONS.config)
  const apply = (step: OracleStep) => applyOracle(step, candidates, answers, [truth], () => 1, FCOS)

  it('what the ground truth answers', () => {
    expect([...answers.object]).toEqual([0, 0, -1])
    expect([...answers.quality]).toEqual(close([Math.sqrt(4 / 20), 1, 0]))
    expect([...answers.iou]).toEqual(close([0.5, 1, 0]))
  })

  it.each<[OracleStep, number[]]>([
    ['classOnly', [0.8, 0.5, 0.6]],
    ['asIs', [0.8 * 0.9, 0.5 * 0.2, 0.6 * 0.5].map(Math.sqrt)],
    ['centerness', [0.8 * Math.sqrt(0.2), 0.5, 0.6 * 0.5].map(Math.sqrt)],
    ['centernessElsewhereZero', [0.8 * Math.sqrt(0.2), 0.5, 0].map(Math.sqrt)],
    ['iou', [0.8 * 0.5, 0.5, 0].map(Math.sqrt)],
    ['class', [Math.sqrt(0.5), 1, 0]],
    ['box', [1, 1, 0]],
  ])('scores of %s', (step, scores) => {
    expect([...apply(step).scores]).toEqual(close(scores))
  })

  it('classes and boxes change in their steps only', () => {
    for (const step of ORACLE_STEPS.slice(0, 5)) expect(apply(step).candidates).toBe(candidates)
    expect([...apply('class').candidates.labels]).toEqual([1, 1, 0])
    expect(apply('class').candidates.boxes).toBe(candidates.boxes)
    expect([...apply('box').candidates.boxes]).toEqual([0, 0, 48, 24, 0, 0, 48, 24, 60, 10, 80, 30])
  })

  it('detections of a step, and its bar', () => {
    expect(oracleDetections('box', image, [truth], OPTIONS)).toEqual([
      { imageId: 1, categoryId: 7, box: [0, 0, 48, 24], score: 1 },
    ])
    const categories = [
      { id: 3, name: 'a' },
      { id: 7, name: 'b' },
    ]
    const bars = [
      ...oracleWaterfall({ categories, images: [{ id: 1 }, { id: 2 }], objects: [truth] }, [image], OPTIONS),
    ]
    expect(bars.map(({ step }) => step)).toEqual(ORACLE_STEPS)
    // As is, only the candidate of half the width has the right class.
    expect(bars[1]).toMatchObject({ ap: expect.closeTo(0.1), ap50: expect.closeTo(1), ap75: 0 })
    expect(bars[1]!.ap50ByImage).toEqual([expect.closeTo(1), 1])
    // Ranked by IoU, the one of the wrong class comes first.
    expect(bars[4]!.ap50ByImage).toEqual([expect.closeTo(0.5), 1])
    expect(bars[6]).toMatchObject({ ap: expect.closeTo(1), ap50ByImage: [expect.closeTo(1), 1] })
  })

  it('crowds and classes that the model does not know are no answers', () => {
    const others = [object([0, 0, 48, 24], { crowd: true, categoryId: 7 }), object([0, 0, 48, 24])]
    expect(oracleDetections('class', image, others, OPTIONS)).toEqual([])
  })
})

describe('other detectors', () => {
  const classes = [
    { id: 3, name: 'a' },
    { id: 7, name: 'b' },
  ]
  const truthOf = (width: number, height: number) => object([0, 0, width, height], { categoryId: 7 })
  /** The first two are the object's where it says so; the first has another class, and the boxes are beside it. */
  const kinds = [
    {
      // [0, 0, 32, 32] in the input. The smallest square anchors around (16, 16) and (24, 16) have IoU 1 and 3/5. The smallest wide one
      // around (16, 24), 46 × 22, has 32·19 / (32² + 46·22 − 32·19) = 0.43: it is ignored.
      ...{ detector: RETINANET, truth: truthOf(64, 32), locations: [18 * 9 + 3, 19 * 9 + 3, 26 * 9] },
      ...{
        parts: {},
        objects: [0, 0, -1],
        quality: [1, 0.6, 0],
        classStep: [1, 1, 0],
        asIs: [0.8, 0.5, 0.6],
      },
    },
    {
      // [0, 0, 24, 24]. The nine P3 locations around (12, 12) have IoU 25²/64², above mean + deviation of all 21 candidates.
      ...{ detector: ATSS, truth: truthOf(48, 24), locations: [9, 18, 19] },
      parts: { centerness: Float32Array.of(0.9, 0.2, 0.5) },
      ...{ objects: [0, 0, -1], quality: [1, 0.2, 0] },
      // The square root of p = 1 and the IoU of the boxes, 40 × 24 and 24 × 24 of 48 × 24.
      classStep: [Math.sqrt(40 / 48), Math.sqrt(0.5), 0],
      asIs: [0.8 * 0.9, 0.5 * 0.2, 0.6 * 0.5].map(Math.sqrt),
    },
    {
      // The centre of [0, 0, 24, 24] lies in the fourth cell of the fourth row of 16.
      ...{ detector: CENTERNET, truth: truthOf(48, 24), locations: [51, 52, 60] },
      ...{ parts: {}, objects: [0, -1, -1], quality: [1, 0, 0], classStep: [1, 0, 0], asIs: [0.8, 0.5, 0.6] },
    },
  ]
  it.each(kinds)('$detector.name: classes, boxes and scores of each step', (kind) => {
    const { detector, truth, parts, objects } = kind
    const config = detector.presets.lite0(classes) as ModelConfig
    const candidates: Candidates = {
      ...{ locations: Int32Array.from(kind.locations), levels: new Uint8Array(3), parts },
      labels: Int32Array.of(0, 1, 0),
      classScores: Float32Array.of(0.8, 0.5, 0.6),
      scores: Float32Array.from(kind.asIs),
      boxes: Float32Array.of(0, 0, 40, 24, 0, 0, 24, 24, 90, 10, 110, 30),
    }
    const pyramid = detectorOf(config).grid({ width: 64, height: 32 }, config)
    const image: CandidateImage = { imageId: 1, candidates, pyramid, toSource: { x: 2, y: 1 } }
    const answers = answersFor(image, [truth], config)
    expect([...answers.object]).toEqual(objects)
    expect([...answers.quality]).toEqual(close(kind.quality))
    const apply = (step: OracleStep) =>
      applyOracle(step, candidates, answers, [truth], () => 1, detectorOf(config))
    expect([...apply('asIs').scores]).toEqual(close(kind.asIs))
    const labels = [1, 1, 0]
    const isFound = objects.map((one) => Number(one === 0))
    expect([...apply('class').candidates.labels]).toEqual(labels)
    expect([...apply('class').scores]).toEqual(close(kind.classStep))
    expect(apply('class').candidates.boxes).toBe(candidates.boxes)
    expect([...apply('box').candidates.labels]).toEqual(labels)
    expect([...apply('box').scores]).toEqual(isFound)
    const [x, y, width, height] = truth.box
    expect([...apply('box').candidates.boxes]).toEqual(
      objects.flatMap((one, i) =>
        one === 0 ? [x, y, x + width, y + height] : [...candidates.boxes.subarray(4 * i, 4 * i + 4)],
      ),
    )
    expect(oracleDetections('box', image, [truth], { ...OPTIONS, config })).toEqual([
      { imageId: 1, categoryId: 7, box: truth.box, score: 1 },
    ])
  })
})

describe('an image in tiles', () => {
  // Two tiles of 64 × 32 px beside each other, at the input's scale, and the whole image at half of it.
  const tiles = [0, 60].map((x) => ({ x, y: 0, width: 64, height: 32 }))
  const own = { pyramid: pyramid({ width: 64, height: 32 }, 'half-stride'), toSource: { x: 1, y: 1 } }
  // The first lies in the left tile; the second across the right one's left border, so that a third of it is in the left tile.
  const objects = [object([4, 4, 20, 20], { categoryId: 3 }), object([56, 0, 24, 24], { categoryId: 7 })]
  const at = (tile: number, column: number, row: number, box: number[], label = 0) => ({
    tile,
    location: row * 8 + column,
    box,
    label,
  })
  const found = [
    at(0, 1, 1, [4, 4, 24, 24]),
    at(0, 5, 3, [40, 24, 50, 30]),
    // Of the right tile's input: x − 60, where the visible part [0, 20] has its centre at 10.
    at(1, 1, 1, [60, 0, 80, 24], 1),
    at(1, 7, 3, [110, 20, 120, 30], 1),
    // Of the whole image, whose input is 62 × 16.
    at(2, 0, 0, [4, 4, 24, 24]),
  ]
  const candidates: Candidates = {
    locations: Int32Array.from(found, ({ location }) => location),
    levels: new Uint8Array(found.length),
    labels: Int32Array.from(found, ({ label }) => label),
    classScores: new Float32Array(found.length).fill(0.5),
    scores: new Float32Array(found.length).fill(0.5),
    parts: { centerness: new Float32Array(found.length).fill(0.5) },
    boxes: Float32Array.from(found.flatMap(({ box }) => box)),
    tiling: { image: { width: 124, height: 32 }, tiles, of: Int32Array.from(found, ({ tile }) => tile) },
  }
  const image: CandidateImage = {
    ...{ imageId: 1, candidates, tile: own },
    ...{ pyramid: pyramid({ width: 64, height: 32 }, 'half-stride'), toSource: { x: 2, y: 2 } },
  }

  it('each candidate is answered by what its own tile sees', () => {
    const { object: assigned, quality, iou } = answersFor(image, objects, OPTIONS.config)
    expect([...assigned]).toEqual([0, -1, 1, -1, 0])
    // (12, 12) in [4, 24]² is 8 from left and top, 12 from right and bottom; in [0, 20] × [0, 24] of the right tile 12 : 8 across.
    expect([quality[0], quality[2]]).toEqual(close([8 / 12, Math.sqrt(8 / 12)]))
    expect([...iou]).toEqual(close([1, 0, (20 * 24) / (24 * 24), 0, 1]))
  })

  it('its detections are those of the tiles, merged: with perfect boxes each object once', () => {
    expect(oracleDetections('box', image, objects, OPTIONS)).toEqual([
      { imageId: 1, categoryId: 3, box: [4, 4, 20, 20], score: 1 },
      { imageId: 1, categoryId: 7, box: [56, 0, 24, 24], score: 1 },
    ])
  })
})

describe('random outputs', () => {
  const PYRAMID = pyramid({ width: 128, height: 96 }, 'half-stride')
  const random = mulberry32(5)
  const raw = {
    logits: Float32Array.from({ length: PYRAMID.locations * 2 }, () => 4 * random() - 2),
    regression: Float32Array.from({ length: PYRAMID.locations * 4 }, () => 3 * random()),
    centerness: Float32Array.from({ length: PYRAMID.locations }, () => 4 * random() - 2),
  }
  const decoding = { ...OPTIONS, pyramid: PYRAMID, distance: 'relu', image: PYRAMID.input } as const
  const image: CandidateImage = {
    imageId: 1,
    candidates: decodeCandidates(raw, { ...decoding, scoreThreshold: 0, alsoByClass: true }),
    pyramid: PYRAMID,
    toSource: { x: 1, y: 1 },
  }
  const objects = [
    object([10, 10, 30, 40], { categoryId: 3 }),
    object([60, 20, 50, 50], { categoryId: 7 }),
    object([20, 60, 20, 30], { categoryId: 7 }),
  ]

  it('as is, they are the detections of the decoder', () => {
    const wanted = decodeDetections(raw, decoding)
    const found = oracleDetections('asIs', image, objects, OPTIONS)
    expect(found.map(({ score }) => score)).toEqual([...wanted.scores])
    expect(found.map(({ categoryId }) => OPTIONS.categoryIds.indexOf(categoryId))).toEqual([...wanted.labels])
  })

  it('with perfect classes and boxes every object that has a location is found, and nothing else', () => {
    const found = oracleDetections('box', image, objects, OPTIONS)
    expect(found).toHaveLength(3)
    for (const { box, categoryId } of objects)
      expect(found).toContainEqual({ imageId: 1, box, categoryId, score: 1 })
  })
})
