import { expect, test } from 'vitest'
import { someProject } from '../../../support/project.ts'

const BOX = [0.1 + 0.2, 1 / 3, 20.000000000000004, 40.1] as const

test('annotations keep everything that formats say about them', async () => {
  const { annotations, classes } = await someProject('a.jpg', 'b.jpg')
  const classId = classes.add('cell')
  const full = {
    classId,
    box: BOX,
    source: 'imported' as const,
    crowd: true,
    difficult: true,
    score: 0.1,
    model: null,
    area: 12.5,
    segmentation: [[1.5, 2, 3, 4, 5.25, 6]],
    attributes: { ripe: true, size: 3, colour: 'blau "x"' },
  }
  const mask = { size: [480, 640] as const, counts: 'Pm1\\' }
  const [first, second] = annotations.add(1, [
    full,
    { classId, box: [0, 0, 1, 1], source: 'drawn', segmentation: mask },
  ])
  expect(annotations.of(1)).toEqual([
    { id: first, imageId: 1, ...full },
    {
      ...{
        id: second,
        imageId: 1,
        classId,
        box: [0, 0, 1, 1],
        source: 'drawn',
        crowd: false,
        difficult: false,
      },
      ...{ score: null, model: null, area: null, segmentation: mask, attributes: null },
    },
  ])
  annotations.update(first!, { box: [1, 2, 3, 4], attributes: null })
  expect(annotations.get(first!)).toEqual({
    id: first,
    imageId: 1,
    ...full,
    box: [1, 2, 3, 4],
    attributes: null,
  })
  expect(annotations.of(2)).toEqual([])
})

test('what is no box, no class, no image or no annotation is refused and leaves no step', async () => {
  const { annotations, classes, history } = await someProject('a.jpg')
  const classId = classes.add('cell')
  const add = (image: number, box: readonly [number, number, number, number], id = classId) =>
    annotations.add(image, [{ classId: id, box, source: 'drawn' }])
  expect(() => add(1, [3, 3, 3, 4])).toThrow(expect.objectContaining({ code: 'USAGE_BOX' }))
  expect(() => add(1, [5, 3, 4, 4])).toThrow(expect.objectContaining({ code: 'USAGE_BOX' }))
  expect(() => add(1, [0, 0, Number.NaN, 4])).toThrow(expect.objectContaining({ code: 'USAGE_BOX' }))
  expect(() => add(1, [0, 0, 1, 1], 9)).toThrow(expect.objectContaining({ code: 'USAGE_CLASS' }))
  expect(() => add(9, [0, 0, 1, 1])).toThrow(expect.objectContaining({ code: 'USAGE_IMAGE' }))
  expect(() => annotations.update(9, {})).toThrow(expect.objectContaining({ code: 'USAGE_ANNOTATION' }))
  annotations.remove([9])
  expect(history.steps()).toHaveLength(1)
})

test('proposals are no labels until they are accepted; a model replaces only its own', async () => {
  const { annotations, classes, images } = await someProject('a.jpg', 'b.jpg')
  const classId = classes.add('cell')
  const guess = (score: number) => ({ classId, box: BOX, score })
  annotations.propose(1, 'run 1', [guess(0.9), guess(0.4)])
  annotations.propose(1, 'run 2', [guess(0.8)])
  const [a, b, c] = annotations.of(1).map(({ id }) => id)
  expect(images.get(1)).toMatchObject({ labels: 0, proposals: 3, state: 'new' })
  annotations.accept([a!])
  expect(annotations.get(a!)).toMatchObject({ source: 'accepted', model: 'run 1', score: 0.9 })
  expect(images.get(1)).toMatchObject({ labels: 1, proposals: 2, state: 'in-progress' })
  annotations.propose(1, 'run 1', [guess(0.7)])
  expect(annotations.get(b!)).toBeUndefined()
  expect(annotations.of(1)).toHaveLength(3)
  annotations.reject([a!, c!])
  expect(annotations.get(a!)).toBeDefined()
  expect(annotations.get(c!)).toBeUndefined()
  expect(classes.counts()).toEqual(new Map([[classId, 1]]))
  expect(images.get(1)).toMatchObject({ labels: 1, proposals: 1 })
})

test('drawing begins an image; an image that is done stays done', async () => {
  const { annotations, classes, images } = await someProject('a.jpg', 'b.jpg')
  const classId = classes.add('cell')
  images.setState([2], 'done')
  for (const image of [1, 2]) annotations.add(image, [{ classId, box: BOX, source: 'drawn' }])
  expect(images.list([2, 1]).map(({ id, state }) => `${id} ${state}`)).toEqual(['2 done', '1 in-progress'])
})

test('class ids are explicit, from 0, and never given twice', async () => {
  const { classes, history } = await someProject()
  expect(classes.add('background', { id: 0 })).toBe(0)
  expect(classes.add('cell')).toBe(1)
  expect(classes.add('ninety', { id: 90, colour: '#ABCDEF' })).toBe(90)
  classes.remove(90)
  expect(classes.add('next')).toBe(91)
  history.undo()
  expect(classes.add('again')).toBe(92)
  expect(() => classes.add('x', { id: 1 })).toThrow(expect.objectContaining({ code: 'USAGE_CLASS_ID' }))
  expect(() => classes.add('x', { id: -1 })).toThrow(expect.objectContaining({ code: 'USAGE_CLASS_ID' }))
  expect(() => classes.add('x', { id: 1.5 })).toThrow(expect.objectContaining({ code: 'USAGE_CLASS_ID' }))
})

test('class manager: order, names, colours, merging and deleting with the annotations', async () => {
  const { annotations, classes, history } = await someProject('a.jpg')
  const [a, b, c] = ['a', 'b', 'c'].map((name) => classes.add(name))
  const ids = annotations.add(
    1,
    [a!, b!, c!].map((classId) => ({ classId, box: BOX, source: 'drawn' })),
  )
  classes.reorder([c!, a!, b!])
  classes.rename(a!, 'ä 猫')
  classes.recolour(a!, '#AB0000')
  expect(classes.all().map(({ id, name }) => `${id} ${name}`)).toEqual(['3 c', '1 ä 猫', '2 b'])
  expect(classes.all()[1]?.colour).toBe('#ab0000')
  for (const name of ['b', '', ' x', 'x ', 'two\nlines', 'two  spaces', '\ud800']) {
    expect(() => classes.rename(a!, name), name).toThrow(
      expect.objectContaining({ code: 'USAGE_CLASS_NAME' }),
    )
  }
  expect(() => classes.recolour(a!, 'red')).toThrow(expect.objectContaining({ code: 'USAGE_COLOUR' }))
  expect(() => classes.reorder([a!, b!])).toThrow(expect.objectContaining({ code: 'USAGE_CLASS' }))
  expect(() => classes.merge([9], a!)).toThrow(expect.objectContaining({ code: 'USAGE_CLASS' }))
  classes.merge([a!, b!], a!)
  expect(annotations.of(1).map(({ classId }) => classId)).toEqual([a, a, c])
  classes.remove(a!)
  expect(annotations.of(1).map(({ id }) => id)).toEqual([ids[2]])
  history.undo()
  history.undo()
  expect(annotations.of(1).map(({ classId }) => classId)).toEqual([a, b, c])
})
