/** Speed of a model with random weights on this machine: what `fcos bench` reports. */
import { availableParallelism } from 'node:os'
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { BenchRequest, BenchResult } from '../../core/contract/engine.ts'
import { detectorOf } from '../../core/detectors/detectors.ts'
import { mulberry32 } from '../../core/random.ts'
import { detectInput } from './detect/detect.ts'
import { EVALUATION_OPTIONS } from './detect/options.ts'
import { tensorflowRunner } from './detect/raw-outputs.ts'
import { BACKBONES } from './model/backbones.ts'
import { Network } from './model/network.ts'
import { peakMb } from './resources.ts'
import { device, tf } from './tensor/tensorflow.ts'
import { lossAndGradients } from './train/gradients.ts'
import { initialWeights } from './train/initial-weights.ts'
import { chooseTrainable } from './train/trainable.ts'

const CLASSES = Array.from({ length: 91 }, (_, id) => ({ id, name: `class ${id}` }))
const WARM_UP = 2

/**
 * Detection of one image, pixels to boxes, and one forward and backward pass of one image with two objects. The r50
 * trains from layer2 on, as torchvision does.
 */
export async function bench(
  { architecture, width, height, runs, train }: BenchRequest,
  signal: AbortSignal,
): Promise<BenchResult> {
  const config = detectorOf({}).presets[architecture](CLASSES)
  const model = new Network(config, initialWeights(config, 0))
  const random = mulberry32(0)
  const pixels = Float32Array.from({ length: width * height * 3 }, () => 4 * random() - 2)
  const size = { width, height }
  const input = { images: pixels, ...size, sizes: [size], scales: [{ x: 1, y: 1 }] }
  const runner = tensorflowRunner(model)
  const inferMs = await medianMs(runs, signal, () => detectInput(runner, input, EVALUATION_OPTIONS))

  chooseTrainable(model, BACKBONES[architecture].learns)
  const images = tf.tensor4d(pixels, [1, height, width, 3]) as Tensor4D
  const labelled = [
    {
      boxes: Float32Array.from([100, 100, 300, 260, 20, 30, 90, 200]),
      classes: Int32Array.from([3, 7]),
    },
  ]
  const step = () => {
    lossAndGradients(model, images, labelled, { normaliser: (positives) => Math.max(1, positives) })
    for (const parameter of model.parameters) parameter.clearGradient()
  }
  const trainMs = train ? await medianMs(Math.max(3, Math.floor(runs / 2)), signal, step) : null
  images.dispose()
  model.dispose()
  const threads = device === 'wasm' ? 1 : availableParallelism()
  return { inferMs, trainMs, peakMb: peakMb(), threads }
}

async function medianMs(runs: number, signal: AbortSignal, run: () => unknown): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < WARM_UP + runs && !signal.aborted; i++) {
    const start = performance.now()
    await run()
    if (i >= WARM_UP) times.push(performance.now() - start)
    await new Promise(setImmediate)
  }
  return times.sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN
}
