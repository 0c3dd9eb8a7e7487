import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  IMAGE_STATES,
  type ProjectAnnotation,
  type ProjectImage,
  SOURCES,
  SPLITS,
} from '../../../../src/core/project/model.ts'
import { byName } from '../../../../src/core/project/natural-order.ts'
import { mulberry32 } from '../../../../src/core/random.ts'
import type { Project } from '../../../../src/main/studio/project/project.ts'
import { addImages, someProject } from '../../../support/project.ts'

const CLASSES = ['cell', 'Red Cell', 'a "b", c']

/** 60 images with anything in them. */
async function crowded(): Promise<Project> {
  const project = await someProject()
  const random = mulberry32(4)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!
  const ids = CLASSES.map((name) => project.classes.add(name))
  const names = Array.from(
    { length: 60 },
    (_, i) => `${pick(['Day 1', 'ÄÖ', 'x'])}/${pick(['a', 'b'])} ${i}.JPG`,
  )
  for (const image of addImages(project, ...names)) {
    const list = Array.from({ length: Math.floor(random() * 5) }, () => ({
      ...{ classId: pick(ids), box: [0, 0, 1, 1] as const, source: pick(SOURCES) },
      score: random() < 0.5 ? Math.round(random() * 10) / 10 : null,
    }))
    project.annotations.add(image, list)
    project.images.setState([image], pick(IMAGE_STATES))
    project.images.setSplit([image], pick([...SPLITS, null]))
    if (random() < 0.2) project.images.setError(image, 'broken')
  }
  return project
}

/** A term as it is written, and what it says: of an image, or of one object. */
type Said =
  | { written: string; image: (image: ProjectImage) => boolean; negated: boolean }
  | { written: string; object: (object: ProjectAnnotation) => boolean; negated: boolean }

const subset = <T>(items: readonly T[]) => fc.subarray([...items], { minLength: 1 })
const quote = (text: string) => `"${text.replace(/[\\"]/g, '\\$&')}"`
const number = fc.constantFrom(0, 0.1, 0.5, 1, 2, 3)
const range = fc.oneof(
  fc.tuple(fc.constantFrom('', '=', '<', '<=', '>', '>='), number).map(([operator, n]) => ({
    text: `${operator}${n}`,
    holds: (value: number | null) =>
      value !== null &&
      {
        '': value === n,
        '=': value === n,
        '<': value < n,
        '<=': value <= n,
        '>': value > n,
        '>=': value >= n,
      }[operator]!,
  })),
  fc.tuple(number, number).map(([from, to]) => ({
    text: `${from}..${to}`,
    holds: (value: number | null) => value !== null && value >= from && value <= to,
  })),
)
const said = (negated: boolean): fc.Arbitrary<Said> =>
  fc.oneof(
    fc.constantFrom('day', 'äö', 'A 1', '.jpg', 'x/').map((text) => ({
      ...{ negated, written: quote(text) },
      image: ({ path }: ProjectImage) => path.toLowerCase().includes(text.toLowerCase()),
    })),
    subset(IMAGE_STATES).map((states) => ({
      ...{ negated, written: `state:${states}` },
      image: ({ state }: ProjectImage) => states.includes(state),
    })),
    subset([...SPLITS, 'none']).map((splits) => ({
      ...{ negated, written: `split:${splits}` },
      image: ({ split }: ProjectImage) => splits.includes(split ?? 'none'),
    })),
    range.map(({ text, holds }) => ({
      ...{ negated, written: `count:${text}` },
      image: ({ labels }: ProjectImage) => holds(labels),
    })),
    fc.constant({ negated, written: 'has:error', image: ({ error }: ProjectImage) => error !== null }),
    subset([1, 2, 3]).map((ids) => ({
      ...{ negated, written: `class:${ids.map((id) => quote(CLASSES[id - 1]!))}` },
      object: ({ classId }: ProjectAnnotation) => ids.includes(classId),
    })),
    subset(SOURCES).map((sources) => ({
      ...{ negated, written: `source:${sources}` },
      object: ({ source }: ProjectAnnotation) => sources.includes(source),
    })),
    range.map(({ text, holds }) => ({
      ...{ negated, written: `score:${text}` },
      object: ({ score }: ProjectAnnotation) => holds(score),
    })),
  )

test('finds what a look at each image and each object finds, in the order of the paths', async () => {
  const project = await crowded()
  const ids = project.database.all<{ id: number }>('SELECT id FROM image').map(({ id }) => id)
  const all = project.images
    .list(ids)
    .map((image) => ({ image, objects: project.annotations.of(image.id) }))
    .sort((a, b) => byName(a.image.path, b.image.path))
  for (const { image, objects } of all) {
    expect(image.proposals).toBe(objects.filter(({ source }) => source === 'proposed').length)
    expect(image.labels + image.proposals).toBe(objects.length)
  }
  const terms = fc.array(fc.boolean().chain(said), { maxLength: 4 })
  fc.assert(
    fc.property(terms, (list) => {
      const query = list.map(({ written, negated }) => `${negated ? '-' : ''}${written}`).join(' ')
      const together = list.flatMap((term) => ('object' in term && !term.negated ? [term.object] : []))
      const expected = all.filter(({ image, objects }) => {
        const one =
          together.length === 0 || objects.some((object) => together.every((holds) => holds(object)))
        const others = list.filter((term) => 'image' in term || term.negated)
        const hold = (term: Said) => ('image' in term ? term.image(image) : objects.some(term.object))
        return one && others.every((term) => hold(term) !== term.negated)
      })
      expect(project.find(query), query).toEqual(expected.map(({ image }) => image.id))
    }),
    { numRuns: 500 },
  )
})

test('a class that is not there is named; capitals do not matter', async () => {
  const project = await crowded()
  expect(project.find('class:"RED cell"')).toEqual(project.find('class:"Red Cell"'))
  expect(() => project.find('class:"blue cell"')).toThrow('class:blue cell: there is no such class')
})

test('letters are found however they are composed', async () => {
  const project = await someProject()
  const [id] = addImages(project, 'e\u0301t\u00e9.jpg'.normalize('NFC'))
  expect(project.find('E\u0301TE\u0301')).toEqual([id])
})

test('images come in the order of their names as people read them', async () => {
  const names = ['raccoon-10.jpg', 'raccoon-2.jpg', 'Raccoon-1.jpg', 'day 2/9.jpg', 'day 10/1.jpg', 'day.jpg']
  const project = await someProject(...names)
  const inOrder = project.images.list(project.find('')).map(({ path }) => path)
  expect(inOrder).toEqual([
    'day 2/9.jpg',
    'day 10/1.jpg',
    'day.jpg',
    'Raccoon-1.jpg',
    'raccoon-2.jpg',
    'raccoon-10.jpg',
  ])
  for (const id of project.find('')) project.images.setError(id, 'broken')
  expect(project.find('has:error')).toEqual(project.find(''))
})
