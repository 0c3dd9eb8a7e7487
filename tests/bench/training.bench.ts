/**
 * Figures of training that are no comparison with others: `node tests/bench/training.bench.ts`. One JSON line:
 * milliseconds per r50 step with the body frozen, with and without cached features, in turn; tensors alive after 10 and
 * after 1,000 steps of a small model; seconds from the engine's start to its greeting.
 */
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { lite0Config, torchvisionConfig } from '../../src/core/detectors/fcos/presets.ts'
import type { ModelConfig } from '../../src/core/detectors/model-config.ts'
import { trainingOptions } from '../../src/core/training/presets.ts'
import { Network } from '../../src/main/engine/model/network.ts'
import { Tape, Value } from '../../src/main/engine/model/tape.ts'
import { tf } from '../../src/main/engine/tensor/tensorflow.ts'
import { cutFor } from '../../src/main/engine/train/cached-features.ts'
import { lossAndGradients, lossOfPredictions } from '../../src/main/engine/train/gradients.ts'
import { initialWeights } from '../../src/main/engine/train/initial-weights.ts'
import { Optimiser } from '../../src/main/engine/train/optimiser.ts'
import { chooseTrainable } from '../../src/main/engine/train/trainable.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'

const LABELLED = [
  { boxes: Float32Array.of(100, 100, 300, 260, 20, 30, 90, 200), classes: Int32Array.of(1, 2) },
]
const OPTIONS = { normaliser: (positives: number) => Math.max(1, positives) }
const median = (values: number[]) => Math.round(values.sort((a, b) => a - b)[values.length >> 1])
const classes = (count: number) => Array.from({ length: count }, (_, id) => ({ id, name: `class ${id}` }))

function setUp(config: ModelConfig, width: number, height: number) {
  const model = new Network(config, initialWeights(config, 0))
  const { optimiser } = trainingOptions(config.architecture, 100)
  return {
    model,
    optimiser: new Optimiser(optimiser),
    images: tf.randomNormal([1, height, width, 3]) as Tensor4D,
  }
}

/** One step with everything but `depth` frozen: from pixels, and from features as they come from a file. */
function cachedAgainstUncached(depth: 'head' | 'predictors') {
  const size = { width: 1088, height: 800 }
  const { model, optimiser, images } = setUp(torchvisionConfig(classes(91)), size.width, size.height)
  chooseTrainable(model, depth)
  const learned = model.parameters.trainable()
  const cut = cutFor(depth)
  const frozen = cut.frozen(model, images)
  const files = frozen.map(({ tensor }) => ({ values: tensor.dataSync().slice(), shape: tensor.shape }))
  for (const value of frozen) value.release()
  let count = 0
  const timed = (loss: () => void) => {
    const start = performance.now()
    loss()
    optimiser.step(learned, 1e-4, 1, count++)
    return performance.now() - start
  }
  const uncached = () => timed(() => lossAndGradients(model, images, LABELLED, OPTIONS))
  const cached = () =>
    timed(() => {
      const tape = new Tape(true)
      const values = files.map(
        ({ values: from, shape }) => new Value(tf.tensor4d(from as Float32Array, shape), false),
      )
      const levels = model.predict(tape, cut.towers(model, tape, values))
      lossOfPredictions(model, tape, levels, size, LABELLED, OPTIONS)
    })
  uncached()
  cached()
  const times = { uncached: [] as number[], cached: [] as number[] }
  for (let round = 0; round < 5; round++) {
    times.uncached.push(uncached())
    times.cached.push(cached())
  }
  images.dispose()
  optimiser.dispose()
  model.dispose()
  const [slow, fast] = [median(times.uncached), median(times.cached)]
  return { uncachedMs: slow, cachedMs: fast, ratio: Math.round((100 * fast) / slow) / 100 }
}

function tensorsAlive() {
  const config = lite0Config(classes(3), 96)
  const { model, optimiser, images } = setUp({ ...config, head: { ...config.head, depth: 1 } }, 96, 96)
  chooseTrainable(model, 'c2')
  const alive: Record<string, number> = {}
  for (let step = 0; step <= 1000; step++) {
    lossAndGradients(
      model,
      images,
      [{ boxes: Float32Array.of(10, 10, 60, 70), classes: Int32Array.of(1) }],
      OPTIONS,
    )
    optimiser.step(model.parameters.trainable(), 1e-4, 1, step)
    if (step === 10 || step === 1000) alive[`after${step}`] = tf.memory().numTensors
  }
  return alive
}

async function secondsToReady() {
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const start = performance.now()
    const engine = await startEngine()
    times.push(performance.now() - start)
    await engine.close()
  }
  return median(times) / 1000
}

console.log(
  JSON.stringify({
    head: cachedAgainstUncached('head'),
    predictors: cachedAgainstUncached('predictors'),
    tensors: tensorsAlive(),
    secondsToReady: await secondsToReady(),
  }),
)
