/** Measures the speed of a model with random weights on this machine, for `fcos bench`. */
import { availableParallelism } from 'node:os'
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { BenchRequest, BenchResult } from '../../core/contract/engine.ts'
import { detectorOf } from '../../core/detectors/detectors.ts'
import type { Size } from '../../core/geometry/box.ts'
import { mulberry32 } from '../../core/random.ts'
import { detectInput } from './detect/detect.ts'
import { evaluationOptions } from './detect/options.ts'
import { benchRunners } from './detect/runtimes.ts'
import { BACKBONES } from './model/backbones.ts'
import { peakMb } from './resources.ts'
import { initialWeights } from './train/initial-weights.ts'
import type { Checkpoint } from './weights/checkpoint.ts'

const CLASSES = Array.from({ length: 91 }, (_, id) => ({ id, name: `class ${id}` }))
const WARM_UP = 2

/**
 * Detection of one image, pixels to boxes, on each runtime in turn, and one forward and backward pass of one image with two
 * objects. The r50 trains from layer2 on, as torchvision does.
 */
export async function bench(
  { detector, architecture, width, height, runs, train, mayRound = false }: BenchRequest,
  signal: AbortSignal,
): Promise<BenchResult> {
  const config = detectorOf({ detector }).presets[architecture](CLASSES)
  const checkpoint = { config, tensors: initialWeights(config, 0) }
  const random = mulberry32(0)
  const pixels = Float32Array.from({ length: width * height * 3 }, () => 4 * random() - 2)
  const size = { width, height }
  const input = { images: pixels, ...size, sizes: [size], scales: [{ x: 1, y: 1 }] }
  const runners = await benchRunners(checkpoint, mayRound)
  const detecting = runners.map((runner) => async () => {
    await detectInput(runner, input, evaluationOptions(detectorOf(config)))
  })
  const times = await medianMs(runs, signal, detecting)
  const detectMs = Object.fromEntries(runners.map(({ name }, i) => [name, times[i]]))
  for (const runner of runners) runner.dispose()
  const trainMs = train ? await trainingMs(checkpoint, pixels, size, runs, signal) : null
  const threads = Number(process.env.FCOS_THREADS ?? availableParallelism())
  return { detectMs, trainMs, peakMb: peakMb(), threads }
}

async function trainingMs(
  { config, tensors }: Checkpoint,
  pixels: Float32Array,
  { width, height }: Size,
  runs: number,
  signal: AbortSignal,
): Promise<number> {
  const [{ Network }, { tf }, { lossAndGradients }, { chooseTrainable }] = await Promise.all([
    import('./model/network.ts'),
    import('./tensor/tensorflow.ts'),
    import('./train/gradients.ts'),
    import('./train/trainable.ts'),
  ])
  const model = new Network(config, tensors)
  chooseTrainable(model, BACKBONES[config.architecture].learns)
  const images = tf.tensor4d(pixels, [1, height, width, 3]) as Tensor4D
  const labelled = [
    {
      boxes: Float32Array.from([100, 100, 300, 260, 20, 30, 90, 200]),
      classes: Int32Array.from([3, 7]),
    },
  ]
  const step = async () => {
    lossAndGradients(model, images, labelled, { normaliser: (positives) => Math.max(1, positives) })
    for (const parameter of model.parameters) parameter.clearGradient()
  }
  const [ms] = await medianMs(Math.max(3, Math.floor(runs / 2)), signal, [step])
  images.dispose()
  model.dispose()
  return ms
}

/** Runs of each, in turn. */
async function medianMs(
  runs: number,
  signal: AbortSignal,
  work: readonly (() => Promise<void>)[],
): Promise<number[]> {
  const times: number[][] = work.map(() => [])
  for (let i = 0; i < WARM_UP + runs && !signal.aborted; i++) {
    for (const [which, run] of work.entries()) {
      const start = performance.now()
      await run()
      if (i >= WARM_UP) times[which].push(performance.now() - start)
      await new Promise(setImmediate)
    }
  }
  return times.map((of) => of.sort((a, b) => a - b)[of.length >> 1] ?? Number.NaN)
}
