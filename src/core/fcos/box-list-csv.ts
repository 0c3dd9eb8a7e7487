/** The list of boxes as a table for spreadsheets. */
import Papa from 'papaparse'
import type { Category } from '../formats/dataset.ts'
import type { BoxRow } from './box-list.ts'
import { describeCure } from './cure.ts'
import { LEVEL_NAMES } from './levels.ts'

const HEADER = [
  ...['image', 'annotation', 'class', 'xmin', 'ymin', 'xmax', 'ymax', 'size'],
  ...LEVEL_NAMES,
  ...['positives', 'lost', 'mean_centerness', 'cause', 'cure'],
]

/** annotation is the index among its image's; boxes are in image pixels; P3 to P7 and positives count locations. */
export function boxListCsv(rows: readonly BoxRow[], categories: readonly Category[]): string {
  const names = new Map(categories.map(({ id, name }) => [id, name]))
  const cells = rows.map((row) => [
    ...[row.fileName, row.annotation, names.get(row.categoryId) ?? row.categoryId, ...row.box, row.sizeClass],
    ...row.perLevel,
    row.perLevel.reduce((sum, count) => sum + count, 0),
    row.lost,
    row.meanCenterness?.toFixed(4) ?? '',
    row.cause ?? '',
    row.cure === null ? '' : describeCure(row.cure),
  ])
  const text = Papa.unparse([HEADER, ...cells], { newline: '\n' })
  // Spreadsheets take a file without this mark for one of a local 8-bit encoding.
  return `${/[^\0-\x7f]/.test(text) ? '\ufeff' : ''}${text}\n`
}
