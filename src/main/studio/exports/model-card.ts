/** Writes the model card in Markdown: what people need to know who are given only the file. */

import type { Evaluated } from '../../../core/contract/engine.ts'
import type { RunRecord } from '../../../core/contract/run-record.ts'
import type { ClassThresholds } from '../../../core/contract/studio/evaluation.ts'
import type { RunDetail } from '../../../core/contract/studio/runs.ts'
import { MODELS } from '../../../core/detectors/architectures.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { COCO_STATS } from '../../../core/evaluation/coco-metrics.ts'
import { AREA_RANGES, IOU_THRESHOLDS, MAX_DETECTIONS } from '../../../core/evaluation/protocol.ts'
import { countOf } from '../../../core/words.ts'

export interface CardFacts {
  readonly title: string
  /** Of the program that writes it. */
  readonly version: string
  /** Null if the weights do not state it. */
  readonly config: ModelConfig | null
  readonly run: RunFacts | null
  readonly thresholds: readonly CardThreshold[]
  /** The evaluation on which the thresholds were chosen; null if unknown. */
  readonly chosenOn: string | null
  readonly licence: string
}

export interface RunFacts {
  readonly name: string
  readonly from: string
  readonly record: RunRecord
  readonly data: NonNullable<RunDetail['data']>
  /** SHA-256 of the run's data.json, hexadecimal. */
  readonly snapshot: string
  /** Of this checkpoint; null without validation images. */
  readonly evaluation: Evaluated | null
}

export interface CardThreshold {
  readonly name: string
  readonly score: number
  /** At this threshold; null if it was not measured. */
  readonly at: Pick<NonNullable<ClassThresholds['best']>, 'precision' | 'recall' | 'f1'> | null
}

export function modelCard(facts: CardFacts): string {
  const { title, config, run, licence } = facts
  return [
    `# ${title}`,
    ...about(config),
    ...use(config),
    ...(run ? dataOf(run) : []),
    ...(run?.evaluation ? metricsOf(run.evaluation, run.data) : []),
    ...thresholdsOf(facts),
    ...(run ? trainingOf(run) : []),
    '## Licence',
    licence === '' ? 'Not stated. Ask whoever gave you this file before you use it.' : licence,
    `Written by FCOS Studio ${facts.version}.`,
    '',
  ].join('\n\n')
}

function about(config: ModelConfig | null): string[] {
  if (config === null) return [`An ${detectorOf({}).title} object detector.`]
  const { architecture, classes, input } = config
  const { title, about } = detectorOf(config)
  const names = classes.map(({ name }) => name).join(', ')
  return [
    `An ${title} object detector (${about}): ${MODELS[architecture].network} with a feature ` +
      `pyramid P3 to P7. It finds ${countOf(classes.length, 'class')}: ${names}.`,
    `Images are scaled to ${input.shortSide} px on the short side, at most ${input.longSide} px on the long one.`,
  ]
}

function use(config: ModelConfig | null): string[] {
  const { ranking, torchvision } = detectorOf(config ?? {})
  const named = config && torchvision(config)
  const names = named ? ` under the names of torchvision’s \`${named}\`, which can load them` : ''
  return [
    '## Use',
    `A safetensors file holds the weights${names}, and in its metadata \`config\` (JSON: classes, input, head), \`thresholds\` ` +
      '(JSON: minimum score of each class, in the order of the classes) and `card` (this text). An ONNX file holds the whole network ' +
      'and the same texts, with `classes` and `input` by themselves; it runs in ONNX Runtime too.',
    '```\nfcos detect --model MODEL IMAGES --out DETECTIONS\n```',
    `A detection’s score is ${ranking}.`,
  ]
}

function dataOf({ data, snapshot }: RunFacts): string[] {
  const { training, validation } = data
  const validationOf = (id: number): number | string =>
    validation ? (validation.perClass.find((one) => one.id === id)?.boxes ?? 0) : '–'
  return [
    '## Data',
    table(
      ['', 'training', 'validation'],
      [
        ['images', training.images, validation?.images ?? '–'],
        ['boxes', training.boxes, validation?.boxes ?? '–'],
        ...training.perClass.map(({ id, name, boxes }) => [name, boxes, validationOf(id)]),
      ],
    ),
    `Which boxes of which images: the run’s \`data.json\`, SHA-256 \`${snapshot}\`.`,
  ]
}

function metricsOf(
  { stats, maskStats, perCategory, step }: Evaluated,
  { validation }: RunFacts['data'],
): string[] {
  const images = validation ? ` on the ${validation.images} validation images` : ''
  return [
    '## Metrics',
    `COCO’s protocol${images}, after step ${step}; –: no such objects.`,
    table(
      maskStats ? ['', 'boxes', 'masks'] : ['', 'value'],
      stats.map((value, i) => [statName(i), figure(value), ...(maskStats ? [figure(maskStats[i]!)] : [])]),
    ),
    table(
      ['class', 'AP', 'AP50'],
      perCategory.map(({ name, ap, ap50 }) => [name, figure(ap), figure(ap50)]),
    ),
  ]
}

function thresholdsOf({ thresholds, chosenOn }: CardFacts): string[] {
  if (thresholds.length === 0) return []
  return [
    '## Thresholds',
    `Minimum score of a detection${chosenOn === null ? '' : `, chosen on ${chosenOn}`}.`,
    table(
      ['class', 'score', 'precision', 'recall', 'F1'],
      thresholds.map(({ name, score, at }) => [
        name,
        // The threshold is written in full, because a rounded one could exclude a detection that the figures
        // count.
        score,
        ...(at ? [at.precision, at.recall, at.f1].map(figure) : ['–', '–', '–']),
      ]),
    ),
  ]
}

function trainingOf({ name, from, record }: RunFacts): string[] {
  const { options, started, device, loaded } = record
  const { optimiser, schedule } = options
  const { losses, assignment } = detectorOf(record.model).describe(record.model)
  return [
    '## Training',
    table(
      ['', ''],
      [
        ['run', `${name}, started ${started}`],
        ['device', device.toUpperCase()],
        ['from', loaded === null ? from : `${from}: ${loaded.split('\n')[0]}`],
        ['steps', options.steps],
        ['images per step', options.batch * options.accumulate],
        ['input', `${options.size} px on the long side`],
        ['learns', `${options.learn} and what comes after`],
        ['optimiser', `${optimiser.kind}, rate ${optimiser.rate}, weight decay ${optimiser.weightDecay}`],
        ['schedule', `${schedule.decay}, ${schedule.warmup} steps of warm-up`],
        ['losses', losses],
        ['assignment', assignment],
        ['seed', options.seed],
      ],
    ),
  ]
}

/** "AP at IoU 0.50, small objects" for the number at an index of pycocotools' twelve. */
export function statName(index: number): string {
  const { kind, selection } = COCO_STATS[index]!
  const { t, a, m } = selection
  const iou = t === undefined ? 'IoU 0.50 to 0.95' : `IoU ${IOU_THRESHOLDS[t]!.toFixed(2)}`
  const size = a === 0 ? '' : `, ${AREA_RANGES[a]!.name} objects`
  const most =
    MAX_DETECTIONS[m]! < 100 ? `, ${MAX_DETECTIONS[m]} detection${m === 0 ? '' : 's'} per image` : ''
  return `${kind}, ${iou}${size}${most}`
}

/** COCO's −1 says that there is nothing to measure. */
export const figure = (value: number): string => (value < 0 ? '–' : value.toFixed(3))

type Cell = string | number

const table = (head: readonly Cell[], rows: readonly (readonly Cell[])[]): string =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((row) => `| ${row.map(cell).join(' | ')} |`)
    .join('\n')

const cell = (value: Cell): string => String(value).replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')
