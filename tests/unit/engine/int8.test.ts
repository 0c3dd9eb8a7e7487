/** Int8 of exported models: the arithmetic by hand, the graph in ONNX Runtime, and an export of the sample's model. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ScoredBox } from '../../../src/core/contract/engine.ts'
import { decodeOnnxMetadata, isOnnx } from '../../../src/core/formats/onnx-metadata.ts'
import { encodeSafetensors } from '../../../src/core/formats/safetensors.ts'
import { preprocess } from '../../../src/main/engine/data/preprocess.ts'
import { detectInput } from '../../../src/main/engine/detect/detect.ts'
import { Agreeing } from '../../../src/main/engine/onnx/differences.ts'
import { checkOnnx, exportOnnx } from '../../../src/main/engine/onnx/export.ts'
import { openExported } from '../../../src/main/engine/onnx/exported.ts'
import { Graph, type Name } from '../../../src/main/engine/onnx/graph.ts'
import {
  activationScale,
  biasScales,
  observer,
  plan,
  quantise,
  quantiseBias,
  quantiseFilter,
  type Range,
  roundHalfEven,
} from '../../../src/main/engine/onnx/quantise.ts'
import { openSession, tensorOf } from '../../../src/main/engine/onnx/session.ts'
import { readCheckpoint } from '../../../src/main/engine/weights/checkpoint.ts'
import { decodeImage } from '../../../src/main/images/decode.ts'
import { aboutCheckpoint, originOfFile } from '../../../src/main/studio/engine/weights-file.ts'
import { largestDifference } from '../../support/largest-difference.ts'
import { scratch } from '../../support/scratch.ts'

const floats = fc.double({ min: -1e4, max: 1e4, noNaN: true })

describe('numbers', () => {
  test('halves go to the even neighbour, everything else to the nearest', () => {
    const values = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.49, -2.51, 7]
    expect(values.map((value) => roundHalfEven(value) + 0)).toEqual([0, 2, 2, 0, -2, -2, 2, -3, 7])
    fc.assert(
      fc.property(floats, (value) => {
        expect(Math.abs(roundHalfEven(value) - value)).toBeLessThanOrEqual(0.5)
      }),
    )
  })

  test.each<[string, Range, number, number]>([
    ['zero inside', { least: -1, most: 3 }, 4 / 255, 64],
    ['all above zero', { least: 2, most: 5.1 }, 0.02, 0],
    ['all below zero', { least: -5.1, most: -2 }, 0.02, 255],
    ['what ReLU6 gives', { least: 0, most: 6 }, 6 / 255, 0],
    ['a constant', { least: 3, most: 3 }, 3 / 255, 0],
    ['nothing but zero', { least: 0, most: 0 }, 2 ** -60, 0],
  ])('an activation with %s', (_, range, scale, zeroPoint) => {
    expect(activationScale(range)).toEqual({ scale: Math.fround(scale), zeroPoint })
  })

  test('every value of the range comes back to within half a step, and zero exactly', () => {
    fc.assert(
      fc.property(floats, floats, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, share) => {
        const { scale, zeroPoint } = activationScale({ least: Math.min(a, b), most: Math.max(a, b) })
        expect(Number.isInteger(zeroPoint) && zeroPoint >= 0 && zeroPoint <= 255).toBe(true)
        const value = a + share * (b - a)
        const integer = Math.max(0, Math.min(255, roundHalfEven(value / scale) + zeroPoint))
        expect(Math.abs((integer - zeroPoint) * scale - value)).toBeLessThanOrEqual(scale * 0.501)
      }),
    )
  })

  test('each output channel has a scale of its own; one of zeros stays zero', () => {
    const filter = Float32Array.of(-1, 0.5, 0, 0, 0, 0, 2, -2, 1.01)
    const { values, scales } = quantiseFilter(filter, new Float32Array(3))
    expect([...scales]).toEqual([1 / 64, 2 ** -60, 2 / 64])
    expect([...values]).toEqual([-64, 32, 0, 0, 0, 0, 64, -64, 32])
    const input = { scale: 0.5, zeroPoint: 3 }
    const sizes = biasScales(input, Float32Array.of(1 / 64, 0.25, 1))
    expect([...sizes]).toEqual([1 / 128, 0.125, 0.5])
    expect([...quantiseBias(Float32Array.of(-1, 0.3125, 0.75), sizes)]).toEqual([-128, 2, 2])
  })

  test('weights are off by half a step at most, and two products of them fit 16 bits', () => {
    const channels = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(channels, (all) => {
        const filter = Float32Array.from(all)
        const { values, scales } = quantiseFilter(filter, new Float32Array(2))
        for (const [i, integer] of values.entries()) {
          const scale = scales[i < 3 ? 0 : 1]!
          expect(Math.abs(integer * scale - filter[i]!)).toBeLessThanOrEqual(scale * 0.501)
          expect(2 * 255 * Math.abs(integer)).toBeLessThan(2 ** 15)
        }
      }),
    )
  })
})

const SHAPE = [1, 1, 2, 2]
const RAMP = [-1, 0, 0.5, 2]
const one = { kernel_shape: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], group: 1 }

function convolution(graph: Graph, x: Name, name: string, weights: number[], bias: number[]): Name {
  const shape = [bias.length, weights.length / bias.length, 1, 1]
  const inputs = [
    graph.weights(`${name}.weight`, shape, () => Float32Array.from(weights)),
    graph.weights(`${name}.bias`, [bias.length], () => Float32Array.from(bias)),
  ]
  return graph.add('Conv', [x, ...inputs], one)
}

const relu6 = (graph: Graph, x: Name): Name => graph.add('Clip', [x, graph.float(0), graph.float(6)])

/** Quantises with the ranges that the input gives; answers both outputs of the graph and the operations of the second. */
async function both(build: (graph: Graph, x: Name) => Name, input = RAMP) {
  const graph = new Graph()
  graph.output('y', build(graph, graph.input('x', SHAPE)), 'float32', ['n', 'c', 'h', 'w'])
  const run = async (file: Uint8Array) => {
    const session = await openSession(file)
    return session.run({ x: await tensorOf(Float32Array.from(input), SHAPE) })
  }
  const values = async () => [...((await run(graph.encode(NAMED))).y!.data as Float32Array)]
  const wanted = await values()
  const parts = plan(graph)
  const { least, most } = await run(observer(graph, parts.activations))
  const ranges = new Map(
    parts.activations.map((name, i) => [
      name,
      { least: Number(least!.data[i]), most: Number(most!.data[i]) },
    ]),
  )
  quantise(graph, parts, ranges)
  return {
    wanted,
    found: await values(),
    graph,
    ranges: [...ranges.values()],
    operations: graph.operations.map(({ opType }) => opType),
  }
}

const NAMED = { name: 'test', metadata: {} }

test('the metadata of a file are read without its graph, whatever they say', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: 'binary', maxLength: 300 })),
      (metadata) => {
        const file = new Graph().encode({ name: 'FCOS Studio', metadata })
        expect(isOnnx(file)).toBe(true)
        expect(decodeOnnxMetadata(file)).toEqual(metadata)
      },
    ),
  )
  expect(isOnnx(encodeSafetensors(new Map(), { text: 'a'.repeat(0x120808 - 31) }))).toBe(false)
})

describe('graphs', () => {
  test('a convolution gives what integers give by hand', async () => {
    // x counts in 64ths from -0.5, the weight in 32nds, and y = 2x + 1 in 32nds from 0: 0.3 becomes 19/64, and y 51/32.
    const build = (graph: Graph, x: Name) => convolution(graph, x, 'a', [2], [1])
    const { found, ranges, graph } = await both(build, [-0.5, 0, 0.3, 223 / 64])
    expect(ranges).toEqual([
      { least: -0.5, most: 223 / 64 },
      { least: 0, most: 255 / 32 },
    ])
    expect(found).toEqual([0, 1, 51 / 32, 255 / 32])
    const integers = graph.operations.flatMap(({ input }) => input.map((name) => graph.tensor(name)))
    const ofType = (type: string) => integers.filter((tensor) => tensor?.type === type)
    expect(ofType('int8').map((tensor) => [...tensor!.values])).toContainEqual([64])
    expect(ofType('int32').map((tensor) => [...tensor!.values])).toContainEqual([2048])
    expect(ofType('uint8').map((tensor) => [...tensor!.values])).toContainEqual([32])
  })

  test('ReLU6 is left to quantising, which cuts off the same', async () => {
    const build = (graph: Graph, x: Name) => {
      const y = relu6(graph, convolution(graph, x, 'a', [4], [0]))
      return convolution(graph, y, 'b', [1], [0])
    }
    const { wanted, found, operations } = await both(build)
    expect(wanted).toEqual([0, 0, 2, 6])
    expect(largestDifference(found, wanted)).toBeLessThan(0.03)
    expect(operations).not.toContain('Clip')
  })

  test('residual sums are quantised too; what stays float does', async () => {
    const { wanted, found, operations, graph } = await both((graph, x) => {
      const a = graph.add('Relu', [convolution(graph, x, 'a', [1, -1], [0.5, 0])])
      const sum = graph.add('Add', [convolution(graph, a, 'b', [1, 0, 0, 1], [0, 0]), a])
      const last = convolution(graph, convolution(graph, sum, 'c', [1, 1], [0]), 'd', [3], [-1])
      graph.staysFloat.add(last)
      return last
    })
    expect(largestDifference(found, wanted)).toBeLessThan(0.1)
    expect(operations.filter((name) => name === 'QuantizeLinear')).toHaveLength(5)
    expect(operations).not.toContain('Relu')
    expect([graph.tensor('c.weight.int8')?.type, graph.tensor('d.weight.int8')]).toEqual(['int8', undefined])
  })

  test('a bias far larger than its weights survives, beside a channel of zeros', async () => {
    const { found } = await both((graph, x) => convolution(graph, x, 'a', [1e-9, 0, 1], [1000, -7, 0]))
    const step = 1007 / 255
    for (const [i, value] of [1000, 1000, 1000, 1000, -7, -7, -7, -7].entries())
      expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(step)
  })

  test('levels share a filter, whatever their ranges', async () => {
    const { wanted, found, graph } = await both((graph, x) => {
      const a = convolution(graph, x, 'shared', [2], [0.25])
      return graph.add('Concat', [a, convolution(graph, a, 'shared', [2], [0.25])], { axis: 1 })
    })
    expect(largestDifference(found, wanted)).toBeLessThan(0.08)
    const integers = new Set(
      graph.operations.flatMap(({ input }) => input).filter((name) => graph.tensor(name)?.type === 'int8'),
    )
    expect([...integers]).toContain('shared.weight.int8')
    expect([...integers].filter((name) => graph.tensor(name)!.shape.length === 4)).toHaveLength(1)
  })
})

describe('the check', () => {
  const classes = [{ id: 3 }, { id: 5 }]
  const box = (x: number, score: number, categoryId = 3): ScoredBox => ({
    box: [x, 0, x + 10, 10],
    categoryId,
    score,
  })
  const agreement = (wanted: ScoredBox[], found: ScoredBox[], thresholds?: number[]) => {
    const agreeing = new Agreeing(classes, thresholds)
    agreeing.add(wanted, found)
    return agreeing.result
  }
  test('counts confident detections of either, once each', () => {
    expect(agreement([box(0, 0.9), box(50, 0.3)], [box(0, 0.85)])).toEqual({
      ...{ confident: 2, found: 2, overlap: 1 },
      score: expect.closeTo(0.05),
    })
    // Shifted by 2 of 10: IoU 8/12.
    expect(agreement([box(0, 0.9)], [box(2, 0.9)]).overlap).toBeCloseTo(8 / 12)
    for (const other of [[], [box(0, 0.9, 5)], [box(5, 0.9)], [box(0, 0.75)]])
      expect(agreement([box(0, 0.9)], other)).toMatchObject({ confident: 1 + other.length, found: 0 })
    // Two of the model on one of the file.
    expect(agreement([box(0, 0.9), box(1, 0.9)], [box(0, 0.9)])).toMatchObject({ confident: 3, found: 2 })
    // Below the threshold in the file alone: the model's is found.
    expect(agreement([box(0, 0.42)], [box(0, 0.38)])).toMatchObject({ confident: 1, found: 1 })
    expect(agreement([box(0, 0.6)], [box(0, 0.6)], [0.7, 0.1])).toMatchObject({ confident: 0, found: 0 })
  })
})

test('the model of the sample is exported in int8, finds what it found, and says what it was made of', async () => {
  const resources = fileURLToPath(new URL('../../../resources/sample', import.meta.url))
  const images = readdirSync(join(resources, 'images')).sort().slice(0, 2)
  const folder = await scratch()
  const [out, broken] = [join(folder, 'model.onnx'), join(folder, 'broken.jpg')]
  writeFileSync(broken, 'no image')
  const model = join(resources, 'run/best.safetensors')
  const form = { raw: false, precision: 'int8', thresholds: null } as const
  const paths = images.map((name) => join(resources, 'images', name))
  const { signal } = new AbortController()
  const done: number[] = []
  const request = {
    ...({ method: 'export-onnx', model, out, card: null } as const),
    ...form,
    calibration: [...paths, broken],
  }
  const calibration = await exportOnnx(request, (count) => done.push(count), signal)
  expect(calibration).toMatchObject({
    images: 2,
    skipped: [{ message: expect.stringContaining('broken.jpg') }],
  })
  expect(done).toEqual([1, 2, 3])
  const file = readFileSync(out)
  expect(file.length).toBeLessThan(4.5e6)
  for (const text of ['int8', '{"images":2}']) expect(file.includes(text)).toBe(true)
  const check = await checkOnnx(
    { method: 'check-onnx', model, file: out, images: paths, ...form },
    () => {},
    signal,
  )
  expect(check).toMatchObject({ images: 2, differing: 0 })
  const { confident, found, overlap, score } = check.agreement!
  expect(confident).toBeGreaterThan(10)
  expect(found).toBeGreaterThanOrEqual(0.95 * confident)
  expect(overlap).toBeGreaterThan(0.9)
  expect(score).toBeLessThan(0.03)

  // As a model it has what it was exported with, without an engine too.
  expect(await aboutCheckpoint(out)).toMatchObject({ config: (await readCheckpoint(model)).config })
  const { runner } = await openExported(out)
  const of = preprocess([await decodeImage(paths[0]!)], runner.config.input)
  expect((await detectInput(runner, of, { score: 0.4, nms: 0.6, limit: 100 })).flat().length).toBeGreaterThan(
    3,
  )
  await expect(readCheckpoint(out)).rejects.toMatchObject({
    code: 'WEIGHTS_FORMAT',
    message: expect.stringContaining('ONNX'),
  })
  await expect(originOfFile(out)).rejects.toMatchObject({ code: 'WEIGHTS_ARCHITECTURE' })
  for (const bytes of [file.subarray(0, 1_000_000), new Graph().encode(NAMED)]) {
    writeFileSync(out, bytes)
    await expect(openExported(out)).rejects.toMatchObject({ code: 'WEIGHTS_FORMAT' })
  }

  const none = exportOnnx({ ...request, calibration: [broken] }, () => {}, signal)
  await expect(none).rejects.toMatchObject({
    code: 'DATA_IMAGE_FORMAT',
    message: expect.stringContaining('calibrate'),
  })
  const stopped = AbortSignal.abort()
  await expect(exportOnnx(request, () => {}, stopped)).rejects.toMatchObject({ code: 'ENGINE_CANCELLED' })
}, 30_000)
