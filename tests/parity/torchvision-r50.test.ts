/**
 * The ResNet-50 FCOS against torchvision 0.29.1, with weights by formula: features, head outputs, losses, gradients
 * and the detections of the whole pipeline.
 */
import { readFileSync } from 'node:fs'
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { torchvisionConfig } from '../../src/core/detectors/fcos/presets.ts'
import type { Tensor as HostTensor } from '../../src/core/formats/safetensors.ts'
import { tensorOf, toFloat32 } from '../../src/core/formats/tensor-values.ts'
import { detect } from '../../src/main/engine/detect/detect.ts'
import { tensorflowRunner } from '../../src/main/engine/detect/raw-outputs.ts'
import { Network } from '../../src/main/engine/model/network.ts'
import { Tape } from '../../src/main/engine/model/tape.ts'
import { modelTensors } from '../../src/main/engine/model/tensors.ts'
import { tf } from '../../src/main/engine/tensor/tensorflow.ts'
import { lossAndGradients } from '../../src/main/engine/train/gradients.ts'
import { chooseTrainable } from '../../src/main/engine/train/trainable.ts'
import type { RgbImage } from '../../src/main/images/decode.ts'
import { fixtureTensors } from '../support/fixtures.ts'
import { formulaStateDict, formulaUniform } from '../support/formula.ts'

const CLASSES = Array.from({ length: 91 }, (_, id) => ({ id, name: `category ${id}` }))
const CONFIG = torchvisionConfig(CLASSES)
const SIZE = { height: 256, width: 320 }

/** The largest difference, relative to the largest reference value. */
function difference(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length)
  let worst = 0
  let largest = 0
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]))
    largest = Math.max(largest, Math.abs(expected[i]))
  }
  return worst / largest
}

const l2 = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0))

/** Planar RGB [3,H,W] of several images in [0, 1] → normalised [N,H,W,3]. */
function normalised(images: Float32Array[]): Tensor4D {
  return tf.tidy(() => {
    const planar = images.map((image) => tf.tensor3d(image, [3, SIZE.height, SIZE.width]))
    const hwc = tf.transpose(tf.stack(planar), [0, 2, 3, 1])
    return tf.div(tf.sub(hwc, CONFIG.input.mean), CONFIG.input.std) as Tensor4D
  })
}

describe('fcos_resnet50_fpn', () => {
  let model: Network
  beforeAll(() => {
    model = new Network(CONFIG, formulaStateDict(modelTensors(CONFIG)))
  })
  afterAll(() => model.dispose())

  it('computes the same features and head outputs', () => {
    const expected = fixtureTensors('torchvision_forward.safetensors')
    const images = normalised([expected('image')])
    const tape = new Tape(false)
    const features = model.features(tape, images)
    for (const [level, { tensor }] of features.entries()) {
      const planar = tf.transpose(tensor, [0, 3, 1, 2]).dataSync() as Float32Array
      expect(difference(planar, expected(`P${level + 3}`))).toBeLessThan(1e-4)
    }
    const outputs = model.read(model.predict(tape, model.towers(tape, features)))
    expect(difference(outputs.logits, expected('cls_logits'))).toBeLessThan(1e-4)
    // torchvision applies ReLU inside the head.
    expect(
      difference(
        outputs.regression.map((v) => Math.max(0, v)),
        expected('bbox_regression'),
      ),
    ).toBeLessThan(1e-4)
    expect(difference(outputs.centerness, expected('bbox_ctrness'))).toBeLessThan(1e-4)
  })

  it('computes the same losses and gradients, and leaves no tensor behind', () => {
    const fixture = fixtureTensors('torchvision_loss.safetensors')
    const expected = JSON.parse(
      readFileSync(new URL('../fixtures/torchvision_loss.json', import.meta.url), 'utf8'),
    ) as { losses: Record<string, number>; grad_l2: Record<string, number> }
    const images = normalised([0, 1].map((i) => formulaUniform(`train${i}`, 3 * SIZE.height * SIZE.width)))
    const labelled = [0, 1].map((i) => ({
      boxes: fixture(`boxes_${i}`),
      classes: Int32Array.from(fixture(`labels_${i}`)),
    }))
    chooseTrainable(model, 'c3')

    const options = { normaliser: (positives: number) => Math.max(1, positives) }
    const clear = () => {
      for (const parameter of model.parameters) parameter.clearGradient()
    }
    // Filters with BatchNorm folded in are kept from the first pass on.
    lossAndGradients(model, images, labelled, options)
    clear()
    const before = tf.memory().numTensors
    const { losses } = lossAndGradients(model, images, labelled, options)
    const close = (actual: number, value: number) => expect(Math.abs(actual / value - 1)).toBeLessThan(1e-4)
    close(losses.classification, expected.losses.classification)
    close(losses.box, expected.losses.bbox_regression)
    close(losses.centerness, expected.losses.bbox_ctrness)

    const learned = model.parameters.trainable()
    expect(learned.map(({ name }) => name).sort()).toEqual(Object.keys(expected.grad_l2).sort())
    for (const parameter of learned) {
      const gradient = new Float32Array(parameter.toHost(parameter.gradient!).bytes.slice().buffer)
      expect(Math.abs(l2(gradient) / expected.grad_l2[parameter.name] - 1), parameter.name).toBeLessThan(1e-2)
      if (!WHOLE_GRADIENTS.includes(parameter.name)) continue
      const whole = fixture(`grad.${parameter.name}`)
      const error = l2(gradient.map((v, i) => v - whole[i])) / l2(whole)
      expect(error, parameter.name).toBeLessThan(1e-3)
    }
    clear()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('finds the same objects, from pixels to boxes', async () => {
    const fixture = fixtureTensors('torchvision_detections.safetensors')
    const state = formulaStateDict(modelTensors(CONFIG))
    const change = (name: string, to: (value: number) => number) => {
      const tensor = state.get(name) as HostTensor
      state.set(name, tensorOf(toFloat32(tensor).map(to), tensor.shape))
    }
    change('head.classification_head.cls_logits.weight', (weight) => 3 * weight)
    change('head.regression_head.bbox_reg.bias', (bias) => bias + 2)
    const detector = new Network(CONFIG, state)
    const image = interleaved(fixture('image'), 640, 480)
    const options = { score: 0.2, nms: 0.6, limit: 100 }
    const [found] = await detect(tensorflowRunner(detector), [image], CONFIG.input, options)
    detector.dispose()

    const [boxes, scores, labels] = [fixture('boxes'), fixture('scores'), fixture('labels')]
    expect(found.map(({ categoryId }) => categoryId)).toEqual([...labels])
    for (const [i, { box, score }] of found.entries()) {
      expect(Math.abs(score - scores[i])).toBeLessThan(1e-4)
      for (const [side, value] of box.entries())
        expect(Math.abs(value - boxes[i * 4 + side])).toBeLessThan(0.1)
    }
  })
})

/** Planar [3,H,W] → interleaved [H,W,3]. */
function interleaved(planar: Float32Array, width: number, height: number): RgbImage {
  const plane = width * height
  return {
    width,
    height,
    data: Uint8Array.from({ length: 3 * plane }, (_, i) => planar[(i % 3) * plane + Math.floor(i / 3)]),
  }
}

const WHOLE_GRADIENTS = [
  'backbone.body.layer4.2.conv1.weight',
  'backbone.fpn.layer_blocks.0.0.bias',
  'head.classification_head.cls_logits.bias',
  'head.regression_head.bbox_ctrness.weight',
  'head.regression_head.bbox_reg.weight',
  'head.regression_head.conv.1.weight',
]
