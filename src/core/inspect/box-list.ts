/** Lists all boxes of a data set with what the detector learns from each, also as a table for spreadsheets. */

import Papa from 'papaparse'
import type { Category } from '../formats/dataset.ts'
import type { BoxXyxy } from '../geometry/box.ts'
import { LEVEL_NAMES } from '../pyramid/levels.ts'
import { type Cure, describeCure, nearestCure } from './cures.ts'
import { type ImageInspection, unlearnableReason } from './image.ts'
import type { UnlearnableCause } from './reasons.ts'
import { type AnnotationKey, SIZE_CLASSES, sizeClass } from './report.ts'
import type { InputSetting } from './setting.ts'

export interface BoxRow extends AnnotationKey {
  /** Image pixels. */
  readonly box: BoxXyxy
  readonly sizeClass: (typeof SIZE_CLASSES)[number]['name']
  /** [5] locations of P3 to P7 that learn the box. */
  readonly perLevel: readonly number[]
  /** Number of locations that it is eligible for but that another box took. */
  readonly lost: number
  /** Mean over its locations; null if it has none. */
  readonly meanCenterness: number | null
  /** Why no location learns it; null if one does. */
  readonly cause: UnlearnableCause | null
  /** What would make it learnable; null if it already is, or if nothing that was tried helps. */
  readonly cure: Cure | null
}

/**
 * One row per target annotation of an inspected image, or per box of those in `wanted` (indices of targets). Most of the
 * time goes into cures.
 */
export function boxRows(
  found: ImageInspection,
  setting: InputSetting,
  wanted: readonly number[] = [...found.targets.keys()],
): BoxRow[] {
  const { image, targets, shares } = found
  const boxes = targets.map(([, { box }]) => box)
  return wanted.map((gt) => {
    const [annotation, labelled] = targets[gt]
    const learned = shares.positives[gt] > 0
    return {
      imageId: image.id,
      fileName: image.fileName,
      annotation,
      categoryId: labelled.categoryId,
      box: labelled.box,
      sizeClass: SIZE_CLASSES[sizeClass(labelled)].name,
      perLevel: [...shares.perLevel.subarray(gt * LEVEL_NAMES.length, (gt + 1) * LEVEL_NAMES.length)],
      lost: shares.lost[gt],
      meanCenterness: learned ? shares.meanCenterness[gt] : null,
      cause: learned ? null : unlearnableReason(found, gt).cause,
      cure: learned ? null : (nearestCure({ image, boxes, gt }, setting) ?? null),
    }
  })
}

const headerOf = (levels: readonly string[]): string[] => [
  ...['image', 'annotation', 'class', 'xmin', 'ymin', 'xmax', 'ymax', 'size'],
  ...levels,
  ...['positives', 'lost', 'mean_centerness', 'cause', 'cure'],
]

/**
 * The table line by line, each with its end; the first is the header. annotation is the index among its image's; boxes are
 * in image pixels; levels and positives count locations.
 *
 * @param levels names of those that the detector has
 */
export function* boxListLines(
  rows: readonly BoxRow[],
  categories: readonly Category[],
  levels: readonly string[] = LEVEL_NAMES,
): Generator<string> {
  const names = new Map(categories.map(({ id, name }) => [id, name]))
  const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text)
  const plain =
    rows.every(({ fileName }) => isAscii(fileName)) && categories.every(({ name }) => isAscii(name))
  // Without this mark, spreadsheets assume a local 8-bit encoding.
  yield (plain ? '' : '\ufeff') + line(headerOf(levels))
  for (const row of rows) {
    yield line([
      ...[
        row.fileName,
        row.annotation,
        names.get(row.categoryId) ?? row.categoryId,
        ...row.box,
        row.sizeClass,
      ],
      ...row.perLevel.slice(0, levels.length),
      row.perLevel.reduce((sum, count) => sum + count, 0),
      row.lost,
      row.meanCenterness?.toFixed(4) ?? '',
      row.cause ?? '',
      row.cure === null ? '' : describeCure(row.cure),
    ])
  }
}

const line = (cells: readonly unknown[]): string => `${Papa.unparse([cells])}\n`

export const boxListCsv = (
  rows: readonly BoxRow[],
  categories: readonly Category[],
  levels?: readonly string[],
): string => [...boxListLines(rows, categories, levels)].join('')
