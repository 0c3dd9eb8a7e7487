/** CenterNet ("Objects as Points", Zhou et al. 2019) as a detector among others. */
import type { Size } from '../../geometry/box.ts'
import type { Pyramid } from '../../pyramid/levels.ts'
import type { Detector } from '../detector.ts'
import { CENTERNET_ASSIGNER } from './assigner.ts'
import { CenterNetChoices, CenterNetConfig, lite0Preset, r50Preset } from './config.ts'
import { decodePeaks } from './decode.ts'
import { centerNetLoss } from './loss.ts'
import { type CenterNetTargets, STRIDE, targets } from './targets.ts'
import {
  CENTERNET_VIEWS,
  type CenterNetPredictions,
  type CenterNetTargetMaps,
  classScoresAt,
  predictionMaps,
  readingOf,
  targetMaps,
} from './views.ts'

/** Initial bias of the heat map's last layer, with which an untrained model predicts 0.1 everywhere. */
const HEAT_BIAS = -2.19

const ROOT = 'head.centernet'

/** The grid has one level. Its locations are the middles of cells, while centres and offsets count from the corners of cells. */
function grid({ width, height }: Size): Pyramid {
  const [columns, rows] = [Math.ceil(width / STRIDE), Math.ceil(height / STRIDE)]
  const spacing = { x: STRIDE, y: STRIDE }
  const offset = { x: STRIDE / 2, y: STRIDE / 2 }
  return {
    input: { width, height },
    levels: [{ name: 'P2', stride: STRIDE, columns, rows, first: 0, spacing, offset }],
    locations: columns * rows,
  }
}

export const CENTERNET: Detector<
  CenterNetConfig,
  CenterNetTargets,
  CenterNetTargetMaps,
  CenterNetPredictions
> = {
  name: 'centernet',
  title: 'CenterNet',
  about: 'one-stage, anchor-free, objects as points without NMS; Zhou et al., 2019',
  choice: 'Finds objects as peaks at their centres, without NMS. Needs boxes, no two with the same centre',
  config: CenterNetConfig,
  choices: CenterNetChoices,
  presets: { lite0: lite0Preset, r50: r50Preset },
  pretrained: {},

  describe: ({ assignment: { radius, minOverlap, maxObjects } }) => ({
    settings: {
      'Radius of peaks': `${radius}, IoU ${minOverlap}`,
      'Objects per image': `${maxObjects} at most`,
    },
    losses: 'focal with a penalty that is reduced around centres, L1 for size and offset',
    assignment: 'the cell of stride 4 that holds the centre',
  }),
  torchvision: () => undefined,

  grid,
  cellsPerLocation: 1,
  oneCellPerObject: true,
  head({ head: { widths, norm, headNorm, groups, laterals }, classes }) {
    const tower = (name: string, meaning: string, channels: number, bias: number) => ({
      root: `${ROOT}.${name}`,
      outputs: [{ name, tensor: `${ROOT}.${name}.out`, channels, bias, meaning, perClass: name === 'heat' }],
    })
    return {
      neck: { widths, norm, groups, laterals },
      ...{ channels: widths.at(-1)!, depth: 1, norm: headNorm, groups, outputKernel: 1 },
      towers: [
        tower('heat', 'peaks of each class', classes.length, HEAT_BIAS),
        tower('size', 'width and height in cells', 2, 0),
        tower('offset', 'the part of the centre that the cells cut off', 2, 0),
      ],
      parameters: [],
    }
  },

  targets({ levels: [{ columns, rows }] }, { assignment, classes }, objects) {
    const cells = objects.boxes.map((value) => value / STRIDE)
    return targets({ columns, rows }, assignment, cells, objects.classes, classes.length)
  },
  loss({ config, outputs, targets, normaliser, gradients }) {
    const { heat, size, offset, peaks, objects } = centerNetLoss({
      ...{ outputs, targets, normaliser, gradients, ...config.loss },
      classes: config.classes.length,
    })
    return {
      losses: { heat, size, offset },
      figures: { withoutPeak: objects - peaks },
      positives: peaks,
      parameterGradients: {},
    }
  },
  summary: ({ heat, size, offset }) =>
    `heat map ${heat.toFixed(3)}, size ${size.toFixed(3)}, offset ${offset.toFixed(3)}`,
  losses: [
    { name: 'heat', title: 'heat map' },
    { name: 'size', title: 'size' },
    { name: 'offset', title: 'offset' },
  ],
  figures: [
    {
      name: 'withoutPeak',
      title: 'Objects without a peak of their own',
      line: 'objects',
      unit: 'Objects per batch',
    },
  ],

  decode: decodePeaks,
  suppression: () => 'none',
  quality: null,
  nms: 0.6,
  ranking: 'class probability at a peak of the heat map',
  score: (p) => p,

  assigner: CENTERNET_ASSIGNER,
  ruleFields: [
    {
      ...{ name: 'radius', title: 'Radius of peaks', kind: 'choice' },
      options: [
        ['authors', 'The published program’s'],
        ['corrected', 'The paper’s formula, 3 to 4 times smaller'],
      ],
    },
    {
      ...{ name: 'minOverlap', title: 'Least IoU', kind: 'number', min: 0.1, max: 0.9, step: 0.05 },
      hint: 'The IoU that a box shifted by the radius keeps at least',
    },
    {
      ...{ name: 'maxObjects', title: 'Objects at most', kind: 'number', min: 1, max: 512, step: 1 },
      hint: 'Objects of an image beyond these are background',
    },
  ],
  targetMaps: (grid, { assignment }, boxes, matched, into, details) =>
    targetMaps(grid, assignment, boxes, matched, into, details),
  predictionMaps,
  classScoresAt,
  readTarget: readingOf,
  readPrediction: readingOf,
  views: CENTERNET_VIEWS,
}
