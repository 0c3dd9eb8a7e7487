/** `fcos targets`: what FCOS would learn at each location from the boxes of one image, as safetensors. */
import { z } from 'zod'
import { DIALECTS, type DialectName } from '../../../core/detectors/fcos/config.ts'
import { targets } from '../../../core/detectors/fcos/targets.ts'
import { CodedError } from '../../../core/errors.ts'
import { firstIssue, parseJson } from '../../../core/formats/problems.ts'
import { encodeSafetensors } from '../../../core/formats/safetensors.ts'
import { tensorOf } from '../../../core/formats/tensor-values.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { boxSize, describeUnlearnable, locationsPerBox, unlearnable } from '../../../core/inspect/reasons.ts'
import { paddedSize } from '../../../core/pyramid/input-size.ts'
import { pyramid } from '../../../core/pyramid/levels.ts'
import { locationLevels } from '../../../core/pyramid/locations.ts'
import { readText } from '../../studio/datasets/files.ts'
import { replaceFile } from '../replace-file.ts'
import { table } from '../table.ts'

export interface TargetsOptions {
  /** Pixels of the network's input, before padding. */
  readonly width: number
  readonly height: number
  /** Path of a JSON list of [x1, y1, x2, y2] in the same pixels. */
  readonly boxes: string
  /** Center sampling in strides; 0 turns it off. */
  readonly radius: number
  readonly dialect: DialectName
  /** Path of the safetensors file to write. */
  readonly out: string
}

export interface TargetsReport {
  readonly out: string
  /** The input that the locations cover: padded in the torchvision dialect, where they depend on the padding. */
  readonly input: Size
  readonly boxes: number
  readonly locations: number
  readonly positives: number
  readonly levels: readonly {
    readonly name: string
    readonly stride: number
    readonly columns: number
    readonly rows: number
    readonly positives: number
  }[]
  /** [N] how many locations learn each box. */
  readonly locationsPerBox: readonly number[]
  readonly unlearnable: readonly { readonly gt: number; readonly cause: string; readonly reason: string }[]
}

/** Far beyond any network's input, and small enough that the targets fit into memory. */
const MAX_SIDE = 16384

const Boxes = z.array(z.tuple([z.number(), z.number(), z.number(), z.number()]))

/** @throws CodedError USAGE_SIZE, USAGE_RADIUS, DATA_BOXES, DATA_JSON, those of readText, or IO_WRITE. */
export async function runTargets(options: TargetsOptions): Promise<TargetsReport> {
  const { width, height, radius, dialect, out } = options
  for (const [name, side] of Object.entries({ width, height })) {
    if (Number.isInteger(side) && side >= 1 && side <= MAX_SIDE) continue
    throw new CodedError('USAGE_SIZE', `--${name} is ${side}, not a whole number from 1 to ${MAX_SIDE}`)
  }
  if (!(radius >= 0 && Number.isFinite(radius))) {
    throw new CodedError('USAGE_RADIUS', `--radius is ${radius}, not a number from 0 on`)
  }
  const boxes = await readBoxes(options.boxes)

  const rules = { ...DIALECTS[dialect], radius }
  // torchvision derives the spacing of locations from the padded size; the authors' locations do not depend on it.
  const input = rules.location === 'corner' ? paddedSize({ width, height }) : { width, height }
  const layout = pyramid(input, rules.location)
  const { matched, ltrb, centerness } = targets(layout, rules, boxes)
  const bytes = encodeSafetensors(
    [
      ['labels', tensorOf(matched, [layout.locations])],
      ['ltrb', tensorOf(ltrb, [layout.locations, 4])],
      ['centerness', tensorOf(centerness, [layout.locations])],
      ['level', tensorOf(locationLevels(layout), [layout.locations])],
    ],
    { dialect, radius: String(radius), width: String(input.width), height: String(input.height) },
  )
  await replaceFile(out, bytes)

  const count = boxes.length / 4
  const perBox = [...locationsPerBox(matched, count)]
  const levels = layout.levels.map(({ name, stride, columns, rows, first }) => {
    const onLevel = locationsPerBox(matched, count, first, first + columns * rows)
    return { name, stride, columns, rows, positives: onLevel.reduce((sum, n) => sum + n, 0) }
  })
  return {
    out,
    input,
    boxes: count,
    locations: layout.locations,
    positives: levels.reduce((sum, { positives }) => sum + positives, 0),
    levels,
    locationsPerBox: perBox,
    unlearnable: [...perBox.keys()]
      .filter((gt) => perBox[gt] === 0)
      .map((gt) => unlearnable(layout, rules, boxes, gt, matched))
      .map((box) => {
        return { gt: box.gt, cause: box.cause, reason: describeUnlearnable(box, boxSize(boxes, box.gt)) }
      }),
  }
}

async function readBoxes(path: string): Promise<Float32Array> {
  const parsed = Boxes.safeParse(parseJson(await readText(path, path), path))
  if (parsed.success) return Float32Array.from(parsed.data.flat())
  throw new CodedError(
    'DATA_BOXES',
    `${path}: ${firstIssue(parsed.error)}`,
    'The file must hold a JSON list of [x1, y1, x2, y2] in pixels',
    { cause: parsed.error },
  )
}

export function renderTargets(report: TargetsReport): string {
  const { input, boxes, locations, positives, levels, out } = report
  return [
    `${boxes} boxes, ${locations} locations over ${input.width} × ${input.height} px, ${positives} positive`,
    '',
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
    ...report.unlearnable.map(({ reason }) => reason),
    `Written to ${out}`,
  ].join('\n')
}
