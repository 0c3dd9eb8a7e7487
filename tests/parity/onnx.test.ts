/**
 * Exported models in ONNX Runtime against the same weights on TensorFlow, for each shape of network and head; and in other
 * people's programs: onnx.checker and ONNX Runtime for Python, which need FCOS_PEER_PYTHON.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { ScoredBox } from '../../src/core/contract/engine.ts'
import { atssConfig } from '../../src/core/detectors/atss/config.ts'
import { lite0Preset as centerNet } from '../../src/core/detectors/centernet/config.ts'
import { detectorOf, detectors } from '../../src/core/detectors/detectors.ts'
import type { FcosConfig } from '../../src/core/detectors/fcos/config.ts'
import { lite0Config, torchvisionConfig } from '../../src/core/detectors/fcos/presets.ts'
import type { ModelConfig } from '../../src/core/detectors/model-config.ts'
import { lite0Preset as polarMask } from '../../src/core/detectors/polarmask/config.ts'
import { lite0Config as retinaLite0 } from '../../src/core/detectors/retinanet/config.ts'
import { tensorOf as hostTensor, toFloat32 } from '../../src/core/formats/tensor-values.ts'
import { mulberry32 } from '../../src/core/random.ts'
import type { NetworkInput } from '../../src/main/engine/data/preprocess.ts'
import { detectInput } from '../../src/main/engine/detect/detect.ts'
import { rawOutputs, tensorflowRunner } from '../../src/main/engine/detect/raw-outputs.ts'
import { Network } from '../../src/main/engine/model/network.ts'
import { modelTensors } from '../../src/main/engine/model/tensors.ts'
import { requireDecoder } from '../../src/main/engine/onnx/decoders.ts'
import { differences } from '../../src/main/engine/onnx/differences.ts'
import { openExported } from '../../src/main/engine/onnx/exported.ts'
import { type Calibrate, exportedModel } from '../../src/main/engine/onnx/model.ts'
import { onnxRunner, openSession, tensorOf } from '../../src/main/engine/onnx/session.ts'
import type { Checkpoint } from '../../src/main/engine/weights/checkpoint.ts'
import { formulaStateDict } from '../support/formula.ts'
import { largestDifference } from '../support/largest-difference.ts'
import { scratch } from '../support/scratch.ts'

const classes = Array.from({ length: 5 }, (_, k) => ({ id: 10 * k, name: `class ${k}` }))
const options = { score: 0.05, nms: 0.6, limit: 100 }
const lite0 = (head: Partial<FcosConfig['head']> = {}): FcosConfig => {
  const config = lite0Config(classes)
  return { ...config, head: { ...config.head, channels: 32, groups: 8, ...head } }
}
const r50 = torchvisionConfig(classes)
const retina = retinaLite0(classes)
const NARROW = { channels: 32, groups: 8 }
const atss = atssConfig('lite0', classes)
const polar = polarMask(classes)
const MODELS: Record<string, ModelConfig> = {
  lite0: lite0(),
  'lite0 with exp, centerness beside the classes and a norm per level': lite0({
    ...{ norm: 'batch', distance: 'exp', centernessOn: 'classification' },
  }),
  'lite0 without norms, in the corners of cells': {
    ...lite0({ norm: 'none', levelScale: false }),
    assignment: torchvisionConfig(classes).assignment,
  },
  'lite0 without a quality branch': { ...lite0(), loss: { ...lite0().loss, quality: 'none' } },
  'RetinaNet, P6 from C5': { ...retina, head: { ...retina.head, channels: 32, groups: 8, p6: 'C5' } },
  CenterNet: centerNet(classes),
  'CenterNet without laterals': {
    ...centerNet(classes),
    head: { ...centerNet(classes).head, laterals: false, norm: 'none', widths: [32, 16, 16] },
  },
  ATSS: { ...atss, head: { ...atss.head, ...NARROW } },
  "ATSS with MMDetection's anchors": {
    ...{ ...atss, head: { ...atss.head, ...NARROW, levelScale: false, centernessOn: 'own' } },
    assignment: { ...atss.assignment, dialect: 'mmdet' },
  },
  'ATSS by points': { ...atss, head: { ...atss.head, ...NARROW, coding: 'point' } },
  PolarMask: { ...polar, head: { ...polar.head, ...NARROW } },
  'PolarMask with 24 rays in pixels': {
    ...{ ...polar, head: { ...polar.head, ...NARROW, unit: 'pixels' } },
    assignment: { ...polar.assignment, count: 24 },
  },
  r50: { ...r50, batchNormEpsilon: 0, head: { ...r50.head, channels: 32, groups: 8, depth: 1 } },
}
/** One of each detector and backbone. */
const IN_INT8 = ['lite0', 'RetinaNet, P6 from C5', 'CenterNet', 'ATSS', 'PolarMask', 'r50']
/** Sides that are no multiples of 128: the corner rule spaces P6 and P7 by other than their strides. */
const SIZE = { width: 160, height: 96 }
const BATCH = 2

/** By tensor, what is added to its values: boxes get some size, scores pass the threshold, scales are near 1. */
function shifts(config: ModelConfig): Readonly<Record<string, (i: number) => number>> {
  const { distance, coding, unit } = config.head as { distance?: string; coding?: string; unit?: string }
  const length = distance === 'exp' || unit === 'pixels' ? 3 : unit === 'strides' ? 0 : 2
  const regression = 'head.regression_head.bbox_reg.bias'
  const scales = { 'head.regression_head.scales': () => 1, 'head.mask_head.scales': () => 1 }
  if (config.detector === 'retinanet') return {}
  const logits = 'head.classification_head.cls_logits.bias'
  // An anchor is wider than most of the input.
  const byCode = (i: number) => (i % 4 < 2 ? 0 : -8)
  if (config.detector === 'atss')
    return { ...scales, [logits]: () => 0.5, [regression]: coding === 'box' ? byCode : () => length }
  if (config.detector !== 'polarmask') return { ...scales, [regression]: () => length }
  const outlines = {
    'head.mask_head.rays.bias': () => length,
    [logits]: () => 3,
  }
  return { ...scales, ...outlines, [regression]: () => length }
}

function checkpointOf(config: ModelConfig): Checkpoint {
  const tensors = formulaStateDict(modelTensors(config))
  const change = (name: string, by: (value: number, i: number) => number) => {
    const tensor = tensors.get(name)
    if (tensor) tensors.set(name, hostTensor(toFloat32(tensor).map(by), tensor.shape))
  }
  if (config.detector === 'centernet') {
    // Saturated sigmoids would make plateaus of equal peaks, whose last bits decide.
    for (const { outputs } of detectorOf(config).head(config).towers)
      change(`${outputs[0]!.tensor}.weight`, (value) => value / 8)
  }
  for (const [name, by] of Object.entries(shifts(config))) change(name, (value, i) => value + by(i))
  return { config, tensors, thresholds: [0.5, 0.4, 0.3, 0.2, 0.1], card: '# Card' }
}

const imageTensor = () => tensorOf(image, [BATCH, 3, SIZE.height, SIZE.width])

/** On the image alone. */
const calibrate: Calibrate = async (observer, activations) => {
  const session = await openSession(observer)
  const { least, most } = await session.run({ image: await imageTensor() })
  await session.release()
  const rangeOf = (i: number) => ({ least: Number(least!.data[i]), most: Number(most!.data[i]) })
  return { ranges: new Map(activations.map((name, i) => [name, rangeOf(i)])), images: 1 }
}

const random = mulberry32(7)
const image = Float32Array.from({ length: BATCH * 3 * SIZE.width * SIZE.height }, () => random())

/** [N, 3, H, W] in 0…1 to what the engine's network takes. */
function normalised({ input: { mean, std } }: ModelConfig): NetworkInput {
  const pixels = SIZE.width * SIZE.height
  const images = new Float32Array(image.length)
  for (let n = 0; n < BATCH; n++)
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < pixels; i++)
        images[(n * pixels + i) * 3 + c] = (image[(n * 3 + c) * pixels + i]! - mean[c]!) / std[c]!
  const each = <T>(value: T) => Array<T>(BATCH).fill(value)
  return { images, ...SIZE, sizes: each(SIZE), scales: each({ x: 1, y: 1 }) }
}

interface Found {
  readonly boxes: ArrayLike<number>
  readonly scores: ArrayLike<number>
  readonly labels: ArrayLike<number | bigint>
  readonly batch: ArrayLike<number | bigint>
  /** PolarMask's. */
  readonly outlines?: ArrayLike<number>
}

const perImage = ({ boxes, scores, labels, batch, outlines }: Found): ScoredBox[][] =>
  Array.from({ length: BATCH }, (_, n) =>
    Array.from(scores).flatMap((score, i): ScoredBox[] => {
      if (Number(batch[i]) !== n) return []
      const box = [0, 1, 2, 3].map((k) => boxes[i * 4 + k]!) as unknown as ScoredBox['box']
      const length = (outlines?.length ?? 0) / scores.length
      const outline = Array.from({ length }, (_, k) => outlines![i * length + k]!)
      const categoryId = classes[Number(labels[i])]!.id
      return [{ score, categoryId, box, ...(outlines && { segmentation: [outline] }) }]
    }),
  )

/** Of an exported model, in ONNX Runtime. */
async function foundBy(file: Uint8Array): Promise<ScoredBox[][]> {
  const session = await openSession(file)
  const { boxes, scores, labels, batch_index, outlines } = await session.run({ image: await imageTensor() })
  return perImage({
    boxes: boxes!.data as Float32Array,
    scores: scores!.data as Float32Array,
    labels: labels!.data as BigInt64Array,
    batch: batch_index!.data as BigInt64Array,
    ...(outlines && { outlines: outlines.data as Float32Array }),
  })
}

function expectSame(found: readonly ScoredBox[][], wanted: readonly ScoredBox[][], arePeaks: boolean): void {
  for (const [n, boxes] of wanted.entries()) {
    expect(boxes.length).toBeGreaterThan(20)
    expect(new Set(boxes.map(({ categoryId }) => categoryId)).size).toBeGreaterThan(1)
    expect(differences(boxes, found[n]!, options, arePeaks)).toMatchObject({ unmatched: 0 })
    expect(found[n]!.map(({ score }) => score)).toEqual(
      found[n]!.map(({ score }) => score).sort((a, b) => b - a),
    )
  }
}

/** Share of the variance of `exact` that is error in `found`. */
function unexplained(found: ArrayLike<number>, exact: readonly number[]): number {
  expect(found.length).toBe(exact.length)
  const mean = exact.reduce((sum, value) => sum + value, 0) / exact.length
  const squares = (of: (value: number, i: number) => number) =>
    exact.reduce((sum, value, i) => sum + of(value, i) ** 2, 0)
  return squares((value, i) => found[i]! - value) / squares((value) => value - mean)
}

describe.each(Object.entries(MODELS))('%s', { timeout: 60_000 }, (name, config) => {
  test('gives in ONNX Runtime what TensorFlow gives, raw and selected', async () => {
    const checkpoint = checkpointOf(config)
    const input = normalised(config)
    const model = new Network(config, checkpoint.tensors)
    const raw = rawOutputs(model, input)

    const runner = await onnxRunner(checkpoint)
    const ours = await runner.raw(input)
    for (const [n, { outputs, embedding }] of raw.images.entries()) {
      for (const [of, values] of Object.entries(outputs)) {
        const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
        expect(largestDifference(ours.images[n]!.outputs[of]!, values) / scale, of).toBeLessThan(1e-4)
      }
      expect(largestDifference(ours.images[n]!.embedding, embedding)).toBeLessThan(1e-3)
    }
    expect(ours.parameters).toEqual(raw.parameters)
    const wanted = await detectInput(tensorflowRunner(model), input, options)
    const arePeaks = config.detector === 'centernet'
    expectSame(await detectInput(runner, input, options), wanted, arePeaks)
    const file = await exportedModel(checkpoint, { raw: false, precision: 'float32' }, options)
    expectSame(await foundBy(file), wanted, arePeaks)
    model.dispose()
    if (!IN_INT8.includes(name)) return

    // The file is a model again.
    const path = join(await scratch(), 'model.onnx')
    writeFileSync(path, file)
    const { runner: exported, thresholds } = await openExported(path)
    expect(thresholds).toEqual(checkpoint.thresholds)
    expect(await exported.raw(input)).toEqual(ours)
    const half = { raw: true, precision: 'float16' } as const
    writeFileSync(path, await exportedModel(checkpoint, half, options))
    const rounded = await (await openExported(path)).runner.raw(input)
    expect(rounded).toEqual(await (await onnxRunner(checkpoint, { half: true })).raw(input))

    const int8 = { raw: false, precision: 'int8' } as const
    const raw8 = await exportedModel(checkpoint, { ...int8, raw: true }, options, calibrate)
    const integers = await (await openSession(raw8)).run({ image: await imageTensor() })
    writeFileSync(path, await exportedModel(checkpoint, int8, options, calibrate))
    const { runner: quantised } = await openExported(path)
    expect(quantised.runtime).toMatch(/^ONNX Runtime .*, CPU, int8$/)
    const again = await quantised.raw(input)
    for (const [n, { outputs, embedding }] of again.images.entries()) {
      expect(unexplained(embedding, [...raw.images[n]!.embedding])).toBeLessThan(0.3)
      for (const [of, values] of Object.entries(outputs)) {
        const length = values.length
        const same = (integers[of]!.data as Float32Array).subarray(n * length, (n + 1) * length)
        // Normalising rounds otherwise, which may move a pixel by one step.
        expect(unexplained(values, [...same]), of).toBeLessThan(0.02)
      }
    }
    for (const of of Object.keys(raw.images[0]!.outputs)) {
      const exact = raw.images.flatMap(({ outputs }) => [...outputs[of]!])
      // These weights are no trained ones and pass errors on; a wrong scale somewhere leaves more than all unexplained.
      expect(unexplained(integers[of]!.data as Float32Array, exact), of).toBeLessThan(0.3)
    }
  })
})

test('every detector can be written, in int8 too', () => {
  for (const models of [Object.keys(MODELS), IN_INT8]) {
    const written = models.map((name) => detectorOf(MODELS[name]!).name)
    expect(new Set(written)).toEqual(new Set(detectors().map(({ name }) => name)))
  }
})

test.each(['lite0', 'PolarMask'])('%s: an image without detections gives none', async (name) => {
  const checkpoint = checkpointOf(MODELS[name]!)
  const none = await openSession(
    await exportedModel(checkpoint, { raw: false, precision: 'float16' }, { ...options, score: 1 }),
  )
  const { boxes, scores, outlines } = await none.run({
    image: await tensorOf(new Float32Array(3 * 64 * 64), [1, 3, 64, 64]),
  })
  expect([boxes!.dims, scores!.dims]).toEqual([[0, 4], [0]])
  expect(outlines?.dims).toEqual(name === 'PolarMask' ? [0, 36, 2] : undefined)
})

test('a model without a decoding is refused, with the reason', () => {
  expect(() => requireDecoder({ ...r50, detector: 'toy' })).toThrow('toy')
  const byOutlines = { ...polar, head: { ...polar.head, suppression: 'outlines' as const } }
  expect(() => requireDecoder(byOutlines)).toThrow('overlap of outlines')
})

const python = process.env.FCOS_PEER_PYTHON
if (!python) console.warn('FCOS_PEER_PYTHON is not set: exported models are not tested in other programs')

describe.skipIf(!python)('in Python', { timeout: 120_000 }, () => {
  test.each(Object.keys(MODELS))('%s passes onnx.checker and finds the same boxes', async (name) => {
    const config = MODELS[name]!
    const checkpoint = checkpointOf(config)
    const folder = await scratch()
    const [model, raw, pixels] = ['model.onnx', 'raw.onnx', 'pixels.bin'].map((file) => join(folder, file))
    writeFileSync(model!, await exportedModel(checkpoint, { raw: false, precision: 'float32' }, options))
    writeFileSync(raw!, await exportedModel(checkpoint, { raw: true, precision: 'float16' }, options))
    writeFileSync(pixels!, image)
    const script = fileURLToPath(new URL('onnx_peer.py', import.meta.url))
    const shape = [BATCH, 3, SIZE.height, SIZE.width].map(String)
    const peer = (...files: string[]) =>
      JSON.parse(execFileSync(python!, [script, ...files, ...shape], { encoding: 'utf8' }))
    const said = peer(model!, raw!, pixels!)
    const network = new Network(config, checkpoint.tensors)
    const wanted = await detectInput(tensorflowRunner(network), normalised(config), options)
    expectSame(perImage(said), wanted, config.detector === 'centernet')
    network.dispose()
    expect(JSON.parse(said.metadata.classes)).toEqual(classes)
    expect(JSON.parse(said.metadata.thresholds)).toEqual(checkpoint.thresholds)
    expect(said.metadata).toMatchObject({ detector: config.detector ?? 'fcos', card: '# Card' })
    expect(Object.values(said.raw)[0]).toEqual([BATCH, expect.any(Number), expect.any(Number)])
    if (!IN_INT8.includes(name)) return

    const int8 = (of: boolean) =>
      exportedModel(checkpoint, { raw: of, precision: 'int8' }, options, calibrate)
    const file = await int8(false)
    writeFileSync(model!, file)
    writeFileSync(raw!, await int8(true))
    const again = peer(model!, raw!, pixels!)
    expectSame(perImage(again), await foundBy(file), config.detector === 'centernet')
    expect(again.metadata).toMatchObject({ precision: 'int8', calibration: '{"images":1}' })
  })
})
