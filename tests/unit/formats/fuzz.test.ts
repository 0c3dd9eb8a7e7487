import { describe, expect, test } from 'vitest'
import { CodedError, isInputError } from '../../../src/core/errors.ts'
import { parseCoco } from '../../../src/core/formats/coco.ts'
import { parseCsv } from '../../../src/core/formats/csv.ts'
import type { Category, Dataset, Problem } from '../../../src/core/formats/dataset.ts'
import { FORMATS, type Format, TRAITS } from '../../../src/core/formats/formats.ts'
import { parseLabelMe } from '../../../src/core/formats/labelme.ts'
import { classNamesOf, fromNamed, type NamedImage } from '../../../src/core/formats/named.ts'
import { ProblemLog, parseJson } from '../../../src/core/formats/problems.ts'
import { surveyOf } from '../../../src/core/formats/survey.ts'
import { parseVoc } from '../../../src/core/formats/voc.ts'
import { checkNames, textOf } from '../../../src/core/formats/writer.ts'
import { parseYolo } from '../../../src/core/formats/yolo.ts'
import { parseDataYaml } from '../../../src/core/formats/yolo-names.ts'
import { mulberry32 } from '../../../src/core/random.ts'
import { mutate } from '../../support/mutate.ts'

/** Mutated files per format. */
const COUNT = Number(process.env.FCOS_FUZZ ?? 300)

const sample: Dataset = {
  categories: [
    { id: 1, name: 'cat' },
    { id: 2, name: 'dog & <friend>' },
  ],
  images: [
    {
      id: 1,
      fileName: 'a/one.jpg',
      width: 640,
      height: 480,
      splits: ['train'],
      annotations: [
        { box: [1.5, 2, 300, 200], categoryId: 1, segmentation: [[2, 2, 300, 2, 300, 200]], score: 0.5 },
        {
          box: [10, 20, 30, 40.25],
          categoryId: 2,
          difficult: true,
          attributes: { colour: 'red', truncated: true },
        },
        { box: [0, 0, 640, 480], categoryId: 1, crowd: true, area: 12 },
      ],
    },
    { id: 2, fileName: 'two.png', width: 32, height: 32, splits: ['val'], annotations: [] },
  ],
}

const textsOf = (format: Format): Map<string, string> =>
  new Map(
    [...TRAITS[format].write(sample, surveyOf(sample.images), new ProblemLog(''))].map((file) => [
      file.path,
      textOf(file),
    ]),
  )

type Parsed = { dataset: Dataset; problems: Problem[] }

const one = (image: NamedImage, { problems }: ProblemLog): Parsed => ({
  dataset: fromNamed([image], classNamesOf([image])),
  problems,
})

function yoloLabels(text: string, categories: Category[] = [...sample.categories]): Parsed {
  const { annotations, log } = parseYolo(text, 'x.txt', { width: 640, height: 480 }, categories)
  const image = { id: 1, fileName: 'x.jpg', width: 640, height: 480, annotations }
  return { dataset: { categories, images: [image] }, problems: log.problems }
}

const targets: [string, string, (text: string) => Parsed][] = [
  [
    'coco',
    textsOf('coco').get('annotations.json')!,
    (text) => parseCoco(parseJson(text, 'x.json'), 'x.json'),
  ],
  ['csv', textsOf('csv').get('annotations.csv')!, (text) => parseCsv(text, 'x.csv')],
  [
    'voc',
    textsOf('voc').get('Annotations/a/one.xml')!,
    (text) => {
      const { document, log } = parseVoc(text, 'x.xml')
      return one({ ...document, fileName: document.fileName ?? 'x.jpg' }, log)
    },
  ],
  [
    'labelme',
    textsOf('labelme').get('a/one.json')!,
    (text) => {
      const { document, log } = parseLabelMe(parseJson(text, 'x.json'), 'x.json')
      return one({ ...document, fileName: 'x.jpg' }, log)
    },
  ],
  ['yolo labels', textsOf('yolo').get('labels/a/one.txt')!, yoloLabels],
  [
    'yolo data.yaml',
    textsOf('yolo').get('data.yaml')!,
    (text) => {
      const { categories, problems } = parseDataYaml(text, 'data.yaml')
      return { dataset: yoloLabels('0 0.5 0.5 0.1 0.1', categories).dataset, problems }
    },
  ],
]

describe.each(targets)('%s', (name, text, parse) => {
  test(
    `${COUNT} mutated files: coded errors or reported problems, and a sound data set`,
    () => {
      expect(() => parse(text)).not.toThrow()
      let read = 0
      for (let seed = 0; seed < COUNT; seed++) {
        const mutated = mutate(text, mulberry32(seed))
        try {
          const { dataset, problems } = parse(mutated)
          read++
          expectSound(dataset)
          for (const problem of problems) expect(problem.reason).not.toBe('')
        } catch (error) {
          if (!(error instanceof CodedError && isInputError(error.code))) {
            throw new Error(`${name}, seed ${seed}: ${JSON.stringify(mutated)}`, { cause: error })
          }
        }
      }
      // Most changes hit one object: a reader that gives up on the whole file at once would pass all else.
      expect(read).toBeGreaterThan(COUNT / 10)
    },
    30_000 + 5 * COUNT,
  )
})

/** What every part of the studio relies on, and what the writers of all formats can then write. */
function expectSound(dataset: Dataset): void {
  const ids = new Set(dataset.categories.map(({ id }) => id))
  expect(ids.size).toBe(dataset.categories.length)
  for (const { name } of dataset.categories) expect(name).toMatch(/^\S.*$/su)
  expect(new Set(dataset.images.map(({ id }) => id)).size).toBe(dataset.images.length)
  for (const { width, height, annotations } of dataset.images) {
    expect(Number.isSafeInteger(width) && Number.isSafeInteger(height) && width >= 0 && height >= 0).toBe(
      true,
    )
    for (const { box, categoryId, score } of annotations) {
      expect(box.every(Number.isFinite) && box[0] < box[2] && box[1] < box[3]).toBe(true)
      expect(ids.has(categoryId)).toBe(true)
      expect(score === undefined || (score >= 0 && score <= 1)).toBe(true)
    }
  }
  for (const image of dataset.images) checkNames(image)
  for (const format of FORMATS) {
    for (const file of TRAITS[format].write(dataset, surveyOf(dataset.images), new ProblemLog(''))) {
      textOf(file)
      expect(file.path).not.toMatch(/^\/|(^|\/)\.\.(\/|$)|[\0\\]/)
    }
  }
}
