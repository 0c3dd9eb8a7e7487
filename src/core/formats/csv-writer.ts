import Papa from 'papaparse'
import type { Annotation } from './dataset.ts'
import type { Writer } from './writer.ts'

/** `annotations.csv`; the flags and the score have columns only where they occur. */
export const writeCsv: Writer = function* (dataset) {
  const names = new Map(dataset.categories.map(({ id, name }) => [id, name]))
  const all = dataset.images.flatMap((image) => image.annotations)
  const optional = (['difficult', 'crowd', 'score'] as const).filter((key) =>
    all.some((a) => a[key] !== undefined),
  )
  const cells = (a: Annotation) => optional.map((key) => (key === 'score' ? (a.score ?? '') : a[key] ? 1 : 0))
  const rows = dataset.images.flatMap(({ fileName, width, height, annotations }) => {
    const image = [fileName, width || '', height || '']
    return annotations.length === 0
      ? [[...image, '', '', '', '', '', ...optional.map(() => '')]]
      : annotations.map((a) => [...image, names.get(a.categoryId), ...a.box, ...cells(a)])
  })
  const header = ['filename', 'width', 'height', 'class', 'xmin', 'ymin', 'xmax', 'ymax', ...optional]
  const text = Papa.unparse([header, ...rows], { newline: '\n' })
  // Spreadsheets take a file without this mark for one of a local 8-bit encoding.
  const mark = /[^\0-\x7f]/.test(text) ? '\ufeff' : ''
  yield { path: 'annotations.csv', text: `${mark}${text}\n` }
}
