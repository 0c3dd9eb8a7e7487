/** The formats of data sets: their writers, where they look for images, and what they cannot hold. */
import { writeCoco } from './coco-writer.ts'
import { writeCsv } from './csv-writer.ts'
import type { Category } from './dataset.ts'
import { writeLabelMe } from './labelme-writer.ts'
import { byText } from './named.ts'
import type { ObjectProperty, Survey } from './survey.ts'
import { writeVoc } from './voc-writer.ts'
import type { Writer } from './writer.ts'
import { writeYolo } from './yolo-writer.ts'

export const FORMATS = ['coco', 'voc', 'yolo', 'labelme', 'csv'] as const
export type Format = (typeof FORMATS)[number]

interface FormatTraits {
  readonly title: string
  readonly write: Writer
  /** Folder of the images, relative to the data set's. */
  readonly imageFolder: string
  /** The name of the only file, for formats that have one. */
  readonly singleFile?: string
  readonly holds: readonly Property[]
  /** How often the writer iterates over the images; once by default. */
  readonly walks?: number
}

type Property = ObjectProperty | 'splits'

export const TRAITS: Readonly<Record<Format, FormatTraits>> = {
  coco: {
    title: 'COCO',
    write: writeCoco,
    imageFolder: 'images',
    singleFile: 'annotations.json',
    holds: ['crowd', 'difficult', 'score', 'area', 'polygons', 'pieces', 'masks', 'attributes'],
    walks: 2,
  },
  voc: {
    title: 'Pascal VOC',
    write: writeVoc,
    imageFolder: 'JPEGImages',
    holds: ['splits', 'crowd', 'difficult', 'score', 'attributes'],
  },
  // A crowd is an object that the YOLO writer skips and reports by itself.
  yolo: {
    title: 'YOLO',
    write: writeYolo,
    imageFolder: 'images',
    holds: ['splits', 'crowd', 'score', 'polygons'],
  },
  labelme: {
    title: 'LabelMe',
    write: writeLabelMe,
    imageFolder: '',
    holds: ['crowd', 'difficult', 'score', 'polygons', 'pieces', 'attributes'],
  },
  csv: {
    title: 'CSV',
    write: writeCsv,
    imageFolder: 'images',
    singleFile: 'annotations.csv',
    holds: ['crowd', 'difficult', 'score'],
  },
}

const NAMES: readonly (readonly [ObjectProperty, string])[] = [
  ['crowd', 'crowd flag'],
  ['difficult', 'difficult flag'],
  ['score', 'score'],
  ['area', 'mask area'],
  ['polygons', 'polygons'],
  ['pieces', 'outline in several pieces'],
  ['masks', 'run-length mask'],
  ['attributes', 'attributes'],
]

/** What a format cannot store of this data set, one line each: "difficult flag of 3 objects". */
export function notKept(categories: readonly Category[], survey: Survey, format: Format): string[] {
  const { holds } = TRAITS[format]
  const lines = NAMES.flatMap(([property, name]) => {
    const isLost = !holds.includes(property) && (property !== 'pieces' || holds.includes('polygons'))
    const count = isLost ? survey.with(property) : 0
    return count === 0 ? [] : `${name} of ${count} object${count === 1 ? '' : 's'}`
  })
  if (survey.splits && !holds.includes('splits')) {
    lines.push('which list an image is on, such as train or val (each list can be written by itself)')
  }
  const first = format === 'yolo' ? 0 : 1
  const names = categories.map(({ name }) => name)
  const ordered = format === 'yolo' ? names : names.toSorted(byText)
  const stable = categories.every(({ id, name }, i) => id === i + first && name === ordered[i])
  if (format !== 'coco' && !stable)
    lines.push(
      `category ids (they count from ${first} in ${format === 'yolo' ? 'the same order' : 'name order'})`,
    )
  return lines
}
