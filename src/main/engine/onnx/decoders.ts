/**
 * From what a head puts out to detections, as ONNX operations: for each detector what its `decode` in core/detectors does,
 * then the selection of core/detectors/shared/select.ts. N images, K classes, M candidates of an image over all levels.
 */

import { ANCHOR_STRIDES } from '../../../core/detectors/atss/assign.ts'
import type { AtssConfig } from '../../../core/detectors/atss/config.ts'
import { codeOf } from '../../../core/detectors/atss/learn.ts'
import type { CenterNetConfig } from '../../../core/detectors/centernet/config.ts'
import { STRIDE } from '../../../core/detectors/centernet/targets.ts'
import { detectorOf, type ModelConfig } from '../../../core/detectors/detectors.ts'
import type { FcosConfig } from '../../../core/detectors/fcos/config.ts'
import { MAX_EXPONENT } from '../../../core/detectors/fcos/distances.ts'
import type { PolarMaskConfig } from '../../../core/detectors/polarmask/config.ts'
import { OFFSET } from '../../../core/detectors/polarmask/decode.ts'
import { rayDirection } from '../../../core/detectors/polarmask/rays.ts'
import { ANCHORS_PER_LOCATION, anchorsOf } from '../../../core/detectors/retinanet/anchors.ts'
import type { RetinaNetConfig } from '../../../core/detectors/retinanet/config.ts'
import { RETINANET_CODE } from '../../../core/detectors/retinanet/loss.ts'
import { type BoxCode, MAX_LOG_RATIO } from '../../../core/detectors/shared/box-codes.ts'
import { CANDIDATES_PER_LEVEL } from '../../../core/detectors/shared/select.ts'
import { CodedError } from '../../../core/errors.ts'
import { type LocationRule, STRIDES } from '../../../core/pyramid/levels.ts'
import type { DetectionOptions } from '../detect/options.ts'
import type { Graph, Name } from './graph.ts'
import type { LevelOutputs } from './network.ts'

export interface DecodeContext<Config> {
  readonly graph: Graph
  readonly config: Config
  /** P3 to P7. */
  readonly levels: readonly LevelOutputs[]
  /** Values of the head's own parameters, by name. */
  readonly parameters: Readonly<Record<string, Float32Array>>
  /** Least score of a detection. */
  readonly score: number
  /** Of the network's input, an int64 of shape [1] each. */
  readonly height: Name
  readonly width: Name
}

interface Candidates {
  /** [N, M, 4] x1, y1, x2, y2 in pixels of the input, clipped to it. */
  readonly boxes: Name
  /** [N, M] */
  readonly scores: Name
  /** [N, M] int64 in 0…K−1. */
  readonly labels: Name
  /** [N, M, 2n] x, y in pixels of the input, clipped to it, where the detector finds outlines. */
  readonly outlines?: Name
}

interface Decoder<Config> {
  /** The candidates of all levels, the best of a level first and equal ones in rising order of cell and class. */
  candidates(context: DecodeContext<Config>): Candidates
  /** False where each candidate is an object, so that there is no NMS. */
  readonly suppresses?: false
}

// biome-ignore lint/suspicious/noExplicitAny: a decoder takes the configuration of its own detector alone, and gets no other
const DECODERS: Readonly<Record<string, Decoder<any>>> = {
  fcos: { candidates: fcosCandidates },
  retinanet: { candidates: retinaNetCandidates },
  centernet: { candidates: centerNetCandidates, suppresses: false },
  atss: { candidates: atssCandidates },
  polarmask: { candidates: polarMaskCandidates },
}

/** @throws CodedError USAGE_ONNX for a model whose decoding is not described here. */
export function requireDecoder(config: ModelConfig): Decoder<ModelConfig> {
  const { detector = 'fcos' } = config
  const decoder = DECODERS[detector]
  const remedy = 'Export its raw outputs with --raw and decode them in your own program'
  if (!decoder)
    throw new CodedError('USAGE_ONNX', `The decoding of ${detector} cannot be written as ONNX yet`, remedy)
  if (detectorOf(config).suppression?.(config) === 'outlines') {
    const what = 'This model suppresses by the overlap of outlines, for which ONNX has no operation'
    throw new CodedError('USAGE_ONNX', what, remedy)
  }
  return decoder
}

export interface Detections {
  /** [D, 4] */
  readonly boxes: Name
  /** [D] */
  readonly scores: Name
  /** [D] int64 */
  readonly labels: Name
  /** [D] int64: the image of the batch, in rising order. */
  readonly batchIndex: Name
  /** [D, n, 2], where the detector finds outlines. */
  readonly outlines?: Name
}

/**
 * Class-wise NMS among the candidates of each image, of which the `limit` best stay, best first; equal scores keep the
 * candidates' order, as in selectDetections.
 */
export function select(
  graph: Graph,
  { boxes, scores, labels, outlines }: Candidates,
  classes: number,
  { score, nms, limit }: DetectionOptions,
  suppresses = true,
): Detections {
  const least = Math.fround(score)
  const kept = suppresses
    ? survivors(graph, { boxes, scores, labels }, classes, { least, nms, limit })
    : scores
  const most = graph.add('Min', [graph.integers([limit]), graph.size(scores, 1)])
  const [best, indices] = graph.addAll('TopK', [kept, most], 2, { axis: 1 })
  const found = graph.add('Transpose', [
    graph.add('NonZero', [graph.add('Greater', [best, graph.float(least)])]),
  ])
  const image = graph.add('Gather', [found, graph.integers([0])], { axis: 1 })
  const candidate = graph.add('Unsqueeze', [graph.add('GatherND', [indices, found]), graph.integers([1])])
  const at = graph.add('Concat', [image, candidate], { axis: 1 })
  return {
    boxes: graph.add('GatherND', [boxes, at]),
    scores: graph.add('GatherND', [best, found]),
    labels: graph.add('GatherND', [labels, at]),
    batchIndex: graph.reshape(image, [-1]),
    ...(outlines && { outlines: pairsOfNumbers(graph, graph.add('GatherND', [outlines, at])) }),
  }
}

/** [D, 2n] → [D, n, 2]; D may be 0. */
function pairsOfNumbers(graph: Graph, values: Name): Name {
  const n = graph.add('Div', [graph.size(values, 1), graph.integers([2])])
  const shape = graph.add('Concat', [graph.size(values, 0), n, graph.integers([2])], { axis: 0 })
  return graph.add('Reshape', [values, shape], { allowzero: 1 })
}

/** Class-wise NMS: the scores [N, M], −1 where a candidate was suppressed, so that the best of an image are a matter of TopK. */
function survivors(
  graph: Graph,
  { boxes, scores, labels }: Candidates,
  classes: number,
  { least, nms, limit }: { readonly least: number; readonly nms: number; readonly limit: number },
): Name {
  // [N, K, M]: every candidate stands in the row of its own class alone.
  const ofClass = graph.add('Equal', [
    graph.add('Unsqueeze', [labels, graph.integers([1])]),
    graph.integers(
      Array.from({ length: classes }, (_, k) => k),
      [1, classes, 1],
    ),
  ])
  const perClass = graph.add('Where', [
    ofClass,
    graph.add('Unsqueeze', [scores, graph.integers([1])]),
    graph.float(-1),
  ])
  const selected = graph.add('NonMaxSuppression', [
    boxes,
    perClass,
    graph.integers([limit]),
    graph.floats([nms]),
    graph.floats([least]),
  ])
  const places = graph.add('Gather', [selected, graph.integers([0, 2])], { axis: 1 })
  const none = graph.add('Expand', [graph.float(-1), graph.add('Shape', [scores])])
  return graph.add('ScatterND', [none, places, graph.add('GatherND', [scores, places])])
}

/** core/detectors/centernet/decode.ts: the peaks of the heat maps, with the size and offset of their cell. */
function centerNetCandidates(context: DecodeContext<CenterNetConfig>): Candidates {
  const { graph, config, levels } = context
  const [{ outputs, rows, columns }] = levels
  const classes = config.classes.length
  const heat = graph.add('Sigmoid', [outputs.heat])
  const grid = graph.add('Concat', [graph.size(heat, 0), rows, columns, graph.integers([classes])], {
    axis: 0,
  })
  const maps = graph.add('Transpose', [graph.add('Reshape', [heat, grid])], { perm: [0, 3, 1, 2] })
  const around = graph.add('MaxPool', [maps], {
    ...{ kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] },
  })
  const peaks = graph.add('Where', [graph.add('Equal', [maps, around]), maps, graph.float(-1)])
  const best = bestPairs(graph, graph.add('Transpose', [peaks], { perm: [0, 2, 3, 1] }), classes)
  const cell = (index: Name) => graph.toFloat(graph.add('Unsqueeze', [index, graph.integers([2])]))
  const [dx, dy] = columnsOf(graph, gatherRows(graph, outputs.offset, best.cells, 2), 2)
  const sizes = gatherRows(graph, outputs.size, best.cells, 2)
  const halves = graph.add('Mul', [graph.add('Relu', [sizes]), graph.float(0.5)])
  const [halfWidth, halfHeight] = columnsOf(graph, halves, 2)
  const x = graph.add('Add', [cell(graph.add('Mod', [best.cells, columns])), dx])
  const y = graph.add('Add', [cell(graph.add('Div', [best.cells, columns])), dy])
  const pixels = (cells: Name) => graph.add('Mul', [cells, graph.float(STRIDE)])
  const boxes = clippedBoxes(context, {
    x1: pixels(graph.add('Sub', [x, halfWidth])),
    y1: pixels(graph.add('Sub', [y, halfHeight])),
    x2: pixels(graph.add('Add', [x, halfWidth])),
    y2: pixels(graph.add('Add', [y, halfHeight])),
  })
  return { boxes, scores: best.scores, labels: best.labels }
}

/** core/detectors/fcos/decode.ts: √(σ(class)·σ(centerness)), and the box that the location's four distances span. */
function fcosCandidates(context: DecodeContext<FcosConfig>): Candidates {
  const { graph, config, levels } = context
  return joined(
    graph,
    levels.map((of, level) => {
      const classScores = graph.add('Sigmoid', [of.outputs.logits])
      const best = bestPairs(graph, withQuality(graph, classScores, of), config.classes.length)
      const stride = STRIDES[level]
      const raw = scaledRows(context, level, 'regression', 4, best.cells)
      const distances = config.head.distance === 'exp' ? exponential(graph, raw) : linear(graph, raw, stride)
      const centre = positions(context, LAYOUTS[config.assignment.location], best.cells, { ...of, stride })
      const boxes = boxesAround(context, centre, columnsOf(graph, distances))
      return { boxes, scores: best.scores, labels: best.labels }
    }),
  )
}

/**
 * core/detectors/atss: FCOS's scores, of pairs whose class score alone passes too; boxes relative to the location's square
 * anchor, or as FCOS's.
 */
function atssCandidates(context: DecodeContext<AtssConfig>): Candidates {
  const { graph, config, levels, score } = context
  const { dialect } = config.assignment
  return joined(
    graph,
    levels.map((of, level) => {
      const classScores = graph.add('Sigmoid', [of.outputs.logits])
      const scored = graph.add('Where', [
        graph.add('Greater', [classScores, graph.float(score)]),
        withQuality(graph, classScores, of),
        graph.float(-1),
      ])
      const best = bestPairs(graph, scored, config.classes.length)
      const stride = STRIDES[level]
      const raw = scaledRows(context, level, 'regression', 4, best.cells)
      const layout = dialect === 'authors' ? LAYOUTS['half-stride'] : { centred: false, even: false }
      const centre = positions(context, layout, best.cells, { ...of, stride })
      const side = graph.float(ANCHOR_STRIDES * stride)
      const boxes =
        config.head.coding === 'point'
          ? boxesAround(context, centre, columnsOf(graph, linear(graph, raw, stride)))
          : boxesFromCodes(context, codeOf(dialect), { ...centre, width: side, height: side }, raw)
      return { boxes, scores: best.scores, labels: best.labels }
    }),
  )
}

/** core/detectors/polarmask/decode.ts: σ(class)·(σ(polar centerness) + ½) / 1.5, with a box and an outline each. */
function polarMaskCandidates(context: DecodeContext<PolarMaskConfig>): Candidates {
  const { graph, config, levels } = context
  const { count } = config.assignment
  return joined(
    graph,
    levels.map((of, level) => {
      const quality = graph.add('Add', [graph.add('Sigmoid', [of.outputs.centerness]), graph.float(OFFSET)])
      const product = graph.add('Mul', [graph.add('Sigmoid', [of.outputs.logits]), quality])
      const scored = graph.add('Div', [product, graph.float(1 + OFFSET)])
      const best = bestPairs(graph, scored, config.classes.length)
      const stride = STRIDES[level]
      const lengths = (output: string, width: number, scales: string) => {
        const raw = scaledRows(context, level, output, width, best.cells, scales)
        const unit = graph.float(config.head.unit === 'strides' ? stride : 1)
        return graph.add('Mul', [exponential(graph, raw), unit])
      }
      const { x, y } = positions(context, LAYOUTS['half-stride'], best.cells, { ...of, stride })
      const boxes = boxesAround(context, { x, y }, columnsOf(graph, lengths('regression', 4, 'scales')))
      const rays = lengths('rays', count, 'rayScales')
      const directions = Array.from({ length: count }, (_, ray) => rayDirection(ray, count))
      const along = (centre: Name, axis: 0 | 1, size: Name) => {
        const steps = graph.floats(directions.map((direction) => direction[axis]))
        const ends = graph.add('Add', [centre, graph.add('Mul', [rays, steps])])
        return graph.add('Unsqueeze', [clipped(graph, ends, size), graph.integers([3])])
      }
      const corners = graph.add('Concat', [along(x, 0, context.width), along(y, 1, context.height)], {
        axis: 3,
      })
      const outlines = graph.reshape(corners, [0, 0, 2 * count])
      return { boxes, scores: best.scores, labels: best.labels, outlines }
    }),
  )
}

/** core/detectors/retinanet/decode.ts: σ(class), and the anchor's box moved and scaled by its code. */
function retinaNetCandidates(context: DecodeContext<RetinaNetConfig>): Candidates {
  const { graph, config, levels } = context
  return joined(
    graph,
    levels.map(({ outputs, ...size }, level) => {
      const best = bestPairs(graph, graph.add('Sigmoid', [outputs.logits]), config.classes.length)
      const perLocation = graph.integer(ANCHORS_PER_LOCATION)
      const locations = graph.add('Div', [best.cells, perLocation])
      const shape = graph.add('Mod', [best.cells, perLocation])
      const stride = STRIDES[level]
      const centre = positions(context, LAYOUTS.corner, locations, { ...size, stride })
      const sides = (values: readonly number[]) =>
        graph.add('Unsqueeze', [graph.add('Gather', [graph.floats(values), shape]), graph.integers([2])])
      const anchors = anchorsOf(stride)
      const width = sides(anchors.map(({ halfWidth }) => 2 * halfWidth))
      const height = sides(anchors.map(({ halfHeight }) => 2 * halfHeight))
      const codes = gatherRows(graph, graph.reshape(outputs.regression, [0, -1, 4]), best.cells, 4)
      const boxes = boxesFromCodes(context, RETINANET_CODE, { ...centre, width, height }, codes)
      return { boxes, scores: best.scores, labels: best.labels }
    }),
  )
}

/** √(σ(class)·σ(centerness)) of all pairs of a level. */
const withQuality = (graph: Graph, classScores: Name, { outputs }: LevelOutputs): Name =>
  graph.add('Sqrt', [
    // Without a quality branch every location counts alike.
    outputs.centerness
      ? graph.add('Mul', [classScores, graph.add('Sigmoid', [outputs.centerness])])
      : classScores,
  ])

/** What an output says at the given cells of a level, times the level's learned scale where the head has one: [N, k, width]. */
function scaledRows(
  { graph, levels, parameters }: DecodeContext<unknown>,
  level: number,
  output: string,
  width: number,
  cells: Name,
  scales = 'scales',
): Name {
  const rows = gatherRows(graph, levels[level].outputs[output], cells, width)
  return graph.add('Mul', [rows, graph.float(parameters[scales]?.[level] ?? 1)])
}

const exponential = (graph: Graph, raw: Name): Name =>
  graph.add('Exp', [graph.add('Min', [raw, graph.float(MAX_EXPONENT)])])

const linear = (graph: Graph, raw: Name, stride: number): Name =>
  graph.add('Mul', [graph.add('Relu', [raw]), graph.float(stride)])

/** Centres x and y [N, k, 1]. */
interface Centre {
  readonly x: Name
  readonly y: Name
}

/** Boxes [N, k, 4] by the distances from their centres to the four sides. */
function boxesAround(
  context: DecodeContext<unknown>,
  { x, y }: Centre,
  [left, top, right, bottom]: readonly Name[],
): Name {
  const { graph } = context
  return clippedBoxes(context, {
    x1: graph.add('Sub', [x, left]),
    y1: graph.add('Sub', [y, top]),
    x2: graph.add('Add', [x, right]),
    y2: graph.add('Add', [y, bottom]),
  })
}

/** core/detectors/shared/box-codes.ts: boxes [N, k, 4] by codes [N, k, 4] relative to anchors, whose sides are [N, k, 1] or scalars. */
function boxesFromCodes(
  context: DecodeContext<unknown>,
  { weights, lastPixel }: BoxCode,
  { x, y, width, height }: Centre & { readonly width: Name; readonly height: Name },
  codes: Name,
): Name {
  const { graph } = context
  const [dx, dy, dw, dh] = columnsOf(graph, graph.add('Div', [codes, graph.floats(weights)]))
  const along = (centre: Name, side: Name, shift: Name, log: Name) => {
    const middle = graph.add('Add', [centre, graph.add('Mul', [shift, side])])
    const ratio = graph.add('Exp', [graph.add('Min', [log, graph.float(MAX_LOG_RATIO)])])
    const half = graph.add('Mul', [graph.add('Mul', [ratio, side]), graph.float(0.5)])
    const reach = lastPixel === 0 ? half : graph.add('Sub', [half, graph.float(lastPixel / 2)])
    return [graph.add('Sub', [middle, reach]), graph.add('Add', [middle, reach])]
  }
  const [x1, x2] = along(x, width, dx, dw)
  const [y1, y2] = along(y, height, dy, dh)
  return clippedBoxes(context, { x1, y1, x2, y2 })
}

/** The candidates of all levels, level by level. */
function joined(graph: Graph, levels: readonly Candidates[]): Candidates {
  const all = (part: keyof Candidates) =>
    graph.add(
      'Concat',
      levels.map((of) => of[part]!),
      { axis: 1 },
    )
  return {
    ...{ boxes: all('boxes'), scores: all('scores'), labels: all('labels') },
    ...(levels[0].outlines && { outlines: all('outlines') }),
  }
}

/**
 * The best pairs of cell and class of a level, as many as may go into NMS.
 *
 * @param scores of all pairs, cell by cell: [N, …].
 * @returns scores, cells and labels [N, k].
 */
function bestPairs(graph: Graph, scores: Name, classes: number) {
  const flat = graph.reshape(scores, [0, -1])
  const most = graph.add('Min', [graph.integers([CANDIDATES_PER_LEVEL]), graph.size(flat, 1)])
  const [best, pairs] = graph.addAll('TopK', [flat, most], 2, { axis: 1 })
  const count = graph.integer(classes)
  return {
    scores: best,
    cells: graph.add('Div', [pairs, count]),
    labels: graph.add('Mod', [pairs, count]),
  }
}

/** values [N, cells, width] at cells [N, k] → [N, k, width]. */
function gatherRows(graph: Graph, values: Name, cells: Name, width: number): Name {
  const each = graph.add('Unsqueeze', [cells, graph.integers([2])])
  return graph.add('GatherElements', [values, graph.add('Expand', [each, graph.integers([1, 1, width])])], {
    axis: 1,
  })
}

/** [N, k, count] → `count` times [N, k, 1]. */
const columnsOf = (graph: Graph, values: Name, count = 4): Name[] =>
  graph.addAll('Split', [values, graph.integers(Array<number>(count).fill(1))], count, { axis: 2 })

/** Sides [N, k, 1] → boxes [N, k, 4] within the input. */
function clippedBoxes(
  { graph, width, height }: Pick<DecodeContext<unknown>, 'graph' | 'width' | 'height'>,
  { x1, y1, x2, y2 }: Readonly<Record<'x1' | 'y1' | 'x2' | 'y2', Name>>,
): Name {
  const sides = [
    clipped(graph, x1, width),
    clipped(graph, y1, height),
    clipped(graph, x2, width),
    clipped(graph, y2, height),
  ]
  return graph.add('Concat', sides, { axis: 2 })
}

/** Positions within 0…size. */
const clipped = (graph: Graph, positions: Name, size: Name): Name =>
  graph.add('Min', [graph.add('Max', [positions, graph.float(0)]), graph.toFloat(size)])

/** How a level's locations lie: in the middles of its cells or in their corners; a stride apart, or even over the input. */
interface Layout {
  readonly centred: boolean
  readonly even: boolean
}

const LAYOUTS: Readonly<Record<LocationRule, Layout>> = {
  'half-stride': { centred: true, even: false },
  corner: { centred: false, even: true },
}

/** Where locations [N, k] of a level lie, in pixels of the input, as core/pyramid/levels.ts has it. */
function positions(
  { graph, width, height }: Pick<DecodeContext<unknown>, 'graph' | 'width' | 'height'>,
  { centred, even }: Layout,
  locations: Name,
  { stride, rows, columns }: { readonly stride: number; readonly rows: Name; readonly columns: Name },
): Centre {
  const place = (index: Name, size: Name, cells: Name): Name => {
    const spacing = even ? graph.add('Div', [size, cells]) : graph.integers([stride])
    const offset = graph.integers([centred ? stride / 2 : 0])
    const at = graph.add('Add', [graph.add('Mul', [index, spacing]), offset])
    return graph.add('Unsqueeze', [graph.toFloat(at), graph.integers([2])])
  }
  return {
    x: place(graph.add('Mod', [locations, columns]), width, columns),
    y: place(graph.add('Div', [locations, columns]), height, rows),
  }
}
