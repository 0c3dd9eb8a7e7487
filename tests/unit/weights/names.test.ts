import { expect, test } from 'vitest'
import { detectorOf } from '../../../src/core/detectors/detectors.ts'
import { torchvisionConfig } from '../../../src/core/detectors/retinanet/config.ts'
import { toFloat32 } from '../../../src/core/formats/tensor-values.ts'
import {
  LITE0_BLOCKS,
  LITE0_STAGE_ENDS,
  LITE0_STAGE_OF_BLOCK,
  lite0BodyTensors,
} from '../../../src/main/engine/model/efficientnet-lite0-spec.ts'
import { modelTensors } from '../../../src/main/engine/model/tensors.ts'
import { canonicalNames } from '../../../src/main/engine/weights/names.ts'
import retinanets from '../../fixtures/retinanet_state_shapes.json' with { type: 'json' }
import { r50Tensors } from '../../support/r50.ts'
import { fixtureShapes, numberedWeights } from '../../support/state-dict.ts'

type Shape = readonly [string, readonly number[]]
const torchvision = fixtureShapes('torchvision_state_dict.json')
const efficientnet = fixtureShapes('efficientnet_lite0_state_dict.json')
const shapesOf = (weights: Map<string, { shape: readonly number[] }>): Shape[] =>
  [...weights].map(([name, { shape }]) => [name, shape])
const number = (weights: ReturnType<typeof numberedWeights>, name: string) => toFloat32(weights.get(name)!)[0]

test("torchvision's names stay", () => {
  const { architecture, config, tensors, dropped } = canonicalNames(numberedWeights(torchvision))
  expect([architecture, config && detectorOf(config).name, dropped]).toEqual(['r50', 'fcos', []])
  expect(shapesOf(tensors)).toEqual(torchvision)
})

test('names from before the pyramid had Sequentials, from data parallel training, and counters of batches', () => {
  const old = torchvision.map(
    ([name, shape]): Shape => [`module.${name.replace(/(_blocks\.[012])\.0\./, '$1.')}`, shape],
  )
  expect(old.map(([name]) => name)).toContain('module.backbone.fpn.inner_blocks.2.weight')
  const weights = numberedWeights([...old, ['module.backbone.body.bn1.num_batches_tracked', []]])
  const { tensors } = canonicalNames(weights)
  expect(shapesOf(tensors)).toEqual(torchvision)
  expect(number(tensors, 'backbone.fpn.layer_blocks.1.0.bias')).toBe(
    number(weights, 'module.backbone.fpn.layer_blocks.1.bias'),
  )
})

test.each([
  ['retinanet_resnet50_fpn', 'v1'],
  ['retinanet_resnet50_fpn_v2', 'v2'],
] as const)("%s is known by its tensors, which are those of torchvision's", (model, version) => {
  const theirs = Object.entries(retinanets[model].shapes)
  const { config, tensors, dropped } = canonicalNames(numberedWeights(theirs as Shape[]))
  expect([dropped, config]).toEqual([[], torchvisionConfig(config!.classes, version)])
  expect(config!.classes).toHaveLength(91)
  const counted = theirs.filter(([name]) => !name.endsWith('num_batches_tracked'))
  expect(shapesOf(tensors)).toEqual(counted)
  expect(modelTensors(config!).map(({ name, shape }) => [name, shape])).toEqual(counted)
  expect(detectorOf(config!).torchvision(config)).toBe(model)
})

test('the towers of a RetinaNet from before torchvision 0.14 had no modules of their own', () => {
  const theirs = Object.entries(retinanets.retinanet_resnet50_fpn.shapes) as Shape[]
  const old = theirs.map(
    ([name, shape]): Shape => [
      name.replace(/_head\.conv\.(\d)\.0\./, (_, layer) => `_head.conv.${2 * layer}.`),
      shape,
    ],
  )
  expect(old.map(([name]) => name)).toContain('head.regression_head.conv.6.bias')
  const { config, tensors } = canonicalNames(numberedWeights(old))
  expect([...tensors.keys()]).toEqual(modelTensors(config!).map(({ name }) => name))
})

test("an ImageNet ResNet-50 becomes the body's tensors; its classifier is dropped", () => {
  const body = r50Tensors(91).filter(({ name }) => name.startsWith('backbone.body.'))
  const imagenet = body.map(({ name, shape }): Shape => [name.slice('backbone.body.'.length), shape])
  const { architecture, config, tensors, dropped } = canonicalNames(
    numberedWeights([...imagenet, ['fc.weight', [10, 4]], ['fc.bias', [10]]]),
  )
  expect([architecture, config, dropped.map(({ name }) => name)]).toEqual([
    'r50',
    null,
    ['fc.weight', 'fc.bias'],
  ])
  expect(shapesOf(tensors)).toEqual(body.map(({ name, shape }) => [name, shape]))
})

test('the published EfficientNet-Lite0 has just the tensors of our block table', () => {
  const weights = numberedWeights(efficientnet)
  const { architecture, config, tensors, dropped } = canonicalNames(weights)
  expect([architecture, config]).toEqual(['lite0', null])
  expect(shapesOf(tensors)).toEqual(lite0BodyTensors().map(({ name, shape }) => [name, shape]))
  expect(dropped.map(({ name }) => name)).toEqual([
    '_conv_head.weight',
    '_bn1.weight',
    '_bn1.bias',
    '_bn1.running_mean',
    '_bn1.running_var',
    '_fc.weight',
    '_fc.bias',
  ])
  for (const [ours, theirs] of [
    ['stem.conv.weight', '_conv_stem.weight'],
    ['stem.bn.running_var', '_bn0.running_var'],
    ['blocks.0.depthwise.bn.bias', '_blocks.0._bn1.bias'],
    ['blocks.7.expand.bn.running_mean', '_blocks.7._bn0.running_mean'],
    ['blocks.7.depthwise.conv.weight', '_blocks.7._depthwise_conv.weight'],
    ['blocks.15.project.bn.weight', '_blocks.15._bn2.weight'],
  ] as const) {
    expect(number(tensors, `backbone.body.${ours}`), ours).toBe(number(weights, theirs))
  }
})

test("the pyramid takes lite0's last blocks at strides 8, 16 and 32", () => {
  const taps = LITE0_STAGE_ENDS.slice(1).map((block) => ({
    stride: LITE0_BLOCKS.slice(0, block + 1).reduce((stride, each) => stride * each.stride, 2),
    next: LITE0_BLOCKS[block + 1]?.stride,
    channels: LITE0_BLOCKS[block]!.outputs,
  }))
  expect(taps).toEqual([
    { stride: 8, next: 2, channels: 40 },
    { stride: 16, next: 2, channels: 112 },
    { stride: 32, next: undefined, channels: 320 },
  ])
  let stride = 2
  for (const [block, each] of LITE0_BLOCKS.entries()) {
    stride *= each.stride
    expect(LITE0_STAGE_OF_BLOCK[block]).toBe(`c${Math.max(2, Math.log2(stride))}`)
  }
})

test.each([
  ['rpn.head.cls_tower.0.weight', 'FCOS authors'],
  ['proposal_generator.fcos_head.cls_tower.0.weight', 'AdelaiDet'],
  ['bbox_head.cls_convs.0.conv.weight', 'MMDetection'],
  ['encoder.weight', 'encoder.weight'],
])('%s belongs to a network that is not built here', (name, mention) => {
  expect(() => canonicalNames(numberedWeights([[name, [1]]]))).toThrow(
    expect.objectContaining({ code: 'WEIGHTS_ARCHITECTURE', message: expect.stringContaining(mention) }),
  )
})
