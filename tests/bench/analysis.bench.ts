/**
 * The analyses behind the evaluation's window on a synthetic set of COCO val2017's size, the waterfall of oracles, and
 * what a slider over one image's candidates asks for. One JSON line on standard output; milliseconds, medians of three.
 *
 *   node tests/bench/analysis.bench.ts
 */

import { decodeCandidates } from '../../src/core/detectors/fcos/decode.ts'
import { torchvisionConfig } from '../../src/core/detectors/fcos/presets.ts'
import { selectDetections } from '../../src/core/detectors/shared/select.ts'
import { confusionMatrix } from '../../src/core/evaluation/analysis/confusion.ts'
import { errorGains } from '../../src/core/evaluation/analysis/error-gains.ts'
import { classifyErrors } from '../../src/core/evaluation/analysis/error-types.ts'
import { find } from '../../src/core/evaluation/analysis/findings.ts'
import { apByImage } from '../../src/core/evaluation/analysis/image-ap.ts'
import { falseNegatives, falsePositives } from '../../src/core/evaluation/analysis/mistakes.ts'
import { rank } from '../../src/core/evaluation/analysis/ranked-tables.ts'
import { bestIous, scoreAgainstIou } from '../../src/core/evaluation/analysis/score-iou.ts'
import { bestThreshold, thresholdCurves } from '../../src/core/evaluation/analysis/threshold-curve.ts'
import { evaluateTables } from '../../src/core/evaluation/coco-metrics.ts'
import type { TrueObject } from '../../src/core/evaluation/ground-truth.ts'
import type { CandidateImage } from '../../src/core/evaluation/oracle/answers.ts'
import { oracleWaterfall } from '../../src/core/evaluation/oracle/waterfall.ts'
import { layOut } from '../../src/core/evaluation/tables.ts'
import { parseCocoGroundTruth } from '../../src/core/formats/coco-ground-truth.ts'
import { parseCocoResults, toDetections } from '../../src/core/formats/coco-results.ts'
import { pyramid } from '../../src/core/pyramid/levels.ts'
import { mulberry32, normal } from '../../src/core/random.ts'
import { diverseOrder } from '../../src/core/review/diverse-order.ts'
import { cocoScene } from '../support/detection-scenes.ts'

const ROUNDS = 3
const PYRAMID = pyramid({ width: 1088, height: 800 }, 'corner')
const SELECTION = { scoreThreshold: 0.05, candidatesPerLevel: 1000, nmsThreshold: 0.6, maxDetections: 100 }
const rounded = (value: number) => Math.round(value * 10) / 10

function milliseconds(run: () => unknown): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return rounded(times.toSorted((a, b) => a - b)[ROUNDS >> 1]!)
}

console.log(JSON.stringify({ evaluation: evaluation(), oracle: oracle(), slider: slider(), queue: queue() }))

/** Everything that the window shows of a results file. */
function evaluation() {
  const scene = cocoScene({ seed: 1, images: 5_000, objects: 36_000, detections: 200_000, categories: 80 })
  const truth = parseCocoGroundTruth(scene.groundTruth, 'gt.json')
  const detections = toDetections(parseCocoResults(scene.results, 'dt.json'), truth.images, 'dt.json')
  const scores = detections.map(({ score }) => score)
  const tables = rank(layOut(truth, detections))
  const findings = find(tables, 0.5)
  const errors = classifyErrors(tables, findings)
  const parts = {
    layOut: milliseconds(() => rank(layOut(truth, detections))),
    cocoNumbers: milliseconds(() => evaluateTables(truth, tables)),
    find: milliseconds(() => find(tables, 0.5)),
    errorTypes: milliseconds(() => classifyErrors(tables, findings)),
    errorGains: milliseconds(() => errorGains(tables, findings, errors)),
    mistakes: milliseconds(() => [
      falsePositives(tables, errors, 0),
      falseNegatives(tables, findings, errors, 0),
    ]),
    confusion: milliseconds(() => confusionMatrix(tables, { score: 0.3, iou: 0.5 })),
    thresholds: milliseconds(() => thresholdCurves(tables, findings).map(bestThreshold)),
    scoreIou: milliseconds(() => scoreAgainstIou(bestIous(tables, 'any class'), scores)),
    apByImage: milliseconds(() => apByImage(tables, findings)),
  }
  return { ...parts, all: rounded(Object.values(parts).reduce((a, b) => a + b)) }
}

/** Head outputs of an 800×1088 input; `spread` of the class logits sets how many pairs pass the floor. */
function candidatesOf(seed: number, classes: number, spread: number): CandidateImage['candidates'] {
  const random = mulberry32(seed)
  const values = (length: number, mean: number, deviation: number) =>
    Float32Array.from({ length }, () => mean + deviation * normal(random))
  return decodeCandidates(
    {
      logits: values(PYRAMID.locations * classes, -5, spread),
      regression: values(PYRAMID.locations * 4, 2, 1),
      centerness: values(PYRAMID.locations, 0, 1),
    },
    {
      pyramid: PYRAMID,
      distance: 'relu',
      image: PYRAMID.input,
      scoreThreshold: 0.05,
      candidatesPerLevel: 1000,
      alsoByClass: true,
    },
  )
}

function oracle() {
  const IMAGES = 200
  const random = mulberry32(2)
  const objects = Array.from({ length: 7 * IMAGES }, (_, i): TrueObject => {
    const [x, y, side] = [900 * random(), 600 * random(), 10 + 190 * random()]
    return { imageId: i % IMAGES, categoryId: i % 3, box: [x, y, side, side], area: side ** 2, crowd: false }
  })
  const images = Array.from({ length: IMAGES }, (_, imageId) => ({
    imageId,
    candidates: candidatesOf(imageId, 3, 1),
    pyramid: PYRAMID,
    toSource: { x: 1, y: 1 },
  }))
  const categories = [0, 1, 2].map((id) => ({ id, name: '' }))
  const truth = { categories, images: images.map(({ imageId }) => ({ id: imageId })), objects }
  const options = { ...SELECTION, config: torchvisionConfig(categories), categoryIds: [0, 1, 2] }
  const time = milliseconds(() => [...oracleWaterfall(truth, images, options)])
  const candidates = images.reduce((sum, image) => sum + image.candidates.labels.length, 0) / IMAGES
  return { images: IMAGES, candidatesPerImage: Math.round(candidates), time }
}

function slider() {
  return [1, 80].map((classes) => {
    const candidates = candidatesOf(1, classes, 8)
    const time = milliseconds(() => selectDetections(candidates, SELECTION))
    return { classes, candidates: candidates.labels.length, time }
  })
}

function queue() {
  const random = mulberry32(3)
  const items = Array.from({ length: 10_000 }, () => ({
    value: random(),
    embedding: Float32Array.from({ length: 256 }, random),
  }))
  return {
    images: items.length,
    dimensions: 256,
    length: 100,
    time: milliseconds(() => diverseOrder(items, 100)),
  }
}
