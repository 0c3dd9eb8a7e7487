/**
 * CSV with one object a row and a header (the layout of the TensorFlow detection tools):
 * filename, width, height, class, xmin, ymin, xmax, ymax, and difficult, crowd, score where they occur.
 * Corners are continuous pixel edges. A row without class and box stands for an image that shows nothing.
 */
import Papa from 'papaparse'
import { CodedError } from '../errors.ts'
import { checkBox, checkScore, cleanName, isSide, safeRelativePath } from './checks.ts'
import type { ParsedDataset } from './dataset.ts'
import { lineFinder, toNumber } from './lines.ts'
import { classNamesOf, fromNamed, type NamedImage, type NamedObject } from './named.ts'
import { ProblemLog } from './problems.ts'

const COLUMNS = {
  filename: ['filename', 'file_name', 'image', 'image_path', 'path'],
  class: ['class', 'label', 'class_name', 'name'],
  xmin: ['xmin', 'x_min', 'x1'],
  ymin: ['ymin', 'y_min', 'y1'],
  xmax: ['xmax', 'x_max', 'x2'],
  ymax: ['ymax', 'y_max', 'y2'],
  width: ['width', 'image_width'],
  height: ['height', 'image_height'],
  difficult: ['difficult'],
  crowd: ['crowd', 'iscrowd'],
  score: ['score', 'confidence'],
}
type Column = keyof typeof COLUMNS
const REQUIRED: readonly Column[] = ['filename', 'class', 'xmin', 'ymin', 'xmax', 'ymax']

/** Reads a table. Rows that cannot be used are reported. Throws DATA_CSV if the header lacks a column. */
export function parseCsv(text: string, file: string): ParsedDataset {
  const log = new ProblemLog(file)
  const lineOf = lineFinder(text)
  const images = new Map<string, NamedImage & { objects: NamedObject[] }>()
  let columns: Map<Column, number> | undefined
  let start = 0
  Papa.parse<string[]>(text, {
    delimitersToGuess: [',', ';', '\t'],
    step: ({ data: fields, errors, meta }) => {
      const where = `line ${lineOf(start)}`
      start = meta.cursor
      if (columns === undefined) columns = readHeader(fields, file)
      else if (errors.some(({ type }) => type === 'Quotes')) log.skip(where, errors[0]!.message)
      else if (fields.some((field) => field.trim() !== '')) {
        const header = columns
        readRow((column) => fields[header.get(column) ?? -1]?.trim() ?? '', images, where, log)
      }
    },
  })
  if (columns === undefined) readHeader([], file)
  const list = [...images.values()]
  return { dataset: fromNamed(list, classNamesOf(list)), problems: log.problems }
}

function readHeader(fields: readonly string[], file: string): Map<Column, number> {
  const titles = fields.map((field) => field.trim().toLowerCase())
  const columns = new Map<Column, number>()
  for (const [column, aliases] of Object.entries(COLUMNS) as [Column, string[]][]) {
    const index = titles.findIndex((title) => aliases.includes(title))
    if (index !== -1) columns.set(column, index)
  }
  const missing = REQUIRED.filter((column) => !columns.has(column))
  if (missing.length === 0) return columns
  throw new CodedError(
    'DATA_CSV',
    `${file} has no column ${missing.join(', ')}`,
    `The first line must name the columns ${REQUIRED.join(', ')}`,
  )
}

function readRow(
  get: (column: Column) => string,
  images: Map<string, NamedImage & { objects: NamedObject[] }>,
  where: string,
  log: ProblemLog,
): void {
  const fileName = safeRelativePath(get('filename'))
  if (fileName === undefined) {
    log.skip(where, `${JSON.stringify(get('filename'))} is not a path inside the image folder`)
    return
  }
  const [width, height] = [toNumber(get('width')), toNumber(get('height'))]
  const size = isSide(width) && isSide(height) ? { width, height } : { width: 0, height: 0 }
  let image = images.get(fileName)
  if (image === undefined) images.set(fileName, (image = { fileName, ...size, objects: [] }))
  else if (image.width !== size.width || image.height !== size.height) {
    log.mend(where, `the image is ${image.width} × ${image.height} in an earlier row: that size is kept`)
  }
  const corners = (['xmin', 'ymin', 'xmax', 'ymax'] as const).map(get)
  if (get('class') === '' && corners.every((corner) => corner === '')) return
  const className = cleanName(get('class'), where, log)
  const [x1, y1, x2, y2] = corners.map(toNumber) as [number, number, number, number]
  const box = className === undefined ? undefined : checkBox([x1, y1, x2, y2], where, log)
  if (className === undefined || box === undefined) return
  const score = get('score') === '' ? undefined : checkScore(toNumber(get('score')), where, log)
  image.objects.push({
    className,
    box,
    ...(isSet(get('crowd')) && { crowd: true }),
    ...(isSet(get('difficult')) && { difficult: true }),
    ...(score !== undefined && { score }),
  })
}

const isSet = (field: string): boolean => /^(1|true)$/i.test(field)
