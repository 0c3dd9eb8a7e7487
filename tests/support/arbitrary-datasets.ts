import fc from 'fast-check'
import type { Annotation, Attributes, Dataset, DatasetImage } from '../../src/core/formats/dataset.ts'

/** One line of any script, with everything that formats escape: quotes, commas, angle brackets, ampersands. */
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
    fc.constantFrom(
      'a,b',
      '"quoted"',
      "it's",
      '<x>&amp;</x>',
      'true',
      '0',
      'ä 猫 🐈',
      '= 1',
      '#5',
      'a: b',
      '- c',
      '~',
    ),
  )
  .filter((s) => /^\S+( \S+)*$/.test(s) && !/\p{C}/u.test(s))

const part = text.filter((s) => !/[/\\:]/.test(s) && !s.startsWith('.'))
const path = fc
  .tuple(fc.array(part, { maxLength: 2 }), part, fc.constantFrom('jpg', 'png', 'JPEG'))
  .map(([folders, stem, extension]) => [...folders, `${stem}.${extension}`].join('/'))

/** Never −0, which JSON and SQLite write as 0. */
const coordinate = fc
  .oneof(
    fc.integer({ min: -20, max: 700 }),
    fc.double({ min: -20, max: 700, noNaN: true, noDefaultInfinity: true }),
  )
  .map((value) => value + 0)
const side = fc.oneof(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0.001, max: 500, noNaN: true }))
const box = fc
  .tuple(coordinate, coordinate, side, side)
  .map(([x, y, w, h]): [number, number, number, number] => [x, y, x + w, y + h])
  // Readers take a box inside the first pixel for one in fractions of the image.
  .filter((corners) => corners.some((v) => v < 0 || v > 1))
const polygon = fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 8, maxLength: 8 }).filter(hasArea)
const attributes: fc.Arbitrary<Attributes> = fc.dictionary(
  fc.constantFrom('colour', 'truncated', 'description', 'pose', 'ripe'),
  text,
  { minKeys: 1, noNullPrototype: true },
)

function hasArea(p: number[]): boolean {
  return (
    new Set(p.filter((_, i) => i % 2 === 0)).size > 1 && new Set(p.filter((_, i) => i % 2 === 1)).size > 1
  )
}

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

const annotation = (categoryIds: number[]): fc.Arbitrary<Annotation> =>
  fc
    .record({
      box,
      categoryId: fc.constantFrom(...categoryIds),
      flag: fc.constantFrom('crowd', 'difficult', undefined),
      score: optional(fc.double({ min: 0, max: 1, noNaN: true })),
      area: optional(fc.double({ min: 0, max: 1e5, noNaN: true })),
      segmentation: optional(
        fc.oneof(
          fc.array(polygon, { minLength: 1, maxLength: 3 }),
          fc.constant({ size: [480, 640] as [number, number], counts: 'Zf43m>0f[V9' }),
        ),
      ),
      attributes: optional(attributes),
    })
    .map(({ flag, ...rest }) => {
      const given = Object.entries(rest).filter(([, value]) => value !== undefined)
      return { ...Object.fromEntries(given), ...(flag && { [flag]: true }) } as unknown as Annotation
    })

/** Data sets that every format holds at least in part: unique names, no two images with one label file. */
export const someDataset: fc.Arbitrary<Dataset> = fc
  .uniqueArray(text, { minLength: 1, maxLength: 5 })
  .chain((names) => {
    const categories = names.map((name, index) => ({ id: 3 * index + 1, name }))
    const image = fc.record({
      fileName: path,
      width: fc.integer({ min: 1, max: 5000 }),
      height: fc.integer({ min: 1, max: 5000 }),
      annotations: fc.array(annotation(categories.map(({ id }) => id)), { maxLength: 4 }),
      lists: fc.subarray(['train', 'val', 'test']),
    })
    const stem = ({ fileName }: { fileName: string }) => fileName.replace(/\.[^.]*$/, '')
    return fc.uniqueArray(image, { selector: stem, maxLength: 5 }).map((images) => ({
      categories,
      images: images.map(
        ({ lists, ...rest }, index): DatasetImage => ({
          id: index + 7,
          ...rest,
          ...(lists.length > 0 && { splits: lists }),
        }),
      ),
    }))
  })
