import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Annotation, Dataset } from '../../../src/core/formats/dataset.ts'
import type { Format } from '../../../src/core/formats/formats.ts'
import { byText } from '../../../src/core/formats/named.ts'
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import { readCocoRle, toCocoRle } from '../../../src/core/geometry/coco-rle.ts'
import { partsOf, storedRings } from '../../../src/core/geometry/parts.ts'
import { polygonBounds, type Ring, signedArea } from '../../../src/core/geometry/polygon.ts'
import { rleOfPolygons } from '../../../src/core/geometry/rle.ts'
import { isPolygons, type Segmentation } from '../../../src/core/geometry/segmentation.ts'
import { someDataset } from '../../support/arbitrary-datasets.ts'
import { throughFormat } from '../../support/read-back.ts'

/** What a format keeps of an object, by the definition of the format. */
const kept: Record<Format, (a: Annotation) => Partial<Annotation>> = {
  coco: (a) => ({ ...a, area: a.area ?? (a.box[2] - a.box[0]) * (a.box[3] - a.box[1]) }),
  csv: ({ box, crowd, difficult, score }) => ({ box, crowd, difficult, score }) as Partial<Annotation>,
  voc: ({ box, crowd, difficult, score, attributes }) => {
    const { truncated, ...others } = attributes ?? {}
    const left = { ...(truncated !== undefined && { truncated: true }), ...others }
    return { box, crowd, difficult, score, attributes: attributes && left } as Partial<Annotation>
  },
  labelme: ({ box, crowd, difficult, score, attributes, segmentation }) => {
    const polygons = isPolygons(segmentation) ? segmentation : undefined
    return {
      box: polygons ? polygonBounds(polygons) : box,
      crowd,
      difficult,
      score,
      attributes,
      segmentation: polygons,
    } as Partial<Annotation>
  },
  yolo: ({ box, score, segmentation }) => {
    const outline = isPolygons(segmentation) && segmentation.length === 1 ? segmentation : undefined
    return {
      box: outline ? polygonBounds(outline) : box,
      score,
      segmentation: outline,
    } as Partial<Annotation>
  },
}

/** Comparable form: classes by name, images by file name, no undefined fields. */
function comparable(dataset: Dataset, keep: (a: Annotation) => Partial<Annotation>): unknown {
  const names = new Map(dataset.categories.map(({ id, name }) => [id, name]))
  const images = dataset.images.toSorted((a, b) => byText(a.fileName, b.fileName))
  const plain = images.map(({ fileName, width, height, annotations, splits }) => ({
    fileName,
    width,
    height,
    splits,
    objects: annotations.map((a) => ({ ...keep(a), categoryId: undefined, name: names.get(a.categoryId) })),
  }))
  return JSON.parse(JSON.stringify(plain))
}

// YOLO writes fractions, COCO widths: numbers are equal within a hundred-thousandth of a pixel.
expect.addEqualityTesters([
  (a, b) => (typeof a === 'number' && typeof b === 'number' ? Math.abs(a - b) < 1e-5 : undefined),
])

const same = (a: Annotation): Partial<Annotation> => a

describe.each(['coco', 'voc', 'labelme', 'csv'] as const)('%s', (format) => {
  test('gives back what it holds', () => {
    fc.assert(
      fc.property(someDataset, (dataset) => {
        const { dataset: back, problems } = throughFormat(dataset, format)
        const source = format === 'voc' ? dataset : withoutSplits(dataset)
        expect(problems).toEqual([])
        expect(comparable(back, same)).toEqual(comparable(source, kept[format]))
      }),
    )
  })
})

test('yolo gives back what it holds', () => {
  fc.assert(
    fc.property(someDataset, (dataset) => {
      const fitting = insideImages(dataset)
      const { dataset: back, problems } = throughFormat(fitting, 'yolo')
      expect(problems).toEqual([])
      expect(comparable(back, same)).toEqual(comparable(fitting, kept.yolo))
      expect(back.categories.map(({ name }) => name)).toEqual(fitting.categories.map(({ name }) => name))
      expect(back.categories.map(({ id }) => id)).toEqual(fitting.categories.map((_, index) => index))
    }),
  )
})

test('coco keeps ids of categories and images and their order', () => {
  fc.assert(
    fc.property(someDataset, (dataset) => {
      const { dataset: back } = throughFormat(dataset, 'coco')
      expect(back.categories).toEqual(dataset.categories)
      expect(back.images.map(({ id }) => id)).toEqual(dataset.images.map(({ id }) => id))
    }),
  )
})

test('a second trip through any format changes nothing more', () => {
  fc.assert(
    fc.property(someDataset, fc.constantFrom('coco', 'voc', 'yolo', 'labelme', 'csv'), (dataset, format) => {
      const once = throughFormat(insideImages(dataset), format).dataset
      const twice = throughFormat(once, format).dataset
      expect(comparable(twice, same)).toEqual(comparable(once, same))
      expect(twice.categories).toEqual(once.categories)
    }),
  )
})

const withoutSplits = (dataset: Dataset): Dataset => ({
  ...dataset,
  images: dataset.images.map(({ splits: _, ...image }) => image),
})

/** YOLO holds no crowds and nothing outside the image: an image of 2000 × 2000 px, all boxes moved into it. */
function insideImages(dataset: Dataset): Dataset {
  const into = ([x1, y1, x2, y2]: BoxXyxy): BoxXyxy => [x1 + 20, y1 + 20, x2 + 20, y2 + 20]
  return {
    ...dataset,
    images: dataset.images.map((image) => ({
      ...image,
      width: 2000,
      height: 2000,
      annotations: image.annotations.filter((a) => !a.crowd).map((a) => ({ ...a, box: into(a.box) })),
    })),
  }
}

describe('outlines', () => {
  const box = [3, 3, 17, 13] as const
  const dataset = (...segmentations: Segmentation[]): Dataset => ({
    categories: [{ id: 1, name: 'ring' }],
    images: [
      {
        ...{ id: 1, fileName: 'a.jpg', width: 31, height: 23 },
        annotations: segmentations.map((segmentation) => ({ box, categoryId: 1, segmentation })),
      },
    ],
  })
  const outlinesThrough = (format: Format, ...segmentations: Segmentation[]) =>
    throughFormat(dataset(...segmentations), format).dataset.images[0]!.annotations.map(
      (one) => one.segmentation,
    )

  test.each(['coco', 'yolo', 'labelme'] as const)('%s: a hole is still a hole', (format) => {
    const outline = [3, 3, 17, 3, 17, 13, 3, 13]
    const holes = [
      [5, 5, 5, 7.3, 7.1, 7.3, 7.1, 5],
      [9.7, 6, 9.7, 9, 12, 9],
    ]
    const [back] = outlinesThrough(format, storedRings([{ outline, holes }]))
    const [part, ...others] = partsOf(back as Ring[])
    expect(others).toEqual([])
    expect(part!.holes.map(signedArea).toSorted((a, b) => a - b)).toEqual(
      holes.map(signedArea).toSorted((a, b) => a - b),
    )
    expect(signedArea(part!.outline)).toEqual(140)
  })

  test('coco: masks leave as they came, as a list of runs and packed, and say the same pixels', () => {
    const mask = rleOfPolygons([[3, 3, 17, 3, 17, 13, 3, 13]], 31, 23)
    const list = { size: [23, 31] as const, counts: [...mask.counts] }
    const packed = toCocoRle(mask)
    expect(outlinesThrough('coco', list, packed)).toEqual([list, packed])
    expect([...readCocoRle(packed, 'here').counts]).toEqual(list.counts)
  })
})
