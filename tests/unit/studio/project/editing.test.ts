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
  annotations.update(first!, { classId, attributes: null })
  expect(annotations.get(first!)).toEqual({
    id: first,
    imageId: 1,
    ...full,
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
  annotations.propose(1, 'run 1', [{ classId, box: [100, 100, 120, 120], score: 0.7 }])
  expect(annotations.get(b!)).toBeUndefined()
  expect(annotations.of(1)).toHaveLength(3)
  annotations.reject([a!, c!])
  expect(annotations.get(a!)).toBeDefined()
  expect(annotations.get(c!)).toBeUndefined()
  expect(classes.counts()).toEqual(new Map([[classId, 1]]))
  expect(images.get(1)).toMatchObject({ labels: 1, proposals: 1 })
})

test('what somebody has decided is not proposed again: labels and rejected boxes, until that is undone', async () => {
  const { annotations, classes, history } = await someProject('a.jpg')
  const [cell, dust] = [classes.add('cell'), classes.add('dust')]
  const guess = (x: number, classId = cell) => ({
    classId,
    box: [x, 0, x + 10, 10] as const,
    score: 0.5,
  })
  const boxes = () => annotations.of(1).map(({ classId, box, source }) => `${source} ${classId} ${box[0]}`)
  annotations.add(1, [{ classId: cell, box: [0, 0, 10, 10], source: 'drawn' }])
  annotations.propose(1, 'run 1', [guess(0), guess(3), guess(4), guess(0, dust), guess(50)])
  // IoU of 3 px apart: 70 / 130; of 4 px apart: 60 / 140.
  expect(boxes()).toEqual([
    `drawn ${cell} 0`,
    `proposed ${cell} 4`,
    `proposed ${dust} 0`,
    `proposed ${cell} 50`,
  ])

  const far = annotations.of(1).at(-1)!.id
  annotations.reject([far], { image: 1, annotations: [{ ...guess(70), source: 'proposed' }] })
  expect(annotations.rejections(1)).toEqual([50, 70].map((x) => ({ classId: cell, box: [x, 0, x + 10, 10] })))
  // 1 px apart: 90 / 110; 2 px apart: 80 / 120.
  annotations.propose(1, 'run 2', [guess(51), guess(52), guess(69), guess(50, dust)])
  expect(boxes().slice(-2)).toEqual([`proposed ${cell} 52`, `proposed ${dust} 50`])
  history.undo()
  history.undo()
  expect(annotations.rejections(1)).toEqual([])
  expect(annotations.get(far)).toBeDefined()
  history.redo()
  expect(annotations.rejections(1)).toHaveLength(2)

  classes.merge([cell], dust)
  expect(annotations.rejections(1)[0]!.classId).toBe(dust)
  classes.remove(dust)
  expect(annotations.rejections(1)).toEqual([])
})

test('guesses that were never stored are accepted in one step with proposals', async () => {
  const { annotations, classes, history } = await someProject('a.jpg')
  const classId = classes.add('cell')
  const [stored] = annotations.propose(1, 'run 1', [{ classId, box: BOX, score: 0.9 }])
  const seen = { classId, box: [50, 50, 60, 60], model: 'run 1', score: 0.3, source: 'proposed' } as const
  const [added] = annotations.accept([stored!], { image: 1, annotations: [seen] })
  expect(annotations.get(added!)).toMatchObject({ ...seen, source: 'accepted' })
  expect(annotations.get(stored!)!.source).toBe('accepted')
  history.undo()
  expect(annotations.of(1)).toMatchObject([{ id: stored, source: 'proposed' }])
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
