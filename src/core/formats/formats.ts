/** The formats of data sets: their writers, where they look for images, and what they cannot hold. */
import { writeCoco } from './coco-writer.ts'
import { writeCsv } from './csv-writer.ts'
import type { Annotation, Dataset } from './dataset.ts'
import { writeLabelMe } from './labelme-writer.ts'
import { byText } from './named.ts'
import { isPolygons } from './segmentation.ts'
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
}

type Property = 'splits' | 'crowd' | 'difficult' | 'score' | 'area' | 'polygons' | 'masks' | 'attributes'

export const TRAITS: Readonly<Record<Format, FormatTraits>> = {
  coco: {
    title: 'COCO',
    write: writeCoco,
    imageFolder: 'images',
    singleFile: 'annotations.json',
    holds: ['crowd', 'difficult', 'score', 'area', 'polygons', 'masks', 'attributes'],
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
    holds: ['crowd', 'difficult', 'score', 'polygons', 'attributes'],
  },
  csv: {
    title: 'CSV',
    write: writeCsv,
    imageFolder: 'images',
    singleFile: 'annotations.csv',
    holds: ['crowd', 'difficult', 'score'],
  },
}

const ON_OBJECTS: readonly (readonly [Property, string, (a: Annotation) => boolean])[] = [
  ['crowd', 'crowd flag', (a) => a.crowd === true],
  ['difficult', 'difficult flag', (a) => a.difficult === true],
  ['score', 'score', (a) => a.score !== undefined],
  ['area', 'mask area', (a) => a.area !== undefined && a.segmentation !== undefined],
  ['polygons', 'polygons', (a) => isPolygons(a.segmentation)],
  ['masks', 'run-length mask', (a) => a.segmentation !== undefined && !isPolygons(a.segmentation)],
  ['attributes', 'attributes', (a) => a.attributes !== undefined],
]

/** What of this data set is lost in a format by its nature, one line each: "difficult flag of 3 objects". */
export function notKept(dataset: Dataset, format: Format): string[] {
  const { holds } = TRAITS[format]
  const annotations = dataset.images.flatMap((image) => image.annotations)
  const lines = ON_OBJECTS.flatMap(([property, name, has]) => {
    const count = holds.includes(property) ? 0 : annotations.filter(has).length
    return count === 0 ? [] : `${name} of ${count} object${count === 1 ? '' : 's'}`
  })
  if (format === 'yolo') {
    const pieces = annotations.filter((a) => isPolygons(a.segmentation) && a.segmentation.length > 1).length
    if (pieces > 0) lines.push(`polygons of ${pieces} objects that have several`)
  }
  if (!holds.includes('splits') && dataset.images.some((image) => image.splits?.length)) {
    lines.push('the lists (convert them one by one, as IN:train)')
  }
  const ids = dataset.categories.map(({ id }) => id)
  const first = format === 'yolo' ? 0 : 1
  const names = dataset.categories.map(({ name }) => name)
  const ordered = format === 'yolo' ? names : names.toSorted(byText)
  const stable = ids.every((id, i) => id === i + first && names[i] === ordered[i])
  if (format !== 'coco' && !stable)
    lines.push(
      `category ids (they count from ${first} in ${format === 'yolo' ? 'the same order' : 'name order'})`,
    )
  return lines
}
