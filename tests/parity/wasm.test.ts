/**
 * The WebAssembly backend: the ResNet-50 FCOS against torchvision 0.29.1, EfficientNet-Lite0 and each operation that
 * convolutions are made of against TensorFlow's C library.
 */
import { findBackend, setBackend, type Tensor4D } from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Outputs } from '../../src/core/detectors/detector.ts'
import { lite0Config, torchvisionConfig } from '../../src/core/detectors/fcos/presets.ts'
import type { ModelConfig } from '../../src/core/detectors/model-config.ts'
import { modelTensors } from '../../src/main/engine/model/tensors.ts'
import { fixtureTensors } from '../support/fixtures.ts'
import { formulaStateDict, formulaUniform } from '../support/formula.ts'
import { wasmRecord } from '../support/wasm-record.ts'

const RECORD = '../../src/main/engine/tensor/runtime-record.ts'

/** The engine's modules, loaded anew for the runtime that setup chose, or for WebAssembly. */
async function load(device: 'as set up' | 'wasm') {
  vi.resetModules()
  if (device === 'wasm') vi.doMock(RECORD, () => ({ runtimeRecord: () => wasmRecord }))
  else {
    vi.doUnmock(RECORD)
    // Both runtimes share one TensorFlow.js, where the last one loaded is in charge.
    if (findBackend('tensorflow')) await setBackend('tensorflow')
  }
  const { tf, device: actual } = await import('../../src/main/engine/tensor/tensorflow.ts')
  expect(actual === 'wasm').toBe(device === 'wasm')
  const operations = await import('../../src/main/engine/tensor/operations.ts')
  const { Network } = await import('../../src/main/engine/model/network.ts')
  const { Tape } = await import('../../src/main/engine/model/tape.ts')
  return { tf, operations, Network, Tape }
}
type Engine = Awaited<ReturnType<typeof load>>

afterEach(() => vi.doUnmock(RECORD))

function outputs(
  { tf, Network, Tape }: Engine,
  config: ModelConfig,
  pixels: Float32Array,
  [height, width]: readonly [number, number],
): Outputs {
  const model = new Network(config, formulaStateDict(modelTensors(config)))
  const run = () => {
    const images = tf.tensor4d(pixels, [1, height, width, 3])
    const tape = new Tape(false)
    const levels = model.forward(tape, images)
    const read = model.read(levels)
    for (const value of levels.flat()) value.release()
    images.dispose()
    return read
  }
  run()
  // Filters with BatchNorm folded in are kept from the first pass on.
  const before = tf.memory().numTensors
  const read = run()
  expect(tf.memory().numTensors).toBe(before)
  model.dispose()
  return read
}

/** The largest difference, relative to the largest reference value. */
function difference(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length)
  let [worst, largest] = [0, 0]
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]))
    largest = Math.max(largest, Math.abs(expected[i]))
  }
  expect(largest).toBeGreaterThan(0)
  return worst / largest
}

const classes = (count: number) => Array.from({ length: count }, (_, id) => ({ id, name: `category ${id}` }))

// One thread: the ResNet takes seconds.
describe('WebAssembly', { timeout: 90_000 }, () => {
  it("computes torchvision's head outputs", async () => {
    const config = torchvisionConfig(classes(91))
    const expected = fixtureTensors('torchvision_forward.safetensors')
    const [height, width] = [256, 320]
    const planar = expected('image')
    const { mean, std } = config.input
    const pixels = Float32Array.from({ length: planar.length }, (_, i) => {
      const channel = i % 3
      return (planar[channel * height * width + Math.floor(i / 3)] - mean[channel]) / std[channel]
    })
    const { logits, regression, centerness } = outputs(await load('wasm'), config, pixels, [height, width])
    expect(difference(logits, expected('cls_logits'))).toBeLessThan(1e-3)
    // torchvision applies ReLU inside the head.
    const distances = regression.map((v) => Math.max(0, v))
    expect(difference(distances, expected('bbox_regression'))).toBeLessThan(1e-3)
    expect(difference(centerness, expected('bbox_ctrness'))).toBeLessThan(1e-3)
  })

  it("computes lite0's head outputs as TensorFlow does", async () => {
    const config = lite0Config(classes(3))
    const size = [160, 224] as const
    const pixels = formulaUniform('wasm', size[0] * size[1] * 3).map((v) => 4 * v - 2)
    const expected = outputs(await load('as set up'), config, pixels, size)
    const actual = outputs(await load('wasm'), config, pixels, size)
    for (const key of ['logits', 'regression', 'centerness'] as const)
      expect(difference(actual[key], expected[key]), key).toBeLessThan(1e-4)
  })

  it('pads and strides as TensorFlow does, on odd and even sides', async () => {
    const sides = [9, 10, 13]
    const shapes = [1, 3, 5, 7].flatMap((kernel) =>
      [1, 2].flatMap((stride) =>
        ([0, kernel >> 1, 'same'] as const).map((padding) => ({ kernel, stride, padding })),
      ),
    )
    const compute = ({ tf, operations: { convolve, depthwise, maxPool3x3 } }: Engine) => {
      const tensor = (key: string, shape: [number, number, number, number]) =>
        tf.tensor4d(formulaUniform(key, tf.util.sizeFromShape(shape)), shape)
      const read = (y: Tensor4D) => ({ shape: y.shape, values: y.dataSync() as Float32Array })
      return sides.flatMap((side) => {
        const x = tensor('x', [2, side, side + 3, 4])
        return [
          read(maxPool3x3(x)),
          ...shapes.flatMap(({ kernel, ...shape }) => [
            read(convolve(x, tensor('dense', [kernel, kernel, 4, 5]), shape)),
            read(depthwise(x, tensor('depthwise', [kernel, kernel, 4, 1]), shape)),
          ]),
        ]
      })
    }
    const expected = compute(await load('as set up'))
    for (const [i, { shape, values }] of compute(await load('wasm')).entries()) {
      expect(shape).toEqual(expected[i].shape)
      expect(difference(values, expected[i].values)).toBeLessThan(1e-5)
    }
  })
})
