/** RetinaNet (Lin et al. 2017) as torchvision builds it, as a detector among others: how its parts, a file each, fit the interface. */
import { pyramid } from '../../pyramid/levels.ts'
import type { Detector } from '../detector.ts'
import { PRIOR_BIAS } from '../fcos/head.ts'
import { ANCHORS_PER_LOCATION } from './anchors.ts'
import { RETINANET_ASSIGNER } from './assigner.ts'
import { lite0Config, RetinaNetChoices, RetinaNetConfig, torchvisionConfig } from './config.ts'
import { decodeCandidates } from './decode.ts'
import { type HeadOutputs, type ImageTargets, retinanetLoss } from './loss.ts'
import {
  classScoresAt,
  predictionMaps,
  RETINANET_VIEWS,
  type RetinaNetPredictions,
  type RetinaNetTargetMaps,
  readPrediction,
  readTarget,
  targetMaps,
} from './views.ts'

export const RETINANET: Detector<RetinaNetConfig, ImageTargets, RetinaNetTargetMaps, RetinaNetPredictions> = {
  name: 'retinanet',
  title: 'RetinaNet',
  about: 'one-stage, with anchors; Lin et al., ICCV 2017',
  choice:
    'Nine anchor boxes at each location are fitted to objects. Needs boxes of no unusual sizes or shapes',
  config: RetinaNetConfig,
  choices: RetinaNetChoices,
  presets: { lite0: lite0Config, r50: (classes) => torchvisionConfig(classes, 'v2') },
  pretrained: { r50: ['retinanet_resnet50_fpn_v2_coco', 'retinanet_resnet50_fpn_coco'] },

  describe: ({ loss, assignment: { positive, negative, lowQuality, lowQualityFloor } }) => ({
    settings: {
      'Box loss': loss.box === 'l1' ? 'L1 of the codes' : 'GIoU',
      'Losses per': loss.per,
      Matching: `positive from IoU ${positive}, background below ${negative}`,
      'Low-quality matches': !lowQuality ? 'off' : lowQualityFloor > 0 ? `from IoU ${lowQualityFloor}` : 'on',
    },
    losses: `focal, ${loss.box === 'l1' ? 'L1' : 'GIoU'}`,
    assignment: `nine anchors per location, matched from IoU ${positive}`,
  }),
  torchvision: ({ architecture, head: { norm, p6 } }) => {
    if (architecture !== 'r50' || (norm === 'group') !== (p6 === 'C5')) return undefined
    return norm === 'group' ? 'retinanet_resnet50_fpn_v2' : 'retinanet_resnet50_fpn'
  },
  fromTorchvision(shapeOf, classes) {
    const [codes] = shapeOf('head.regression_head.bbox_reg.bias') ?? []
    const [outputs] = shapeOf('head.classification_head.cls_logits.bias') ?? []
    if (codes !== 4 * ANCHORS_PER_LOCATION || outputs === undefined || outputs % ANCHORS_PER_LOCATION !== 0)
      return null
    const version = shapeOf('head.classification_head.conv.0.1.weight') ? 'v2' : 'v1'
    return torchvisionConfig(classes(outputs / ANCHORS_PER_LOCATION), version)
  },
  // Before torchvision 0.14, each convolution and each ReLU was an entry of its own.
  presentName: (name) =>
    name.replace(
      /^(head\.\w+_head\.conv)\.([0246])\.(weight|bias)$/,
      (_, root, at, kind) => `${root}.${at / 2}.0.${kind}`,
    ),

  grid: (input) => pyramid(input, 'corner'),
  cellsPerLocation: ANCHORS_PER_LOCATION,

  head({ head: { channels, depth, norm, groups, p6 }, classes }) {
    const [classification, regression] = ['head.classification_head', 'head.regression_head']
    return {
      ...{ channels, depth, norm, groups, p6, layout: 'blocks', parameters: [] },
      towers: [
        {
          root: classification,
          outputs: [
            {
              name: 'logits',
              tensor: `${classification}.cls_logits`,
              channels: ANCHORS_PER_LOCATION * classes.length,
              perClass: true,
              bias: PRIOR_BIAS,
              meaning: 'a score of each class per anchor',
            },
          ],
        },
        {
          root: regression,
          outputs: [
            {
              name: 'regression',
              tensor: `${regression}.bbox_reg`,
              channels: ANCHORS_PER_LOCATION * 4,
              bias: 0,
              meaning: 'codes relative to nine anchors',
            },
          ],
        },
      ],
    }
  },

  targets: (grid, { assignment }, objects) => ({
    ...objects,
    matched: RETINANET_ASSIGNER.over(grid, assignment, objects.boxes).assign(),
  }),
  loss({ config, grid, outputs, targets, normaliser, gradients }) {
    const { classification, box, positives } = retinanetLoss({
      ...{ grid, targets, normaliser, config: config.loss },
      outputs: outputs as HeadOutputs,
      gradients: gradients as HeadOutputs,
    })
    return { losses: { classification, box }, figures: {}, positives, parameterGradients: {} }
  },
  summary: ({ classification, box }) => `class ${classification.toFixed(3)}, box ${box.toFixed(3)}`,
  losses: [
    { name: 'classification', title: 'class' },
    { name: 'box', title: 'box' },
  ],
  figures: [],

  decode: decodeCandidates,
  quality: null,
  nms: 0.5,
  ranking: 'class probability',
  score: (p) => p,

  assigner: RETINANET_ASSIGNER,
  ruleFields: [
    { name: 'positive', title: 'Positive from IoU', kind: 'number', min: 0.05, max: 1, step: 0.05 },
    { name: 'negative', title: 'Background below', kind: 'number', min: 0, max: 1, step: 0.05 },
    {
      ...{ name: 'lowQuality', title: 'Low-quality matches', kind: 'switch' },
      hint: 'The anchors that fit a box best learn one, however badly they fit',
    },
    {
      ...{ name: 'lowQualityFloor', title: '… from IoU', kind: 'number', min: 0, max: 0.5, step: 0.05 },
      hint: '0: as torchvision, where boxes of a few pixels win dozens of anchors',
    },
  ],
  targetMaps: (grid, _, boxes, matched, into) => targetMaps(grid, boxes, matched, into),
  predictionMaps,
  classScoresAt: (outputs, location) => {
    const { logits, regression } = outputs as HeadOutputs
    return classScoresAt({ logits, regression }, logits.length / (regression.length / 4), location)
  },
  readTarget,
  readPrediction,
  views: RETINANET_VIEWS,
}
