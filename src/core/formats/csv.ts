/**
 * CSV with one object a row and a header (the layout of the TensorFlow detection tools):
 * filename, width, height, class, xmin, ymin, xmax, ymax, and difficult, crowd, score where they occur.
 * Corners are continuous pixel edges. A row without class and box stands for an image that shows nothing.
 */
import Papa from 'papaparse'
import { CodedError } from '../errors.ts'
import { checkBox, checkScore, cleanName, imageNameIn, isSide } from './checks.ts'
import type { ParsedDataset } from './dataset.ts'
import { lineFinder, toNumber } from './lines.ts'
import { classNamesOf, fromNamed, type NamedImage, type NamedObject } from './named.ts'
import { Leftovers, ProblemLog } from './problems.ts'

/** Titles of each column, the better first: a table may have several of them, in any order. */
const COLUMNS = {
  filename: [
    'filename',
    'file_name',
    'image_name',
    'image',
    'image_path',
    'img',
    'file',
    'path',
    'filepath',
    'image_id',
  ],
  class: ['class', 'class_name', 'classname', 'category', 'category_name', 'label', 'label_name', 'name'],
  xmin: ['xmin', 'x_min', 'x1', 'left', 'bbox_xmin'],
  ymin: ['ymin', 'y_min', 'y1', 'top', 'bbox_ymin'],
  xmax: ['xmax', 'x_max', 'x2', 'right', 'bbox_xmax'],
  ymax: ['ymax', 'y_max', 'y2', 'bottom', 'bbox_ymax'],
  width: ['image_width', 'img_width', 'width'],
  height: ['image_height', 'img_height', 'height'],
  difficult: ['difficult'],
  crowd: ['crowd', 'iscrowd'],
  score: ['score', 'confidence', 'conf'],
}
type Column = keyof typeof COLUMNS
const REQUIRED: readonly Column[] = ['filename', 'class', 'xmin', 'ymin', 'xmax', 'ymax']

interface Header {
  readonly columns: ReadonlyMap<Column, number>
  readonly titles: readonly string[]
}

type OpenImage = NamedImage & { objects: NamedObject[]; dropped: number }

/** Reads a table. Rows that cannot be used are reported. Throws DATA_CSV if the header lacks a column. */
export function parseCsv(given: string, file: string): ParsedDataset {
  // Tables may have passed through several programs, each of which ends lines in its own way.
  const text = given.replace(/\r\n?/g, '\n')
  const log = new ProblemLog(file)
  const leftovers = new Leftovers()
  const lineOf = lineFinder(text)
  const images = new Map<string, OpenImage>()
  let header: Header | undefined
  let start = 0
  // Spreadsheets state the separator on a line of its own.
  const separator = /^\ufeff?sep=(.)\n/i.exec(text)?.[1]
  Papa.parse<string[]>(text, {
    ...(separator === undefined ? { delimitersToGuess: [',', ';', '\t'] } : { delimiter: separator }),
    newline: '\n',
    step: ({ data, errors, meta }) => {
      const fields = data.map(withoutQuotes)
      const where = `line ${lineOf(start)}`
      const row = text.slice(start, meta.cursor)
      start = meta.cursor
      if (fields.every((field) => field.trim() === '')) return
      if (header === undefined) {
        if (separator === undefined || !/^\ufeff?sep=/i.test(row)) header = readHeader(fields, file)
        return
      }
      const quotes = errors.find(({ type }) => type === 'Quotes')
      if (quotes) {
        log.skip(where, quotes.message)
        return
      }
      if (fields.slice(header.titles.length).some((field) => field.trim() !== '')) {
        const count = `${fields.length} fields, the header ${header.titles.length}`
        log.repair(where, `the row has ${count}: what is over is left out; a text with a comma needs quotes`)
      }
      if (fields.length === 1 && /^\s*#/.test(row)) {
        log.skip(where, 'the line is a comment')
        return
      }
      if (fields.some((field) => /^\s+"/.test(field))) {
        log.skip(where, 'a quoted value that contains a comma is behind a blank: remove the blank')
        return
      }
      const { columns, titles } = header
      readRow((column) => cell(fields[columns.get(column) ?? -1] ?? '', row), images, where, log)
      for (const [index, title] of titles.entries()) {
        if (![...columns.values()].includes(index) && fields[index]?.trim()) {
          leftovers.add(`column "${title}"`, 'object')
        }
      }
    },
  })
  if (header === undefined) readHeader([], file)
  const list = [...images.values()].map(({ dropped, ...image }) =>
    image.objects.length === 0 && dropped > 0 ? { ...image, unreadable: dropped } : image,
  )
  return {
    dataset: fromNamed(list, classNamesOf(list)),
    problems: log.problems,
    notKept: leftovers.lines(),
  }
}

/** Quotes count only at the very beginning of a cell, but some programs write a blank after each comma. */
const withoutQuotes = (field: string): string =>
  /^\s+"(.*)"\s*$/s.exec(field)?.[1]?.replaceAll('""', '"') ?? field

/** Blanks at the ends belong to a cell only inside quotes. */
const cell = (field: string, row: string): string =>
  field !== field.trim() && row.includes(`"${field.replaceAll('"', '""')}"`) ? field : field.trim()

/** Whether the first line of a text has the required columns. */
export function isCsv(text: string): boolean {
  try {
    parseCsv(text.split(/\r?\n/, 2).join('\n'), '')
    return true
  } catch {
    return false
  }
}

function readHeader(fields: readonly string[], file: string): Header {
  const titles = fields.map((field) => field.trim().toLowerCase())
  const columns = new Map<Column, number>()
  for (const [column, aliases] of Object.entries(COLUMNS) as [Column, string[]][]) {
    const title = aliases.find((alias) => titles.includes(alias))
    if (title !== undefined) columns.set(column, titles.indexOf(title))
  }
  const missing = REQUIRED.filter((column) => !columns.has(column))
  if (missing.length === 0) return { columns, titles }
  throw new CodedError(
    'DATA_CSV',
    `${file} has no column ${missing.join(', ')}`,
    `The first line must name the columns ${REQUIRED.join(', ')}; corners are in pixels`,
  )
}

function readRow(
  get: (column: Column) => string,
  images: Map<string, OpenImage>,
  where: string,
  log: ProblemLog,
): void {
  const fileName = imageNameIn(get('filename'))
  if (fileName === undefined) {
    log.skip(where, `${JSON.stringify(get('filename'))} is not a path inside the image folder`)
    return
  }
  const corners = (['xmin', 'ymin', 'xmax', 'ymax'] as const).map(get)
  const [x1, y1, x2, y2] = corners.map(toNumber) as [number, number, number, number]
  const [width, height] = [toNumber(get('width')), toNumber(get('height'))]
  // Some tables call the sides of the box width and height.
  const isBox = width === x2 - x1 && height === y2 - y1
  const size = isSide(width) && isSide(height) && !isBox ? { width, height } : { width: 0, height: 0 }
  let image = images.get(fileName)
  if (image === undefined) images.set(fileName, (image = { fileName, ...size, objects: [], dropped: 0 }))
  else if (size.width !== 0 && (image.width !== size.width || image.height !== size.height)) {
    log.repair(where, `the image is ${image.width} × ${image.height} in an earlier row: that size is kept`)
  }
  if (get('class') === '' && corners.every((corner) => corner === '')) return
  image.dropped++
  const className = cleanName(get('class'), where, log)
  if (className === undefined) return
  if (isFractions([x1, y1, x2, y2])) {
    log.skip(where, `the corners ${corners.join(', ')} are fractions of the image size, not pixels`)
    return
  }
  const box = checkBox([x1, y1, x2, y2], where, log)
  if (box === undefined) return
  image.dropped--
  const score = get('score') === '' ? undefined : checkScore(toNumber(get('score')), where, log)
  image.objects.push({
    className,
    box,
    ...(isSet(get('crowd')) && { crowd: true }),
    ...(isSet(get('difficult')) && { difficult: true }),
    ...(score !== undefined && { score }),
  })
}

/** If all coordinates are below 1, they are fractions, because nobody draws boxes inside the first pixel. */
const isFractions = (corners: readonly number[]): boolean => corners.every((v) => v >= 0 && v <= 1)

const isSet = (field: string): boolean => /^(1|true)$/i.test(field)
