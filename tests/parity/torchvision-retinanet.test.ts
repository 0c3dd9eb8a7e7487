/**
 * The ResNet-50 RetinaNets against torchvision 0.29.1, with weights by formula: pyramid, head outputs, losses, gradients and the
 * detections of the whole pipeline.
 */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { torchvisionConfig } from '../../src/core/detectors/retinanet/config.ts'
import { tensorOf, toFloat32 } from '../../src/core/formats/tensor-values.ts'
import { iou } from '../../src/core/geometry/box.ts'
import { detect } from '../../src/main/engine/detect/detect.ts'
import { tensorflowRunner } from '../../src/main/engine/detect/raw-outputs.ts'
import { Network } from '../../src/main/engine/model/network.ts'
import { Tape } from '../../src/main/engine/model/tape.ts'
import { modelTensors } from '../../src/main/engine/model/tensors.ts'
import { tf } from '../../src/main/engine/tensor/tensorflow.ts'
import { lossAndGradients } from '../../src/main/engine/train/gradients.ts'
import { chooseTrainable } from '../../src/main/engine/train/trainable.ts'
import losses from '../fixtures/retinanet_loss.json' with { type: 'json' }
import { fixtureTensors } from '../support/fixtures.ts'
import { formulaStateDict, formulaUniform } from '../support/formula.ts'

const SALT = 'wave2-1'
const CLASSES = Array.from({ length: 91 }, (_, id) => ({ id, name: `category ${id}` }))
const SIZE = { height: 128, width: 160 }
/** Without a norm in the head, the formula's raw outputs saturate. */
const DAMPED = {
  'head.classification_head.cls_logits.weight': 1 / 16,
  'head.regression_head.bbox_reg.weight': 1 / 32,
}

function build(version: 'v1' | 'v2', factors: Readonly<Record<string, number>>): Network {
  const config = torchvisionConfig(CLASSES, version)
  const state = formulaStateDict(modelTensors(config), SALT)
  for (const [name, factor] of Object.entries(factors)) {
    const tensor = state.get(name)!
    state.set(
      name,
      tensorOf(
        toFloat32(tensor).map((value) => value * factor),
        tensor.shape,
      ),
    )
  }
  return new Network(config, state)
}

/** The largest difference, relative to the largest reference value. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length)
  let [worst, largest] = [0, 0]
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!))
    largest = Math.max(largest, Math.abs(expected[i]!))
  }
  return worst / largest
}

const l2 = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0))

/** Images by formula → normalised [N,H,W,3]. */
function images(keys: readonly string[], { mean, std } = torchvisionConfig([], 'v1').input): Tensor4D {
  return tf.tidy(() => {
    const planar = keys.map((key) =>
      tf.tensor3d(formulaUniform(key, 3 * SIZE.height * SIZE.width, SALT), [3, SIZE.height, SIZE.width]),
    )
    return tf.div(tf.sub(tf.transpose(tf.stack(planar), [0, 2, 3, 1]), mean), std) as Tensor4D
  })
}

describe.each([
  ['v1', DAMPED],
  ['v2', {}],
] as const)('%s', (version, factors) => {
  let model: Network
  beforeAll(() => {
    model = build(version, factors)
  })
  afterAll(() => model.dispose())

  it('computes the same pyramid and head outputs', () => {
    const fixture = fixtureTensors('retinanet_forward.safetensors')
    const expected = (name: string) => fixture(`${version}.${name}`)
    const tape = new Tape(false)
    const features = model.features(tape, images(['image']))
    const every = version === 'v1' ? [8, 4, 1, 1, 1] : [0, 0, 0, 1, 1]
    for (const [level, { tensor }] of features.entries()) {
      if (every[level] === 0) continue
      const planar = tf.transpose(tensor, [0, 3, 1, 2]).dataSync() as Float32Array
      const channel = tensor.shape[1] * tensor.shape[2]
      const chosen = planar.filter((_, i) => Math.floor(i / channel) % every[level]! === 0)
      expect(difference(chosen, expected(`P${level + 3}`)), `P${level + 3}`).toBeLessThan(1e-3)
    }
    const { logits, regression } = model.read(model.predict(tape, model.towers(tape, features))) as {
      [name: string]: Float32Array
    }
    expect(difference(regression!, expected('bbox_regression'))).toBeLessThan(1e-3)
    const rows = Array.from({ length: 3852 }, (_, anchor) => logits!.subarray(anchor * 91, (anchor + 1) * 91))
    const some = [...expected('cls_rows')].flatMap((row) => [...rows[row]!])
    expect(difference(some, expected('cls_logits_at_rows'))).toBeLessThan(1e-3)
    const mean = (values: Iterable<number>, count: number) =>
      [...values].reduce((sum, v) => sum + v, 0) / count
    expect(
      difference(
        rows.map((row) => mean(row, 91)),
        expected('cls_mean_over_classes'),
      ),
    ).toBeLessThan(1e-3)
    expect(
      difference(
        rows.map((row) => Math.max(...row)),
        expected('cls_max_over_classes'),
      ),
    ).toBeLessThan(1e-3)
    const perClass = Array.from({ length: 91 }, (_, k) =>
      mean(
        rows.map((row) => row[k]!),
        rows.length,
      ),
    )
    expect(difference(perClass, expected('cls_mean_over_anchors'))).toBeLessThan(1e-3)
  })

  it('computes the same losses and gradients, and leaves no tensor behind', () => {
    const fixture = fixtureTensors('retinanet_loss.safetensors')
    const batch = images(['train0', 'train1', 'train2'])
    const labelled = [0, 1, 2].map((i) => ({
      boxes: fixture(`boxes_${i}`),
      classes: Int32Array.from(fixture(`labels_${i}`)),
    }))
    chooseTrainable(model, 'c3')
    const pass = () => lossAndGradients(model, batch, labelled, { normaliser: () => Number.NaN })
    const clear = () => {
      for (const parameter of model.parameters) parameter.clearGradient()
    }
    // Filters with BatchNorm folded in are kept from the first pass on.
    pass()
    clear()
    const before = tf.memory().numTensors
    const found = pass()
    const theirs = losses[version]
    const close = (actual: number, value: number) => expect(Math.abs(actual / value - 1)).toBeLessThan(1e-4)
    close(found.losses.classification!, theirs.losses.classification)
    close(found.losses.box!, theirs.losses.bbox_regression)
    expect(found.positives).toBe(theirs.positives.reduce((sum, each) => sum + each, 0))

    const norms: Record<string, number> = theirs.grad_l2
    const learned = model.parameters.trainable()
    expect(learned.length).toBeGreaterThan(60)
    // torchvision's v2 also trains the stem, layer1 and all BatchNorms, which are frozen here.
    const ours = new Set(learned.map(({ name }) => name))
    const frozen = /\.(bn\d|downsample\.1)\.|body\.(conv1|layer1)\./
    for (const name of Object.keys(norms))
      expect(ours.has(name) || (version === 'v2' && frozen.test(name)), name).toBe(true)
    for (const parameter of learned) {
      const gradient = toFloat32(parameter.toHost(parameter.gradient!))
      expect(Math.abs(l2(gradient) / norms[parameter.name]! - 1), parameter.name).toBeLessThan(1e-2)
    }
    for (const [key, name] of WHOLE_GRADIENTS[version]) {
      const parameter = model.parameters.get(name)
      const whole = fixture(`${key}.${name}`)
      const gradient = toFloat32(parameter.toHost(parameter.gradient!)).slice(0, whole.length)
      expect(l2(gradient.map((v, i) => v - whole[i]!)) / l2(whole), name).toBeLessThan(1e-3)
    }
    clear()
    expect(tf.memory().numTensors).toBe(before)
  })
})

it('finds the same objects, from pixels to boxes', async () => {
  const fixture = fixtureTensors('retinanet_detections.safetensors')
  const model = build('v1', { ...DAMPED, 'head.classification_head.cls_logits.weight': 1 / 8 })
  const planar = fixture('image')
  const plane = 240 * 320
  const data = Uint8Array.from({ length: 3 * plane }, (_, i) => planar[(i % 3) * plane + Math.floor(i / 3)]!)
  const [found] = await detect(
    tensorflowRunner(model),
    [{ width: 320, height: 240, data }],
    model.config.input,
    {
      score: 0.05,
      nms: 0.5,
      limit: 300,
    },
  )
  model.dispose()

  const [boxes, scores, labels] = [fixture('boxes'), fixture('scores'), fixture('labels')]
  expect(found).toHaveLength(labels.length)
  const left = new Set(found!.keys())
  for (const [i, label] of labels.entries()) {
    const theirs = [boxes[i * 4]!, boxes[i * 4 + 1]!, boxes[i * 4 + 2]!, boxes[i * 4 + 3]!] as const
    const match = [...left].find((k) => found![k]!.categoryId === label && iou(found![k]!.box, theirs) > 0.99)
    expect(match, `detection ${i}`).toBeDefined()
    left.delete(match!)
    expect(Math.abs(found![match!]!.score - scores[i]!)).toBeLessThan(1e-4)
  }
})

const CLASSIFICATION = 'head.classification_head'
const REGRESSION = 'head.regression_head'
const WHOLE_GRADIENTS = {
  v1: [
    ['grad', `${CLASSIFICATION}.cls_logits.bias`],
    ['grad', `${REGRESSION}.bbox_reg.bias`],
    ['grad_first_rows', 'backbone.body.layer4.2.conv1.weight'],
    ['grad_first_rows', 'backbone.fpn.extra_blocks.p6.weight'],
    ['grad_first_rows', 'backbone.fpn.layer_blocks.0.0.weight'],
    ['grad_first_rows', `${CLASSIFICATION}.cls_logits.weight`],
    ['grad_first_rows', `${CLASSIFICATION}.conv.0.0.weight`],
    ['grad_first_rows', `${REGRESSION}.bbox_reg.weight`],
    ['grad_first_rows', `${REGRESSION}.conv.3.0.weight`],
  ],
  v2: [
    ['v2.grad', `${CLASSIFICATION}.cls_logits.bias`],
    ['v2.grad', `${REGRESSION}.bbox_reg.bias`],
    ['v2.grad', `${REGRESSION}.conv.2.1.weight`],
  ],
} as const
