/** ATSS (Zhang et al. 2020) as a detector among others: FCOS's head, with an assignment and codes of its own. */
import type { Detector, HeadParameters } from '../detector.ts'
import { decodeCandidates, type ImageOutputs, score } from '../fcos/decode.ts'
import { CENTERNESS, fcosHead, STRIDE_DISTANCES } from '../fcos/head.ts'
import { FCOS } from '../fcos/index.ts'
import type { HeadOutputs, ImageTargets } from '../fcos/loss.ts'
import {
  FCOS_VIEWS,
  type FcosPredictions,
  type FcosTargetMaps,
  predictionMaps,
  readPrediction,
  readTarget,
  targetMaps,
} from '../fcos/views.ts'
import { anchorCentres, assign } from './assign.ts'
import { ATSS_ASSIGNER } from './assigner.ts'
import { AtssChoices, AtssConfig, atssConfig } from './config.ts'
import { atssLoss, type Coding, Decoder, learned } from './learn.ts'

/** Where distances are regressed, new layers start at a few cells instead of at the kink of ReLU; the authors' value. */
const POINT_BIAS = 4

const codingOf = ({ head, assignment }: AtssConfig, { scales }: HeadParameters): Coding => ({
  ...{ kind: head.coding, dialect: assignment.dialect, scales },
})

export const ATSS: Detector<AtssConfig, ImageTargets, FcosTargetMaps, FcosPredictions> = {
  name: 'atss',
  title: 'ATSS',
  about: 'one-stage, with one square anchor per location and adaptive assignment; Zhang et al., CVPR 2020',
  choice:
    'As FCOS, but an object is learnt where square anchors overlap it best. Needs boxes, and no ranges of sizes',
  config: AtssConfig,
  choices: AtssChoices,
  presets: {
    lite0: (classes) => atssConfig('lite0', classes),
    r50: (classes) => atssConfig('r50', classes),
  },
  pretrained: {},

  describe: ({ loss, head, assignment: { candidates, dialect, atLeastOne } }) => ({
    settings: {
      'Box loss': `${loss.box}, ${loss.boxWeight === 'none' ? 'unweighted' : 'weighted by centerness'}, × ${loss.boxFactor}`,
      'Box coding': head.coding === 'box' ? 'relative to a square anchor' : 'distances to the sides',
      Candidates: `${candidates} per level, ${dialect === 'authors' ? 'as the authors' : 'as MMDetection'}`,
      'At least one location per box': atLeastOne ? 'on' : 'off',
    },
    losses: `focal, ${loss.box === 'giou' ? 'GIoU' : 'IoU'}, binary cross-entropy for centerness`,
    assignment: `adaptive, ${candidates} candidates per level`,
  }),
  torchvision: () => undefined,

  grid: (input, { assignment }) => anchorCentres(input, assignment.dialect),
  cellsPerLocation: 1,
  head: ({ head, classes }) =>
    fcosHead(
      head,
      classes.length,
      head.coding === 'point'
        ? { bias: POINT_BIAS, meaning: STRIDE_DISTANCES }
        : { bias: 0, meaning: 'codes relative to a square anchor' },
      CENTERNESS,
    ),

  targets: (grid, { assignment }, { boxes, classes }) => ({
    positives: learned(grid, boxes, assign(grid, assignment, boxes).matched),
    classes,
  }),
  loss({ config, grid, outputs, parameters, targets, normaliser, gradients }) {
    const positives = targets.reduce((sum, image) => sum + image.positives.location.length, 0)
    const { classification, box, centerness, centernessFloor, scaleGradient } = atssLoss({
      ...{ grid, targets, config: config.loss, coding: codingOf(config, parameters) },
      outputs: outputs as HeadOutputs,
      gradients: gradients as HeadOutputs,
      normaliser: normaliser(positives),
    })
    return {
      losses: { classification, box, centerness },
      figures: { centernessExcess: centerness - centernessFloor },
      positives,
      parameterGradients: { scales: scaleGradient },
    }
  },
  summary: FCOS.summary,
  losses: FCOS.losses,
  figures: FCOS.figures,

  decode({ config, grid, outputs, parameters, ...options }) {
    const decoder = new Decoder(grid, codingOf(config, parameters))
    const { regression } = outputs as ImageOutputs
    return decodeCandidates(outputs as ImageOutputs, {
      ...options,
      ...{ pyramid: grid, distance: 'relu' },
      // The authors ask the class score alone.
      classThreshold: options.scoreThreshold,
      sidesAt: (location) => decoder.sides(regression, location, location),
    })
  },
  quality: FCOS.quality,
  nms: 0.6,
  ranking: FCOS.ranking,
  score,

  assigner: ATSS_ASSIGNER,
  ruleFields: [
    { name: 'candidates', title: 'k, per level', kind: 'number', min: 3, max: 19, step: 1 },
    {
      ...{ name: 'dialect', title: 'Anchors', kind: 'choice' },
      options: [
        ['authors', 'Centre of the cell, last pixel counted (authors)'],
        ['mmdet', 'Corner of the cell (MMDetection)'],
      ],
    },
    {
      ...{ name: 'atLeastOne', title: 'One location at least', kind: 'switch' },
      hint: 'A box that wins no location gets its best candidate. Off: as in the paper',
    },
  ],
  targetMaps(grid, { loss }, boxes, matched, into) {
    const maps = targetMaps(grid, loss.boxWeight, boxes, matched, into)
    const { location, ltrb, centerness } = learned(grid, boxes, matched)
    for (const [i, at] of location.entries()) {
      maps.ltrb.set(ltrb.subarray(i * 4, i * 4 + 4), at * 4)
      maps.centerness[at] = centerness[i]
      maps.boxWeight[at] = loss.boxWeight === 'centerness' ? centerness[i] : 1
    }
    return maps
  },
  predictionMaps({ config, grid, outputs, parameters }) {
    const found = outputs as ImageOutputs
    const decoder = new Decoder(grid, codingOf(config, parameters))
    const maps = predictionMaps(found, { pyramid: grid, distance: 'relu', scales: null })
    for (let at = 0; at < grid.locations; at++) maps.ltrb.set(decoder.sides(found.regression, at, at), at * 4)
    return maps
  },
  classScoresAt: FCOS.classScoresAt,
  readTarget,
  readPrediction,
  views: FCOS_VIEWS,
}
