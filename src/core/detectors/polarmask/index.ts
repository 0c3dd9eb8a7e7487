/** PolarMask (Xie et al., CVPR 2020) as a detector among others: FCOS with the distances to an outline along n rays. */
import { pyramid } from '../../pyramid/levels.ts'
import type { Detector } from '../detector.ts'
import { LOCATION_CLASSES, LOG_DISTANCES } from '../fcos/head.ts'
import { classScoresAt } from '../fcos/views.ts'
import { POLARMASK_ASSIGNER } from './assigner.ts'
import {
  FEWEST_RAYS,
  lite0Preset,
  MOST_RAYS,
  PolarMaskChoices,
  PolarMaskConfig,
  r50Preset,
} from './config.ts'
import { decodeOutlines, RANKING } from './decode.ts'
import { type PolarImageTargets, polarLoss } from './loss.ts'
import { polarObjects } from './objects.ts'
import { targets } from './targets.ts'
import {
  POLARMASK_VIEWS,
  type PolarMaskPredictions,
  type PolarMaskTargetMaps,
  predictionMaps,
  readPrediction,
  readTarget,
  targetMaps,
} from './views.ts'

/** An untrained classifier predicts 0.01 everywhere (focal loss, section 4.1). */
const CLASS_BIAS = -Math.log(99)
/** Untrained lengths in strides are those that center sampling makes usual. */
const STRIDES_BIAS = Math.log(3)

export const POLARMASK: Detector<
  PolarMaskConfig,
  PolarImageTargets,
  PolarMaskTargetMaps,
  PolarMaskPredictions
> = {
  name: 'polarmask',
  title: 'PolarMask',
  about: 'one-stage instance segmentation, anchor-free, masks as rays; Xie et al., CVPR 2020',
  choice:
    'As FCOS, and finds the outline too, as rays from a location inside it. Needs objects with outlines',
  learnsOutlines: true,
  config: PolarMaskConfig,
  choices: PolarMaskChoices,
  presets: { lite0: lite0Preset, r50: r50Preset },
  pretrained: {},

  describe: ({ assignment: { rays, count }, head: { suppression } }) => ({
    settings: {
      Rays: `${count}, ${rays === 'exact' ? 'exact' : "as in the authors' program"}`,
      'Suppression by overlap of': suppression,
    },
    losses: 'focal, IoU for boxes, polar IoU for rays, binary cross-entropy for polar centerness',
    assignment: 'center sampling with radius 1.5 around the centroid of the mask',
  }),
  torchvision: () => undefined,

  grid: (input) => pyramid(input, 'half-stride'),
  cellsPerLocation: 1,
  head({ head: { channels, depth, norm, groups, unit }, assignment: { count }, classes }) {
    const roots = ['classification', 'regression', 'mask'].map((name) => `head.${name}_head`)
    const [classification, regression, mask] = roots as [string, string, string]
    const bias = unit === 'strides' ? STRIDES_BIAS : 0
    const sides = unit === 'pixels' ? LOG_DISTANCES : 'logarithms of distances to the sides in strides'
    return {
      ...{ channels, depth, norm, groups },
      towers: [
        {
          root: classification,
          outputs: [
            {
              ...{ name: 'logits', tensor: `${classification}.cls_logits`, bias: CLASS_BIAS },
              ...{ channels: classes.length, perClass: true, meaning: LOCATION_CLASSES },
            },
            {
              ...{ name: 'centerness', tensor: `${classification}.bbox_ctrness`, channels: 1, bias: 0 },
              meaning: 'polar centerness',
            },
          ],
        },
        {
          root: regression,
          outputs: [
            {
              ...{ name: 'regression', tensor: `${regression}.bbox_reg`, channels: 4, bias },
              meaning: sides,
            },
          ],
        },
        {
          root: mask,
          outputs: [
            {
              ...{ name: 'rays', tensor: `${mask}.rays`, channels: count, bias },
              meaning: `logarithms of lengths of rays in ${unit}`,
            },
          ],
        },
      ],
      parameters: [
        {
          ...{ name: 'scales', tensor: `${regression}.scales`, shape: [5] },
          meaning: `a factor of ${sides}`,
        },
        {
          ...{ name: 'rayScales', tensor: `${mask}.scales`, shape: [5] },
          meaning: `a factor of logarithms of lengths of rays in ${unit}`,
        },
      ],
    }
  },

  targets(grid, { assignment }, objects) {
    const learnt = targets(grid, polarObjects(grid.input, objects.boxes, objects), assignment)
    return { ...learnt, classes: objects.classes }
  },
  loss({ config, grid, outputs, parameters, targets, normaliser, gradients }) {
    const positives = targets.reduce((sum, { location }) => sum + location.length, 0)
    const loss = polarLoss({
      ...{ outputs, targets, grid, gradients, ...config.loss },
      unit: config.head.unit,
      rays: config.assignment.count,
      scales: parameters.scales,
      rayScales: parameters.rayScales,
      // The authors': so that a batch without positives is ordinary.
      normaliser: normaliser(positives + targets.length),
    })
    const { classification, box, mask, centerness, centernessFloor, scaleGradient, rayScaleGradient } = loss
    return {
      losses: { classification, box, mask, centerness },
      figures: { centernessExcess: centerness - centernessFloor },
      positives,
      parameterGradients: { scales: scaleGradient, rayScales: rayScaleGradient },
    }
  },
  summary: ({ classification, box, mask, centernessExcess }) =>
    `class ${classification.toFixed(3)}, box ${box.toFixed(3)}, mask ${mask.toFixed(3)}, centerness +${centernessExcess.toFixed(3)}`,
  losses: [
    { name: 'classification', title: 'class' },
    { name: 'box', title: 'box' },
    { name: 'mask', title: 'mask' },
    { name: 'centerness', title: 'centerness' },
  ],
  figures: [
    {
      name: 'centernessExcess',
      title: 'Centerness above its floor',
      line: 'excess',
      unit: 'Loss above 0',
    },
  ],

  decode: decodeOutlines,
  suppression: ({ head }) => head.suppression,
  quality: { name: 'centerness', title: 'Polar centerness' },
  nms: 0.6,
  ranking: 'class probability × (polar centerness + ½) / 1.5',
  score: RANKING.score,

  assigner: POLARMASK_ASSIGNER,
  ruleFields: [
    { name: 'count', title: 'Rays', kind: 'number', min: FEWEST_RAYS, max: MOST_RAYS, step: 4 },
    {
      ...{ name: 'rays', title: 'Length of rays', kind: 'choice' },
      options: [
        ['exact', 'To where they leave the outline'],
        ['code', 'To the nearest of its pixels (authors)'],
      ],
    },
  ],
  targetMaps: (grid, { assignment }, boxes, matched, into, details) =>
    targetMaps(grid, assignment, boxes, matched, into, details),
  predictionMaps,
  classScoresAt: (outputs, location) =>
    classScoresAt(outputs as Parameters<typeof classScoresAt>[0], location),
  readTarget,
  readPrediction,
  views: POLARMASK_VIEWS,
}
