/** Every choice of the model configuration learns: its gradients are the slopes of its loss. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { describe, expect, it } from 'vitest'
import type { LearningDepth } from '../../../src/core/contract/training.ts'
import { lite0Preset as centerNet } from '../../../src/core/detectors/centernet/config.ts'
import { lite0Config } from '../../../src/core/detectors/fcos/presets.ts'
import type { ModelConfig } from '../../../src/core/detectors/model-config.ts'
import { mulberry32, normal } from '../../../src/core/random.ts'
import { Network } from '../../../src/main/engine/model/network.ts'
import { tf } from '../../../src/main/engine/tensor/tensorflow.ts'
import { lossAndGradients } from '../../../src/main/engine/train/gradients.ts'
import { initialWeights } from '../../../src/main/engine/train/initial-weights.ts'
import { chooseTrainable } from '../../../src/main/engine/train/trainable.ts'

const SIZE = 96
const CLASSES = [
  { id: 1, name: 'a' },
  { id: 2, name: 'b' },
]
const FCOS = lite0Config(CLASSES, SIZE)
const fcos = (head: Partial<typeof FCOS.head>, loss: Partial<typeof FCOS.loss>): ModelConfig => ({
  ...FCOS,
  head: { ...FCOS.head, channels: 16, groups: 4, depth: 2, ...head },
  loss: { ...FCOS.loss, ...loss },
})
const CENTERNET = centerNet(CLASSES)
const centernet = (head: Partial<typeof CENTERNET.head>): ModelConfig => ({
  ...CENTERNET,
  head: { ...CENTERNET.head, widths: [24, 16, 16], groups: 4, ...head },
})
const LABELLED = [
  { boxes: Float32Array.of(10, 12, 52, 60, 40, 30, 90, 80), classes: Int32Array.of(0, 1) },
  { boxes: Float32Array.of(5, 40, 30, 70), classes: Int32Array.of(1) },
]

const variants: [string, ModelConfig, LearningDepth][] = [
  ['GroupNorm, relu distances with scales, GIoU weighted by centerness', fcos({}, {}), 'c2'],
  ['no norm, exp distances', fcos({ norm: 'none', distance: 'exp' }, { box: 'iou' }), 'c4'],
  ['BatchNorm per level', fcos({ norm: 'batch' }, { boxWeight: 'none' }), 'fpn'],
  [
    'centerness on the classification branch',
    fcos({ centernessOn: 'classification', levelScale: false }, {}),
    'head',
  ],
  ['only the predictors', fcos({}, {}), 'predictors'],
  ['CenterNet with laterals', centernet({}), 'c2'],
  ['CenterNet without laterals and norms', centernet({ laterals: false, norm: 'none' }), 'c2'],
]

describe.each(variants)('%s', (_name, config, depth) => {
  it('has gradients that are slopes of the loss', () => {
    const model = new Network(config, initialWeights(config, 1))
    chooseTrainable(model, depth)
    const random = mulberry32(7)
    const images = tf.tensor4d(
      Float32Array.from({ length: 2 * SIZE * SIZE * 3 }, () => normal(random)),
      [2, SIZE, SIZE, 3],
    ) as Tensor4D
    const total = () => {
      const { losses } = lossAndGradients(model, images, LABELLED, {
        normaliser: () => 9,
      })
      return Object.values(losses).reduce((sum, loss) => sum + loss, 0)
    }
    total()
    const learned = model.parameters.trainable()
    expect(learned.length).toBeGreaterThan(0)
    for (const parameter of learned) expect(parameter.gradient, parameter.name).not.toBeNull()
    // Along the gradient itself, scaled per tensor so that every tensor contributes alike.
    const directions = learned.map(({ gradient }) =>
      tf.tidy(() => tf.div(gradient!, tf.add(tf.norm(gradient!), 1e-12))),
    )
    const slope = learned.reduce(
      (sum, { gradient }, i) => sum + tf.sum(tf.mul(gradient!, directions[i])).dataSync()[0],
      0,
    )
    const clear = () => {
      for (const parameter of learned) parameter.clearGradient()
    }
    clear()
    const step = (factor: number) => {
      for (const [i, parameter] of learned.entries()) parameter.step(directions[i], factor)
    }
    const width = 1e-4
    step(width)
    const above = total()
    clear()
    step(-2 * width)
    const below = total()
    clear()
    expect((above - below) / (2 * width) / slope).toBeCloseTo(1, 1)
    model.dispose()
  })
})
