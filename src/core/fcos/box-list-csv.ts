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

/**
 * The table line by line, each with its end; the first is the header. annotation is the index among its image's; boxes are
 * in image pixels; P3 to P7 and positives count locations.
 */
export function* boxListLines(rows: readonly BoxRow[], categories: readonly Category[]): Generator<string> {
  const names = new Map(categories.map(({ id, name }) => [id, name]))
  const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text)
  const plain =
    rows.every(({ fileName }) => isAscii(fileName)) && categories.every(({ name }) => isAscii(name))
  // Spreadsheets take a file without this mark for one of a local 8-bit encoding.
  yield (plain ? '' : '\ufeff') + line(HEADER)
  for (const row of rows) {
    yield line([
      ...[
        row.fileName,
        row.annotation,
        names.get(row.categoryId) ?? row.categoryId,
        ...row.box,
        row.sizeClass,
      ],
      ...row.perLevel,
      row.perLevel.reduce((sum, count) => sum + count, 0),
      row.lost,
      row.meanCenterness?.toFixed(4) ?? '',
      row.cause ?? '',
      row.cure === null ? '' : describeCure(row.cure),
    ])
  }
}

const line = (cells: readonly unknown[]): string => `${Papa.unparse([cells])}\n`

export const boxListCsv = (rows: readonly BoxRow[], categories: readonly Category[]): string =>
  [...boxListLines(rows, categories)].join('')
