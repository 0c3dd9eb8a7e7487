import Papa from 'papaparse'
import type { Annotation, DatasetStream } from './dataset.ts'
import type { Survey } from './survey.ts'
import type { Writer } from './writer.ts'

/** `annotations.csv`; the flags and the score have columns only where they occur. */
export const writeCsv: Writer = function* (dataset, survey) {
  yield { path: 'annotations.csv', text: lines(dataset, survey) }
}

function* lines({ categories, images }: DatasetStream, survey: Survey): Generator<string> {
  const names = new Map(categories.map(({ id, name }) => [id, name]))
  const optional = (['difficult', 'crowd', 'score'] as const).filter((key) => survey.with(key) > 0)
  const header = ['filename', 'width', 'height', 'class', 'xmin', 'ymin', 'xmax', 'ymax', ...optional]
  const isAscii = survey.isAscii && categories.every(({ name }) => /^[\0-\x7f]*$/.test(name))
  // Without this mark, spreadsheets assume a local 8-bit encoding.
  yield (isAscii ? '' : '\ufeff') + line(header)
  for (const { fileName, width, height, annotations } of images) {
    const image = [fileName, width || '', height || '']
    if (annotations.length === 0) yield line([...image, '', '', '', '', '', ...optional.map(() => '')])
    for (const a of annotations) {
      yield line([...image, names.get(a.categoryId), ...a.box, ...optional.map((key) => cell(a, key))])
    }
  }
}

const cell = (a: Annotation, key: 'difficult' | 'crowd' | 'score'): unknown =>
  key === 'score' ? (a.score ?? '') : a[key] ? 1 : 0

const line = (cells: readonly unknown[]): string => `${Papa.unparse([cells])}\n`
