/** A checkpoint as an ONNX file: for others to take away, or for this engine to detect with. */

import { z } from 'zod'
import type { OnnxPrecision } from '../../../core/contract/engine.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { DetectionOptions } from '../detect/options.ts'
import type { Checkpoint } from '../weights/checkpoint.ts'
import { requireDecoder, select } from './decoders.ts'
import { Graph, type Name } from './graph.ts'
import { type NetworkOutputs, network, weightsOf } from './network.ts'
import { observer, plan, quantise, type Range } from './quantise.ts'

export interface ExportForm {
  /** The head's outputs instead of detections. */
  readonly raw: boolean
  /** float16: of the weights, which are widened when the file is loaded; everything is computed in float32. */
  readonly precision: OnnxPrecision
}

/** Runs a graph that puts out the least and the most of some activations, on images. */
export type Calibrate = (
  observer: Uint8Array<ArrayBuffer>,
  activations: readonly Name[],
) => Promise<{ readonly ranges: ReadonlyMap<Name, Range>; readonly images: number }>

const PRODUCER = 'FCOS Studio'

/** Names of the graph's inputs and outputs. */
export const IMAGE = 'image'
export const EMBEDDING = 'embedding'

/**
 * `image` float32 [N, 3, H, W], RGB in 0…1, H and W multiples of 32, to `boxes` [M, 4] (x1, y1, x2, y2 in its pixels),
 * `scores`, `labels` (indices of the classes) and `batch_index` [M], for PolarMask `outlines` [M, n, 2] too; or to the head's
 * raw outputs.
 *
 * @param calibrate for int8 alone.
 * @throws CodedError USAGE_ONNX where the model's decoding is not described.
 */
export async function exportedModel(
  checkpoint: Checkpoint,
  form: ExportForm,
  options: DetectionOptions,
  calibrate?: Calibrate,
): Promise<Uint8Array<ArrayBuffer>> {
  const { graph, parts: made } = exportedGraph(checkpoint, form, options)
  const metadata = metadataOf(checkpoint, form, options)
  let { feature } = made
  if (form.precision === 'int8') {
    const parts = plan(graph)
    const { ranges, images } = await calibrate!(observer(graph, parts.activations), parts.activations)
    const instead = quantise(graph, parts, ranges)
    feature = instead.get(feature) ?? feature
    metadata.calibration = JSON.stringify({ images })
  }
  metadata.parts = JSON.stringify({ ...made, feature } satisfies EngineParts)
  return graph.encode({ name: PRODUCER, metadata })
}

/** Where in an exported graph the parts lie that this engine detects with. */
export const EngineParts = z.object({
  /** What the network takes, [N, 3, H, W]. */
  normalised: z.string(),
  /** Of each level by the names of the head's outputs, [N, locations, channels]. */
  levels: z.array(z.record(z.string(), z.string())).min(1),
  /** P5, or the only level. */
  feature: z.string(),
  /** Values of the head's own parameters. */
  parameters: z.record(z.string(), z.array(z.number())),
})
export type EngineParts = z.infer<typeof EngineParts>

function exportedGraph(
  checkpoint: Checkpoint,
  { raw, precision }: ExportForm,
  options: DetectionOptions,
): { readonly graph: Graph; readonly parts: EngineParts } {
  const { config, tensors } = checkpoint
  const graph = new Graph(precision === 'float16')
  const image = graph.input(IMAGE, ['batch', 3, 'height', 'width'])
  const channels = (values: readonly number[]) => graph.floats(values, [1, 3, 1, 1])
  const normalised = graph.add('Div', [
    graph.add('Sub', [image, channels(config.input.mean)]),
    channels(config.input.std),
  ])
  const found = networkOf(graph, checkpoint, normalised)
  const head = detectorOf(config).head(config)
  const weights = weightsOf(tensors)
  const parameters = Object.fromEntries(
    head.parameters.map(({ name, tensor }) => [name, weights.values(tensor)]),
  )
  if (raw) {
    rawOutputs(graph, checkpoint, found)
    for (const { name, tensor, shape } of head.parameters)
      graph.output(
        name,
        graph.weights(tensor, shape, () => weights.values(tensor)),
        'float32',
        shape,
      )
  } else {
    const decoder = requireDecoder(config)
    const candidates = decoder.candidates({
      graph,
      config,
      levels: found.levels,
      parameters,
      score: options.score,
      height: graph.size(image, 2),
      width: graph.size(image, 3),
    })
    const selected = select(graph, candidates, config.classes.length, options, decoder.suppresses)
    graph.output('boxes', selected.boxes, 'float32', ['detections', 4])
    graph.output('scores', selected.scores, 'float32', ['detections'])
    graph.output('labels', selected.labels, 'int64', ['detections'])
    graph.output('batch_index', selected.batchIndex, 'int64', ['detections'])
    if (selected.outlines)
      graph.output('outlines', selected.outlines, 'float32', ['detections', 'corners', 2])
  }
  return {
    graph,
    parts: {
      normalised,
      levels: found.levels.map(({ outputs }) => ({ ...outputs })),
      feature: found.feature,
      parameters: Object.fromEntries(Object.entries(parameters).map(([name, values]) => [name, [...values]])),
    },
  }
}

/**
 * The form that this engine runs: normalised images [N, H, W, 3] to the head's raw outputs and the mean of P5.
 * @param endsTransposed as network() has it.
 */
export function engineModel(
  checkpoint: Checkpoint,
  half = false,
  endsTransposed = false,
): Uint8Array<ArrayBuffer> {
  const graph = new Graph(half)
  return engineForm(graph, checkpoint, networkOf(graph, checkpoint, engineInput(graph), endsTransposed))
}

/**
 * The same of a file that exportedModel made.
 * @throws Error where it is none.
 */
export function engineModelOf(
  file: Uint8Array,
  checkpoint: Pick<Checkpoint, 'config'>,
  { normalised, levels, feature }: EngineParts,
): Uint8Array<ArrayBuffer> {
  const graph = Graph.read(file)
  let images: Name | undefined
  graph.rewrite((operation) => {
    images ??= engineInput(graph)
    const input = operation.input.map((name) => (name === normalised ? images! : name))
    graph.append({ ...operation, input })
  })
  return engineForm(graph, checkpoint, { levels: levels.map((outputs) => ({ outputs })), feature })
}

const engineInput = (graph: Graph): Name =>
  graph.add('Transpose', [graph.input(IMAGE, ['batch', 'height', 'width', 3])], { perm: [0, 3, 1, 2] })

function engineForm(
  graph: Graph,
  checkpoint: Pick<Checkpoint, 'config'>,
  found: Pick<NetworkOutputs, 'feature'> & RawLevels,
): Uint8Array<ArrayBuffer> {
  rawOutputs(graph, checkpoint, found)
  const mean = graph.add('Flatten', [graph.add('GlobalAveragePool', [found.feature])])
  graph.output(EMBEDDING, mean, 'float32', ['batch', 'channels'])
  return graph.encode({ name: PRODUCER, metadata: {} })
}

interface RawLevels {
  readonly levels: readonly Pick<NetworkOutputs['levels'][number], 'outputs'>[]
}

function networkOf(
  graph: Graph,
  { config, tensors }: Checkpoint,
  images: Name,
  endsTransposed = false,
): NetworkOutputs {
  const head = detectorOf(config).head(config)
  return network(graph, weightsOf(tensors), config, head, images, endsTransposed)
}

/** Each output of the head over all levels, [N, L, channels], as Outputs in core/detectors/detector.ts has it. */
function rawOutputs(graph: Graph, { config }: Pick<Checkpoint, 'config'>, { levels }: RawLevels): void {
  for (const { name, channels } of detectorOf(config)
    .head(config)
    .towers.flatMap((tower) => tower.outputs)) {
    const all = graph.add(
      'Concat',
      levels.map(({ outputs }) => outputs[name]),
      { axis: 1 },
    )
    graph.output(name, all, 'float32', ['batch', 'locations', channels])
  }
}

/** What the tensors alone do not tell. Values are texts, those in braces and brackets JSON. */
function metadataOf(
  { config, thresholds, card, training }: Checkpoint,
  { raw, precision }: ExportForm,
  options: DetectionOptions,
): Record<string, string> {
  const { classes, input } = config
  return {
    detector: detectorOf(config).name,
    classes: JSON.stringify(classes),
    input: JSON.stringify({ shortSide: input.shortSide, longSide: input.longSide, multiple: 32 }),
    config: JSON.stringify(config),
    precision,
    ...(!raw && { selection: JSON.stringify(options) }),
    ...(training && { training: JSON.stringify(training) }),
    ...(thresholds && { thresholds: JSON.stringify(thresholds) }),
    ...(card !== undefined && { card }),
  }
}
