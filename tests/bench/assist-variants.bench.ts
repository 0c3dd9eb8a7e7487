/**
 * Compares ways in which Assist could learn from few images, without the studio around it: a variant learns from some images of
 * a data set, taken in seeded random order, and is measured on all others after so many steps. Figures of steps do not depend
 * on what else the machine does; what a step costs is printed beside them. One JSON line for each count of steps.
 *
 *   node tests/bench/assist-variants.bench.ts DATASET [--learn 8] [--seed 1] [--size 256] [--at 100,200,400]
 *     [--options JSON] [--deepen STEP:DEPTH]
 *
 * `--options` takes what `fcos train --config` takes, over what Assist learns with (live in engine/train/live-schedule.ts). `--deepen`
 * lets the network learn from that depth on after so many steps.
 */
import { parseArgs } from 'node:util'
import { effortOf, outcomeOf, type Proposed, unassisted, workOf } from '../../src/core/assist/outcome.ts'
import type { LearningDepth, TrainingFile } from '../../src/core/contract/training.ts'
import { evaluateGroundTruth } from '../../src/core/evaluation/coco-metrics.ts'
import { area, toXywh } from '../../src/core/geometry/box.ts'
import { mulberry32, shuffle } from '../../src/core/random.ts'
import type { ClassBox } from '../../src/core/review/undecided.ts'
import { WHOLE_IMAGES } from '../../src/core/training/tiles.ts'
import { trainingCanvas } from '../../src/main/engine/data/canvas.ts'
import { trainingSamples } from '../../src/main/engine/data/samples.ts'
import { detect } from '../../src/main/engine/detect/detect.ts'
import { evaluationOptions } from '../../src/main/engine/detect/options.ts'
import { tensorflowRunner } from '../../src/main/engine/detect/raw-outputs.ts'
import { Network } from '../../src/main/engine/model/network.ts'
import { ImageBatches } from '../../src/main/engine/train/batches.ts'
import { beginLearning, type Learning } from '../../src/main/engine/train/learning.ts'
import { live, liveOptions, samplesInTurn } from '../../src/main/engine/train/live-schedule.ts'
import { Normaliser } from '../../src/main/engine/train/normaliser.ts'
import { startingPoint } from '../../src/main/engine/train/starting-point.ts'
import { takeStep } from '../../src/main/engine/train/step.ts'
import { chooseTrainable } from '../../src/main/engine/train/trainable.ts'
import { decodeImage } from '../../src/main/images/decode.ts'
import { loadDataset } from '../../src/main/studio/datasets/index.ts'
import { engineImage } from '../../src/main/studio/engine/engine-data.ts'
import { startingWeights } from '../../src/main/studio/engine/starting-weights.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    learn: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
    size: { type: 'string', default: '256' },
    at: { type: 'string', default: '100,200,400' },
    options: { type: 'string', default: '{}' },
    deepen: { type: 'string', default: '' },
  },
})
const [source] = positionals
if (!source) {
  console.error(
    'node tests/bench/assist-variants.bench.ts DATASET [--learn 8] [--seed 1] [--size 256] [--at 100,200,400] [--options JSON]',
  )
  process.exit(2)
}
const rounded = (value: number): number => Math.round(value * 1000) / 1000

const { dataset, imageRoot } = await loadDataset(source)
const categories = [...dataset.categories]
const ids = new Map(categories.map(({ id }) => [id, id]))
const order = shuffle([...dataset.images], mulberry32(Number(values.seed)))
const [learnt, others] = [order.slice(0, Number(values.learn)), order.slice(Number(values.learn))]
const images = learnt.map((image) => engineImage(image, imageRoot, ids))
const chosen: TrainingFile = JSON.parse(values.options)
const { file } = await startingWeights('lite0', console.error)
const { config, state, ...start } = await startingPoint({
  ...{ weights: file, architecture: 'lite0' as const, data: { categories, images } },
  options: live({ ...chosen, training: { seed: 0, size: Number(values.size), ...chosen.training } }),
})
const options = liveOptions(start.options, chosen, images.length, start.trained)
const learning: Learning = beginLearning(new Network(config, state), options)
const normaliser = new Normaliser(options.normaliser, null)
const batches = new ImageBatches(
  learning.model,
  {
    samples: samplesInTurn(trainingSamples({ categories, images }, config.classes, WHOLE_IMAGES)),
    ...{ canvas: trainingCanvas(images, config.input), input: config.input, augment: options.augment },
    ...{ batchSize: options.batch, seed: options.seed, totalSteps: Number.POSITIVE_INFINITY, copies: null },
  },
  0,
  {},
)

const pictures = await Promise.all(others.map(({ fileName }) => decodeImage(`${imageRoot}/${fileName}`)))
const truths = others.map(({ annotations }) =>
  annotations
    .filter(({ crowd }) => !crowd)
    .map(({ box, categoryId }): ClassBox => ({ box, classId: categoryId })),
)

/** What proposals would save above the score that suits them all best, and how well the model ranks. */
async function measured() {
  const runner = tensorflowRunner(learning.model)
  const found: Proposed[][] = []
  for (const picture of pictures) {
    const [boxes] = await detect(runner, [picture], config.input, evaluationOptions(learning.model.detector))
    found.push(boxes!.map(({ box, categoryId, score }) => ({ box, classId: categoryId, score })))
  }
  const shares = Array.from({ length: 18 }, (_, i) => 0.05 * (i + 1)).map((threshold) => {
    const effort = truths.map((truth, i) =>
      effortOf(
        workOf(
          outcomeOf(
            found[i]!.filter(({ score }) => score > threshold),
            truth,
          ),
          truth,
        ),
      ),
    )
    const saved = (of: 'seconds' | 'gestures'): number =>
      rounded(
        1 -
          effort.reduce((sum, one) => sum + one[of], 0) /
            truths.reduce((sum, truth) => sum + unassisted(truth)[of], 0),
      )
    return { threshold: rounded(threshold), seconds: saved('seconds'), gestures: saved('gestures') }
  })
  const truth = {
    categories,
    images: others.map(({ id }) => ({ id })),
    objects: truths.flatMap((of, i) =>
      of.map(({ box, classId }) => ({
        ...{ imageId: others[i]!.id, categoryId: classId, box: toXywh(box), area: area(box), crowd: false },
      })),
    ),
  }
  const detections = found.flatMap((of, i) =>
    of.map(({ box, classId, score }) => ({
      ...{ imageId: others[i]!.id, categoryId: classId, box: toXywh(box), score },
    })),
  )
  const { stats } = evaluateGroundTruth(truth, detections)
  const best = shares.toSorted((a, b) => b.seconds + b.gestures - a.seconds - a.gestures)[0]!
  return { best, ap50: rounded(stats[1]!), ap75: rounded(stats[2]!) }
}

const [deepenAt, depth] = values.deepen.split(':')
let [step, cpu, phase] = [0, 0, 0]
for (const end of values.at.split(',').map(Number)) {
  const before = process.cpuUsage()
  for (; step < end; step++, phase++) {
    if (depth && step === Number(deepenAt)) {
      chooseTrainable(learning.model, depth as LearningDepth)
      learning.average!.extend(learning.model.parameters.trainable())
      phase = 0
    }
    const rate = options.optimiser.rate * Math.min(1, (phase + 1) / options.schedule.warmup)
    const { steps, accumulate: passes } = options
    await takeStep(learning, batches, normaliser, { step, steps, passes, rate })
  }
  const { user, system } = process.cpuUsage(before)
  cpu += (user + system) / 1e6
  const figures = await learning.average!.during(measured)
  const what = {
    learnt: learnt.length,
    others: others.length,
    size: Number(values.size),
    options: chosen,
    deepen: values.deepen,
  }
  console.log(JSON.stringify({ ...what, steps: step, cpuPerStep: rounded(cpu / step), ...figures }))
}
await batches.close()
