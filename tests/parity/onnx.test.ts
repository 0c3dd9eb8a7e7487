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
import { lite0Preset as centerNet } from '../../src/core/detectors/centernet/config.ts'
import { detectorOf, detectors } from '../../src/core/detectors/detectors.ts'
import type { FcosConfig } from '../../src/core/detectors/fcos/config.ts'
import { lite0Config, torchvisionConfig } from '../../src/core/detectors/fcos/presets.ts'
import type { ModelConfig } from '../../src/core/detectors/model-config.ts'
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
import { exportedModel } from '../../src/main/engine/onnx/model.ts'
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
const MODELS: Record<string, ModelConfig> = {
  lite0: lite0(),
  'lite0 with exp, centerness beside the classes and a norm per level': lite0({
    ...{ norm: 'batch', distance: 'exp', centernessOn: 'classification' },
  }),
  'lite0 without norms, in the corners of cells': {
    ...lite0({ norm: 'none', levelScale: false }),
    assignment: torchvisionConfig(classes).assignment,
  },
  'RetinaNet, P6 from C5': { ...retina, head: { ...retina.head, channels: 32, groups: 8, p6: 'C5' } },
  CenterNet: centerNet(classes),
  r50: { ...r50, batchNormEpsilon: 0, head: { ...r50.head, channels: 32, groups: 8, depth: 1 } },
}
/** Sides that are no multiples of 128: the corner rule spaces P6 and P7 by other than their strides. */
const SIZE = { width: 160, height: 96 }
const BATCH = 2

function checkpointOf(config: ModelConfig): Checkpoint {
  const tensors = formulaStateDict(modelTensors(config))
  // Boxes of some size, some better than others; RetinaNet's have it from their anchors.
  const bias = tensors.get('head.regression_head.bbox_reg.bias')
  const said = { thresholds: [0.5, 0.4, 0.3, 0.2, 0.1], card: '# Card' }
  if (!bias) {
    // Saturated sigmoids would make plateaus of equal peaks, whose last bits decide.
    for (const { outputs } of detectorOf(config).head(config).towers) {
      const name = `${outputs[0]!.tensor}.weight`
      const { shape } = tensors.get(name)!
      const damped = toFloat32(tensors.get(name)!).map((value) => value / 8)
      tensors.set(name, hostTensor(damped, shape))
    }
    return { config, tensors, ...said }
  }
  const shift = config.detector === 'retinanet' ? 0 : (config as FcosConfig).head.distance === 'exp' ? 3 : 2
  tensors.set(
    'head.regression_head.bbox_reg.bias',
    hostTensor(
      toFloat32(bias).map((value) => value + shift),
      bias.shape,
    ),
  )
  return { config, tensors, ...said }
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
}

const perImage = ({ boxes, scores, labels, batch }: Found): ScoredBox[][] =>
  Array.from({ length: BATCH }, (_, n) =>
    Array.from(scores).flatMap((score, i): ScoredBox[] => {
      const box = [0, 1, 2, 3].map((k) => boxes[i * 4 + k]!) as unknown as ScoredBox['box']
      return Number(batch[i]) === n ? [{ score, categoryId: classes[Number(labels[i])]!.id, box }] : []
    }),
  )

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

/** Those whose decoding is not described in ONNX: their raw outputs are compared. */
const RAW_ONLY = Object.fromEntries(
  detectors()
    .filter(({ name }) => !['fcos', 'retinanet', 'centernet'].includes(name))
    .map(({ name, presets }) => [name, presets.lite0(classes)]),
)

describe.each(Object.entries({ ...MODELS, ...RAW_ONLY }))('%s', { timeout: 60_000 }, (name, config) => {
  test('gives in ONNX Runtime what TensorFlow gives, raw and selected', async () => {
    const checkpoint = checkpointOf(config)
    const input = normalised(config)
    const model = new Network(config, checkpoint.tensors)
    const raw = rawOutputs(model, input)

    const runner = await onnxRunner(checkpoint)
    const ours = await runner.raw(input)
    for (const [n, { outputs, embedding }] of raw.images.entries()) {
      for (const [name, values] of Object.entries(outputs)) {
        const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
        expect(largestDifference(ours.images[n]!.outputs[name]!, values) / scale, name).toBeLessThan(1e-4)
      }
      expect(largestDifference(ours.images[n]!.embedding, embedding)).toBeLessThan(1e-3)
    }
    expect(ours.parameters).toEqual(raw.parameters)
    if (name in RAW_ONLY) {
      expect(() => requireDecoder(config)).toThrow(name)
      return
    }

    const wanted = await detectInput(tensorflowRunner(model), input, options)
    const arePeaks = name === 'CenterNet'
    expectSame(await detectInput(runner, input, options), wanted, arePeaks)
    const session = await openSession(exportedModel(checkpoint, { raw: false, half: false }, options))
    const { boxes, scores, labels, batch_index } = await session.run({
      image: await tensorOf(image, [BATCH, 3, SIZE.height, SIZE.width]),
    })
    expectSame(
      perImage({
        boxes: boxes!.data as Float32Array,
        scores: scores!.data as Float32Array,
        labels: labels!.data as BigInt64Array,
        batch: batch_index!.data as BigInt64Array,
      }),
      wanted,
      arePeaks,
    )
    model.dispose()
  })
})

test('an image without detections gives none, and a detector without a decoding is refused by name', async () => {
  const checkpoint = checkpointOf(lite0())
  const none = await openSession(
    exportedModel(checkpoint, { raw: false, half: true }, { ...options, score: 1 }),
  )
  const { boxes, scores } = await none.run({
    image: await tensorOf(new Float32Array(3 * 64 * 64), [1, 3, 64, 64]),
  })
  expect([boxes!.dims, scores!.dims]).toEqual([[0, 4], [0]])
  expect(() => requireDecoder({ detector: 'toy' })).toThrow('toy')
})

const python = process.env.FCOS_PEER_PYTHON
if (!python) console.warn('FCOS_PEER_PYTHON is not set: exported models are not tested in other programs')

describe.skipIf(!python)('in Python', { timeout: 120_000 }, () => {
  test.each(Object.keys(MODELS))('%s passes onnx.checker and finds the same boxes', async (name) => {
    const config = MODELS[name]!
    const checkpoint = checkpointOf(config)
    const folder = await scratch()
    const [model, raw, pixels] = ['model.onnx', 'raw.onnx', 'pixels.bin'].map((file) => join(folder, file))
    writeFileSync(model!, exportedModel(checkpoint, { raw: false, half: false }, options))
    writeFileSync(raw!, exportedModel(checkpoint, { raw: true, half: true }, options))
    writeFileSync(pixels!, image)
    const script = fileURLToPath(new URL('onnx_peer.py', import.meta.url))
    const shape = [BATCH, 3, SIZE.height, SIZE.width].map(String)
    const said = JSON.parse(
      execFileSync(python!, [script, model!, raw!, pixels!, ...shape], { encoding: 'utf8' }),
    )
    const network = new Network(config, checkpoint.tensors)
    const wanted = await detectInput(tensorflowRunner(network), normalised(config), options)
    expectSame(perImage(said), wanted, name === 'CenterNet')
    network.dispose()
    expect(JSON.parse(said.metadata.classes)).toEqual(classes)
    expect(JSON.parse(said.metadata.thresholds)).toEqual(checkpoint.thresholds)
    expect(said.metadata).toMatchObject({ detector: config.detector ?? 'fcos', card: '# Card' })
    expect(Object.values(said.raw)[0]).toEqual([BATCH, expect.any(Number), expect.any(Number)])
  })
})
