/**
 * From what a head puts out to detections, as ONNX operations: for each detector what its `decode` in core/detectors does,
 * then the selection of core/detectors/shared/select.ts. N images, K classes, M candidates of an image over all levels.
 */

import type { CenterNetConfig } from '../../../core/detectors/centernet/config.ts'
import { STRIDE } from '../../../core/detectors/centernet/targets.ts'
import type { ModelConfig } from '../../../core/detectors/detectors.ts'
import type { FcosConfig } from '../../../core/detectors/fcos/config.ts'
import { MAX_EXPONENT } from '../../../core/detectors/fcos/distances.ts'
import { ANCHORS_PER_LOCATION, anchorsOf } from '../../../core/detectors/retinanet/anchors.ts'
import type { RetinaNetConfig } from '../../../core/detectors/retinanet/config.ts'
import { RETINANET_CODE } from '../../../core/detectors/retinanet/loss.ts'
import { MAX_LOG_RATIO } from '../../../core/detectors/shared/box-codes.ts'
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
}

/** @throws CodedError USAGE_ONNX for a detector whose decoding is not described here. */
export function requireDecoder({ detector = 'fcos' }: Pick<ModelConfig, 'detector'>): Decoder<ModelConfig> {
  const decoder = DECODERS[detector]
  if (decoder) return decoder
  throw new CodedError(
    'USAGE_ONNX',
    `The decoding of ${detector} cannot be written as ONNX yet`,
    'Export its raw outputs with --raw and decode them in your own program',
  )
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
}

/**
 * Class-wise NMS among the candidates of each image, of which the `limit` best stay, best first; equal scores keep the
 * candidates' order, as in selectDetections.
 */
export function select(
  graph: Graph,
  { boxes, scores, labels }: Candidates,
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
  }
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
  const { graph, config, levels, parameters } = context
  return joined(
    graph,
    levels.map(({ outputs, ...size }, level) => {
      const scored = graph.add('Mul', [
        graph.add('Sigmoid', [outputs.logits]),
        graph.add('Sigmoid', [outputs.centerness]),
      ])
      const best = bestPairs(graph, graph.add('Sqrt', [scored]), config.classes.length)
      const stride = STRIDES[level]
      const { x, y } = positions(context, config.assignment.location, best.cells, { ...size, stride })
      const raw = graph.add('Mul', [
        gatherRows(graph, outputs.regression, best.cells, 4),
        graph.float(parameters.scales?.[level] ?? 1),
      ])
      const distances =
        config.head.distance === 'exp'
          ? graph.add('Exp', [graph.add('Min', [raw, graph.float(MAX_EXPONENT)])])
          : graph.add('Mul', [graph.add('Relu', [raw]), graph.float(stride)])
      const [left, top, right, bottom] = columnsOf(graph, distances)
      const boxes = clippedBoxes(context, {
        x1: graph.add('Sub', [x, left]),
        y1: graph.add('Sub', [y, top]),
        x2: graph.add('Add', [x, right]),
        y2: graph.add('Add', [y, bottom]),
      })
      return { boxes, scores: best.scores, labels: best.labels }
    }),
  )
}

/** core/detectors/retinanet/decode.ts: σ(class), and the anchor's box moved and scaled by its code. */
function retinaNetCandidates(context: DecodeContext<RetinaNetConfig>): Candidates {
  const { graph, config, levels } = context
  const { weights, lastPixel } = RETINANET_CODE
  return joined(
    graph,
    levels.map(({ outputs, ...size }, level) => {
      const best = bestPairs(graph, graph.add('Sigmoid', [outputs.logits]), config.classes.length)
      const anchors = graph.integer(ANCHORS_PER_LOCATION)
      const locations = graph.add('Div', [best.cells, anchors])
      const stride = STRIDES[level]
      const { x, y } = positions(context, 'corner', locations, { ...size, stride })
      const shape = graph.add('Mod', [best.cells, anchors])
      const codes = gatherRows(graph, graph.reshape(outputs.regression, [0, -1, 4]), best.cells, 4)
      const [dx, dy, dw, dh] = columnsOf(graph, graph.add('Div', [codes, graph.floats(weights)]))
      const along = (centre: Name, sides: readonly number[], shift: Name, log: Name) => {
        const anchor = graph.add('Gather', [graph.floats(sides), shape])
        const side = graph.add('Unsqueeze', [anchor, graph.integers([2])])
        const middle = graph.add('Add', [centre, graph.add('Mul', [shift, side])])
        const ratio = graph.add('Exp', [graph.add('Min', [log, graph.float(MAX_LOG_RATIO)])])
        const half = graph.add('Mul', [graph.add('Mul', [ratio, side]), graph.float(0.5)])
        const reach = lastPixel === 0 ? half : graph.add('Sub', [half, graph.float(lastPixel / 2)])
        return [graph.add('Sub', [middle, reach]), graph.add('Add', [middle, reach])]
      }
      const shapes = anchorsOf(stride)
      const [x1, x2] = along(
        x,
        shapes.map(({ halfWidth }) => 2 * halfWidth),
        dx,
        dw,
      )
      const [y1, y2] = along(
        y,
        shapes.map(({ halfHeight }) => 2 * halfHeight),
        dy,
        dh,
      )
      const boxes = clippedBoxes(context, { x1, y1, x2, y2 })
      return { boxes, scores: best.scores, labels: best.labels }
    }),
  )
}

/** The candidates of all levels, level by level. */
function joined(graph: Graph, levels: readonly Candidates[]): Candidates {
  const all = (part: keyof Candidates) =>
    graph.add(
      'Concat',
      levels.map((of) => of[part]),
      { axis: 1 },
    )
  return { boxes: all('boxes'), scores: all('scores'), labels: all('labels') }
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
  const clip = (value: Name, size: Name) =>
    graph.add('Min', [graph.add('Max', [value, graph.float(0)]), graph.toFloat(size)])
  return graph.add('Concat', [clip(x1, width), clip(y1, height), clip(x2, width), clip(y2, height)], {
    axis: 2,
  })
}

/** Where locations [N, k] of a level lie: x and y [N, k, 1] in pixels of the input, as core/pyramid/levels.ts has it. */
function positions(
  { graph, width, height }: Pick<DecodeContext<unknown>, 'graph' | 'width' | 'height'>,
  rule: LocationRule,
  locations: Name,
  { stride, rows, columns }: { readonly stride: number; readonly rows: Name; readonly columns: Name },
): { readonly x: Name; readonly y: Name } {
  const place = (index: Name, size: Name, cells: Name): Name => {
    const spacing = rule === 'half-stride' ? graph.integers([stride]) : graph.add('Div', [size, cells])
    const offset = rule === 'half-stride' ? stride / 2 : 0
    const at = graph.add('Add', [graph.add('Mul', [index, spacing]), graph.integers([offset])])
    return graph.add('Unsqueeze', [graph.toFloat(at), graph.integers([2])])
  }
  return {
    x: place(graph.add('Mod', [locations, columns]), width, columns),
    y: place(graph.add('Div', [locations, columns]), height, rows),
  }
}
