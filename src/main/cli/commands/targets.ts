/** `fcos targets`: what a detector would learn from the objects of one image, as safetensors. */

import { readFileSync, statSync } from 'node:fs'
import { z } from 'zod'
import { CodedError } from '../../../core/errors.ts'
import { firstIssue, parseJson } from '../../../core/formats/problems.ts'
import { decodeMetadata, encodeSafetensors } from '../../../core/formats/safetensors.ts'
import { CocoSegmentation } from '../../../core/formats/segmentation.ts'
import { countOf } from '../../../core/words.ts'
import { readText } from '../../studio/datasets/files.ts'
import { writeOutput } from '../files.ts'
import { table } from '../table.ts'
import {
  COMPUTE,
  type Computed,
  type Scene,
  TARGET_DETECTORS,
  type TargetsOptions,
} from './target-tensors.ts'

export interface TargetsReport extends Omit<Computed, 'tensors' | 'metadata'> {
  readonly detector: (typeof TARGET_DETECTORS)[number]
  readonly out: string
  readonly boxes: number
  readonly positives: number
}

/** Far larger than any network's input, but small enough for the targets to fit into memory. */
const MAX_SIDE = 16384

const Box = z.tuple([z.number(), z.number(), z.number(), z.number()])
const ObjectList = z.array(
  z.object({ box: Box, class: z.int().min(0).default(0), segmentation: CocoSegmentation.optional() }),
)

const LOCATIONS = {
  fcos: 'locations',
  atss: 'locations',
  retinanet: 'anchors',
  centernet: 'cells',
  polarmask: 'locations',
} as const

/** The options that only some detectors have. */
const OWN_OPTIONS = {
  radius: ['fcos'],
  dialect: ['fcos', 'atss', 'polarmask'],
  masks: ['fcos'],
  fallback: ['fcos'],
  rays: ['polarmask'],
  count: ['polarmask'],
  k: ['atss'],
  classes: ['centernet'],
  radiusRule: ['centernet'],
  minOverlap: ['centernet'],
} as const satisfies Partial<Record<keyof TargetsOptions, readonly string[]>>

/** @throws CodedError USAGE_SIZE, USAGE_RADIUS, USAGE_OBJECTS, USAGE_OPTION, DATA_BOXES, DATA_JSON, those of readText, or IO_WRITE. */
export async function runTargets(options: TargetsOptions): Promise<TargetsReport> {
  const { width, height, out, detector = 'fcos' } = options
  for (const [name, side] of Object.entries({ width, height })) {
    if (Number.isInteger(side) && side >= 1 && side <= MAX_SIDE) continue
    throw new CodedError('USAGE_SIZE', `--${name} is ${side}, not a whole number from 1 to ${MAX_SIDE}`)
  }
  for (const [name, detectors] of Object.entries(OWN_OPTIONS) as [
    keyof typeof OWN_OPTIONS,
    readonly string[],
  ][]) {
    if (options[name] === undefined || detectors.includes(detector)) continue
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    throw new CodedError(
      'USAGE_OPTION',
      `${flag} is an option of ${detectors.join(', ')}, not of ${detector}`,
    )
  }
  if (options.fallback !== undefined && (options.masks === undefined || options.masks === 'center')) {
    const remedy = 'Add --masks pixels or --masks both, or leave it out'
    throw new CodedError('USAGE_OPTION', '--fallback is for locations inside masks', remedy)
  }
  const scene = { input: { width, height }, ...(await readObjects(options)) }
  const { tensors, metadata, ...computed } = COMPUTE[detector](scene, options)
  const { input } = computed
  requireTargets(out)
  await writeOutput(
    out,
    encodeSafetensors(tensors, {
      detector,
      ...metadata,
      width: String(input.width),
      height: String(input.height),
    }),
  )
  return {
    detector,
    out,
    boxes: scene.classes.length,
    positives: computed.locationsPerBox.reduce((sum, n) => sum + n, 0),
    ...computed,
  }
}

/** Throws DATA_EXISTS where OUT holds anything but earlier targets: weights have the same kind of name. */
function requireTargets(out: string): void {
  const stats = statSync(out, { throwIfNoEntry: false })
  if (!stats?.isFile() || stats.size === 0) return
  try {
    const { detector, width, height } = decodeMetadata(readFileSync(out))
    if (TARGET_DETECTORS.some((one) => one === detector) && width && height) return
  } catch {
    // It is no safetensors file.
  }
  throw new CodedError('DATA_EXISTS', `${out} exists and holds no targets`, 'Give another --out')
}

async function readObjects({ boxes, objects }: TargetsOptions): Promise<Omit<Scene, 'input'>> {
  if ((boxes === undefined) === (objects === undefined))
    throw new CodedError('USAGE_OBJECTS', 'Give either --boxes or --objects')
  const file = (boxes ?? objects)!
  const json = parseJson(await readText(file, file), file)
  const parsed = (boxes === undefined ? ObjectList : z.array(Box)).safeParse(json)
  if (!parsed.success) {
    throw new CodedError(
      'DATA_BOXES',
      `${file}: ${firstIssue(parsed.error)}`,
      boxes === undefined
        ? 'The file must hold a JSON list of {"box": [x1, y1, x2, y2], "class": 0}, in pixels'
        : 'The file must hold a JSON list of [x1, y1, x2, y2] in pixels',
      { cause: parsed.error },
    )
  }
  const all = parsed.data.map((it) => ('box' in it ? it : { box: it, class: 0 }))
  return {
    boxes: Float32Array.from(all.flatMap(({ box }) => box)),
    classes: Int32Array.from(all, (it) => it.class),
    segmentations: all.map((it) => ('segmentation' in it ? it.segmentation : undefined)),
    file,
  }
}

export function renderTargets(report: TargetsReport): string {
  const { input, boxes, locations, positives, levels, out } = report
  return [
    `${countOf(boxes, 'box')}, ${locations} ${LOCATIONS[report.detector]} over ${input.width} × ${input.height} px, ${positives} positive`,
    '',
    ...(levels.length > 0
      ? [
          ...table(
            ['level', 'stride', 'cells', 'positive'],
            levels.map(({ name, stride, columns, rows, positives }) => [
              name,
              String(stride),
              `${columns} × ${rows}`,
              String(positives),
            ]),
          ),
          '',
        ]
      : []),
    ...report.unlearnable.map(({ reason }) => reason),
    `Written to ${out}`,
  ].join('\n')
}
