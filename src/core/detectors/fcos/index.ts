/** FCOS (Tian et al. 2019) as a detector among others: how its parts, a file each, fit the interface. */
import { pyramid } from '../../pyramid/levels.ts'
import type { Assigner, Assignment } from '../assigner.ts'
import type { Detector, HeadParameters, Outputs } from '../detector.ts'
import { assign, precedence, strongerBoxes } from './assign.ts'
import { type AssignmentRules, FcosChoices, FcosConfig, maskTitle } from './config.ts'
import { decodeCandidates, score } from './decode.ts'
import { emptyWindow, findEligible, forEachRun, isLearning, limitsOf } from './eligible.ts'
import { describeOutcome, explain, obstacleOf } from './explain.ts'
import { CENTERNESS, fcosHead, LOG_DISTANCES, STRIDE_DISTANCES } from './head.ts'
import { fcosLoss, type HeadOutputs, type ImageTargets } from './loss.ts'
import { maskedAssignment } from './mask-assigner.ts'
import { lite0Config, torchvisionConfig } from './presets.ts'
import { centerness, positives } from './targets.ts'
import {
  classScoresAt,
  FCOS_VIEWS,
  type FcosPredictions,
  type FcosTargetMaps,
  maskMaps,
  predictionMaps,
  readPrediction,
  readTarget,
  targetMaps,
} from './views.ts'

/**
 * With d = stride·relu(s·x), x near 0 leaves half of all sides without a gradient; a new regression layer starts at
 * distances of a few cells instead.
 */
const RELU_DISTANCE_BIAS = 3

const FCOS_ASSIGNER: Assigner<AssignmentRules> = {
  over(grid, rules, boxes, details = {}) {
    const window = emptyWindow()
    const limits = grid.levels.map((level) => limitsOf(level, rules))
    let strengths: Float64Array | undefined
    const plain: Assignment = {
      ...{ grid, boxes, stronger: 'smaller boxes' },
      assign: (into) => assign(grid, rules, boxes, into),
      eligible(gt, visit, only) {
        for (const [i, level] of grid.levels.entries()) {
          if ((only !== undefined && i !== only) || !findEligible(level, limits[i], boxes, gt, window))
            continue
          forEachRun(level, window, (start, end) => visit(start, end, i))
        }
      },
      strength(gt) {
        // Asked of the same boxes at many locations, or not at all.
        strengths ??= strengthsOf(rules.area, boxes)
        return strengths[gt]
      },
      rivals: (gt) => strongerBoxes(rules.area, boxes, gt),
      quality(gt, location, level) {
        const { first, columns, offset, spacing } = grid.levels[level]
        const row = Math.floor((location - first) / columns)
        const x = offset.x + (location - first - row * columns) * spacing.x
        const y = offset.y + row * spacing.y
        return centerness(
          Math.fround(x - boxes[gt * 4]),
          Math.fround(y - boxes[gt * 4 + 1]),
          Math.fround(boxes[gt * 4 + 2] - x),
          Math.fround(boxes[gt * 4 + 3] - y),
        )
      },
      learns: (level) => isLearning(grid.levels[level], rules),
      explain(index) {
        const { location, boxes: outcomes } = explain(grid, rules, boxes, index)
        return outcomes.map((one) => ({
          gt: one.gt,
          positive: one.outcome.test === 'positive',
          describe: (nameOf) => describeOutcome(one, location, nameOf),
        }))
      },
      obstacle: (gt) => obstacleOf(grid, rules, boxes, gt),
    }
    const { masks } = rules
    // Outlines may be made when they are asked for.
    const outlines = masks && details.outlines
    return masks && outlines ? maskedAssignment(grid, { ...rules, masks }, boxes, outlines, plain) : plain
  },
}

function strengthsOf(rule: AssignmentRules['area'], boxes: Float32Array): Float64Array {
  const strengths = new Float64Array(boxes.length / 4)
  for (let gt = 0; gt < strengths.length; gt++) strengths[gt] = -precedence(rule, boxes, gt)
  return strengths
}

/** What the quality branch may learn, as the meaning of its output too. */
const QUALITIES = { centerness: CENTERNESS, iou: 'the IoU of the box' } as const

/** Without a quality branch each location has the logit of quality 1. */
const withQuality = (outputs: Outputs): HeadOutputs =>
  (outputs.centerness
    ? outputs
    : {
        ...outputs,
        centerness: new Float32Array(outputs.regression.length / 4).fill(Number.POSITIVE_INFINITY),
      }) as HeadOutputs

const scalesOf = ({ scales }: HeadParameters): Float32Array | undefined => scales

export const FCOS: Detector<FcosConfig, ImageTargets, FcosTargetMaps, FcosPredictions> = {
  name: 'fcos',
  title: 'FCOS',
  about: 'one-stage, anchor-free; Tian et al., ICCV 2019',
  choice:
    'Each location inside an object learns the distances to its sides. Needs boxes; the one to begin with',
  config: FcosConfig,
  choices: FcosChoices,
  presets: { lite0: (classes) => lite0Config(classes), r50: torchvisionConfig },
  pretrained: { r50: ['fcos_resnet50_fpn_coco'] },

  describe: ({ loss, head, assignment: { radius, masks } }) => ({
    settings: {
      'Box loss': `${loss.box}, ${loss.boxWeight === 'none' ? 'unweighted' : 'weighted by centerness'}`,
      'Quality branch':
        loss.quality === 'none'
          ? 'none'
          : `${QUALITIES[loss.quality ?? 'centerness']}, on ${
              head.centernessOn === 'own' ? 'a tower of its own' : `the ${head.centernessOn} tower`
            }`,
      'Center sampling': radius === 0 ? 'off' : `radius ${radius}`,
      ...(masks && { Masks: maskTitle(masks) }),
    },
    losses: `focal, ${loss.box === 'giou' ? 'GIoU' : 'IoU'}${
      loss.quality === 'none' ? '' : `, binary cross-entropy for ${QUALITIES[loss.quality ?? 'centerness']}`
    }`,
    assignment: `center sampling with radius ${radius}`,
  }),
  torchvision: ({ architecture }) => (architecture === 'r50' ? 'fcos_resnet50_fpn' : undefined),
  // Of all detectors, FCOS alone predicts centerness.
  fromTorchvision: (shapeOf, classes) =>
    shapeOf('head.regression_head.bbox_ctrness.weight') ||
    shapeOf('head.classification_head.bbox_ctrness.weight')
      ? torchvisionConfig(classes(shapeOf('head.classification_head.cls_logits.bias')?.[0] ?? 91))
      : null,

  grid: (input, { assignment }) => pyramid(input, assignment.location),
  cellsPerLocation: 1,

  head: ({ head, loss, classes }) =>
    fcosHead(
      head,
      classes.length,
      head.distance === 'relu'
        ? { bias: RELU_DISTANCE_BIAS, meaning: STRIDE_DISTANCES }
        : { bias: 0, meaning: LOG_DISTANCES },
      loss.quality === 'none' ? null : QUALITIES[loss.quality ?? 'centerness'],
    ),

  targets(grid, { assignment }, { boxes, classes, outlines }) {
    const matched = FCOS_ASSIGNER.over(grid, assignment, boxes, { outlines }).assign()
    return { positives: positives(grid, boxes, matched), classes }
  },

  loss({ config, grid, outputs, parameters, targets, normaliser, gradients }) {
    const count = targets.reduce((sum, image) => sum + image.positives.location.length, 0)
    const loss = fcosLoss({
      outputs: withQuality(outputs),
      targets,
      pyramid: grid,
      distance: config.head.distance,
      scales: scalesOf(parameters),
      config: config.loss,
      normaliser: normaliser(count),
      gradients: gradients as HeadOutputs,
    })
    const { classification, box, centerness, centernessFloor, scaleGradient } = loss
    const isLearned = config.loss.quality !== 'none'
    return {
      losses: { classification, box, ...(isLearned && { centerness }) },
      figures: isLearned ? { centernessExcess: centerness - centernessFloor } : {},
      positives: count,
      parameterGradients: { scales: Float32Array.from(scaleGradient) },
    }
  },
  summary: ({ classification, box, centernessExcess }) =>
    `class ${classification.toFixed(3)}, box ${box.toFixed(3)}${centernessExcess === undefined ? '' : `, centerness +${centernessExcess.toFixed(3)}`}`,
  losses: [
    { name: 'classification', title: 'class' },
    { name: 'box', title: 'box' },
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

  decode({ config, grid, outputs, parameters, ...options }) {
    return decodeCandidates(withQuality(outputs), {
      ...options,
      pyramid: grid,
      distance: config.head.distance,
      scales: scalesOf(parameters),
    })
  },
  quality: { name: 'centerness', title: 'Centerness' },
  nms: 0.6,
  ranking: '√(class probability × centerness)',
  score,

  assigner: FCOS_ASSIGNER,
  targetMaps(grid, { assignment, loss }, boxes, matched, into, details) {
    const maps = targetMaps(grid, loss.boxWeight, boxes, matched, into)
    maps.masks = maskMaps(grid, assignment, boxes, details)
    return maps
  },
  predictionMaps: ({ config, grid, outputs, parameters }) =>
    predictionMaps(outputs as HeadOutputs, {
      pyramid: grid,
      quality: config.loss.quality,
      distance: config.head.distance,
      scales: scalesOf(parameters) ?? null,
    }),
  classScoresAt: (outputs, location) => classScoresAt(withQuality(outputs), location),
  readTarget,
  readPrediction,
  views: FCOS_VIEWS,
}
