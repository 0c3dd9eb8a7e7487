/** A detector that is added as one file and one row learns, is kept, detects and is drawn, and nobody asks it for FCOS's names. */
import { join } from 'node:path'
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { expect, test } from 'vitest'
import { detectorOf, detectors, register } from '../../../src/core/detectors/detectors.ts'
import { FCOS } from '../../../src/core/detectors/fcos/index.ts'
import { TargetMaps } from '../../../src/core/inspect/target-maps.ts'
import { trainingOptions } from '../../../src/core/training/presets.ts'
import { detectInput } from '../../../src/main/engine/detect/detect.ts'
import { tensorflowRunner } from '../../../src/main/engine/detect/raw-outputs.ts'
import { Network } from '../../../src/main/engine/model/network.ts'
import { tf } from '../../../src/main/engine/tensor/tensorflow.ts'
import { lossAndGradients } from '../../../src/main/engine/train/gradients.ts'
import { initialWeights } from '../../../src/main/engine/train/initial-weights.ts'
import { beginLearning } from '../../../src/main/engine/train/learning.ts'
import { Normaliser } from '../../../src/main/engine/train/normaliser.ts'
import { takeStep } from '../../../src/main/engine/train/step.ts'
import { chooseTrainable } from '../../../src/main/engine/train/trainable.ts'
import { readCheckpoint, writeCheckpoint } from '../../../src/main/engine/weights/checkpoint.ts'
import { columns } from '../../../src/main/studio/runs/run-log.ts'
import { scratch } from '../../support/scratch.ts'
import { TOY } from '../../support/toy-detector.ts'

register(TOY)
const config = TOY.presets.lite0([{ id: 4, name: 'thing' }])
const objects = { boxes: Float32Array.of(2, 2, 40, 44), classes: Int32Array.of(0) }
const size = { width: 64, height: 64 }
const pixels = new Float32Array(64 * 64 * 3).map((_, i) => Math.sin(i))

test('a second detector learns, is kept, and detects', async () => {
  const model = new Network(config, initialWeights(config, 1))
  const learning = beginLearning(model, trainingOptions('lite0', 10, { steps: 20, learn: 'head' }))
  const images = tf.tensor4d(pixels, [1, 64, 64, 3]) as Tensor4D
  const batches = {
    next: async (options: Parameters<typeof lossAndGradients>[3]) =>
      lossAndGradients(model, images, [objects], options),
    close: async () => {},
  }
  const lines: Record<string, unknown>[] = []
  for (let step = 0; step < 20; step++) {
    const figures = await takeStep(learning, batches, new Normaliser('batch'), {
      step,
      steps: 20,
      passes: 1,
      rate: 0.01,
    })
    lines.push({ ...figures, ...figures!.figures })
  }
  const curves = columns(lines, config)
  expect(Object.keys(curves)).toEqual(expect.arrayContaining(['loss', 'heat', 'extent', 'share']))
  expect(curves).not.toHaveProperty('centerness')
  expect(curves.loss![19]).toBeLessThan(curves.loss![0]! / 2)

  const file = join(await scratch(), 'toy.safetensors')
  await writeCheckpoint(file, { config, tensors: model.parameters.toStateDict() })
  const kept = await readCheckpoint(file)
  expect(detectorOf(kept.config)).toBe(TOY)
  const input = { images: pixels, ...size, sizes: [size], scales: [{ x: 1, y: 1 }] }
  const options = { score: 0.01, nms: 0.6, limit: 10 }
  const found = await detectInput(tensorflowRunner(new Network(kept.config, kept.tensors)), input, options)
  expect(found[0]!.length).toBeGreaterThan(0)
  expect(found).toEqual(await detectInput(tensorflowRunner(model), input, options))
}, 240_000)

test('its views are those of the X-ray', () => {
  expect(detectors().map(({ name }) => name)).toContain('toy')
  const maps = new TargetMaps(size, detectorOf(config))
  maps.update({ boxes: objects.boxes, classes: [0], assignment: {}, loss: {} })
  expect(maps.shares.positives[0]).toBe(1)
  const paint = detectorOf(config).views[0].targets({ ...maps.own, matched: maps.matched, runnersUp: null })
  expect(maps.matched.filter((_, at) => paint.by === 'value' && paint.of(at, 32) === 1)).toHaveLength(1)
})

test('a quality branch on a tower of its own learns there alone, and is kept under its own names', async () => {
  const preset = FCOS.presets.lite0([{ id: 4, name: 'thing' }])
  const head = { ...preset.head, channels: 16, groups: 4, depth: 1, centernessOn: 'own' as const }
  const own = { ...preset, head }
  const model = new Network(own, initialWeights(own, 1))
  chooseTrainable(model, 'head')
  const images = tf.tensor4d(pixels, [1, 64, 64, 3]) as Tensor4D
  lossAndGradients(model, images, [objects], { normaliser: (positives) => Math.max(1, positives) })
  const names = [...model.parameters].map(({ name }) => name).filter((name) => /centerness_head/.test(name))
  expect(names).toEqual([
    'head.centerness_head.conv.0.weight',
    'head.centerness_head.conv.0.bias',
    'head.centerness_head.conv.1.weight',
    'head.centerness_head.conv.1.bias',
    'head.centerness_head.bbox_ctrness.weight',
    'head.centerness_head.bbox_ctrness.bias',
  ])
  for (const name of names) {
    const gradient = model.parameters.get(name).gradient!
    expect(Math.max(...(gradient.abs().dataSync() as Float32Array)), name).toBeGreaterThan(0)
  }
  const file = join(await scratch(), 'own.safetensors')
  await writeCheckpoint(file, { config: own, tensors: model.parameters.toStateDict() })
  expect((await readCheckpoint(file)).config).toEqual(own)
  model.dispose()
})
