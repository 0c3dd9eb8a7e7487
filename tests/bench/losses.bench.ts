/**
 * Time of the losses with gradients and of decoding, for one image of torchvision's size (800×1088, 18,134 locations,
 * 91 classes). Prints one JSON line, in milliseconds: node tests/bench/losses.bench.ts
 */
import { assign } from '../../src/core/detectors/fcos/assign.ts'
import { DIALECTS } from '../../src/core/detectors/fcos/config.ts'
import { fcosLoss, type HeadOutputs } from '../../src/core/detectors/fcos/loss.ts'
import { positives } from '../../src/core/detectors/fcos/targets.ts'
import { focalLoss } from '../../src/core/detectors/shared/focal.ts'
import { pyramid } from '../../src/core/pyramid/levels.ts'
import { mulberry32, normal } from '../../src/core/random.ts'
import { decodeDetections } from '../support/decode-detections.ts'

const CLASSES = 91
const INPUT = { width: 1088, height: 800 }
const PYRAMID = pyramid(INPUT, 'corner')
const WARM_UP = 5
const RUNS = 30

const random = mulberry32(1)

/** Normal logits around a mean: −4.6 is the initial prior of 1 %, a trained head lies lower with few peaks. */
function outputsAround(mean: number, spread: number): HeadOutputs {
  return {
    logits: Float32Array.from({ length: PYRAMID.locations * CLASSES }, () => mean + spread * normal(random)),
    regression: Float32Array.from({ length: PYRAMID.locations * 4 }, () => 4 * random()),
    centerness: Float32Array.from({ length: PYRAMID.locations }, () => normal(random)),
  }
}

function median(work: () => void): number {
  for (let i = 0; i < WARM_UP; i++) work()
  const times = Float64Array.from({ length: RUNS }, () => {
    const start = performance.now()
    work()
    return performance.now() - start
  }).sort()
  return Number(times[RUNS / 2].toFixed(2))
}

const boxes = new Float32Array(50 * 4)
for (let i = 0; i < boxes.length; i += 4) {
  const [x, y] = [random() * 780, random() * 500]
  boxes.set([x, y, x + 8 + 300 * random(), y + 8 + 290 * random()], i)
}
const target = positives(PYRAMID, boxes, assign(PYRAMID, DIALECTS.torchvision, boxes))
const classOfRow = new Int32Array(PYRAMID.locations).fill(-1)
for (const location of target.location) classOfRow[location] = 17

const results = Object.entries({
  initial: outputsAround(-4.6, 0.5),
  trained: outputsAround(-8, 1.7),
  saturated: outputsAround(0, 3),
}).map(([name, outputs]) => {
  const gradients = outputsAround(0, 0)
  const normaliser = target.location.length
  return {
    outputs: name,
    focal: median(() =>
      focalLoss(outputs.logits, classOfRow, { alpha: 0.25, gamma: 2, normaliser }, gradients.logits),
    ),
    loss: median(() =>
      fcosLoss({
        outputs,
        targets: [{ positives: target, classes: new Int32Array(50).fill(17) }],
        pyramid: PYRAMID,
        distance: 'relu',
        config: { box: 'giou', boxWeight: 'none', focalAlpha: 0.25, focalGamma: 2 },
        normaliser,
        gradients,
      }),
    ),
    decode: median(() =>
      decodeDetections(outputs, {
        pyramid: PYRAMID,
        distance: 'relu',
        image: INPUT,
        scoreThreshold: 0.2,
        candidatesPerLevel: 1000,
        nmsThreshold: 0.6,
        maxDetections: 100,
      }),
    ),
  }
})
console.log(
  JSON.stringify({
    locations: PYRAMID.locations,
    classes: CLASSES,
    positives: target.location.length,
    milliseconds: results,
  }),
)
