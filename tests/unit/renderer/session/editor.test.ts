import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { BoxXyxy } from '../../../../src/core/geometry/box.ts'
import { fitShape, moveShape, type Shape } from '../../../../src/core/geometry/shape.ts'
import { Editor } from '../../../../src/renderer/session/editor.svelte.ts'
import { annotationOf, idle, StandInClient, StandInContext } from '../../../support/stand-in-studio.svelte.ts'

let client: StandInClient
let context: StandInContext
let editor: Editor

/** The store's next id. */
let nextId: number

beforeEach(async () => {
  nextId = 100
  client = new StandInClient({
    'annotations.of': ({ image }) =>
      image === 1
        ? [annotationOf(1), annotationOf(2, { classId: 2 }), annotationOf(3, { source: 'proposed' })]
        : [],
    'annotations.rejected': () => [],
    'annotations.add': ({ annotations }) => ({ ids: annotations.map(() => nextId++) }),
    'annotations.update': () => null,
    'annotations.remove': () => null,
    'annotations.accept': ({ guesses }) => ({ ids: guesses?.annotations.map(() => nextId++) ?? [] }),
    'annotations.reject': () => null,
  })
  context = new StandInContext(client)
  editor = new Editor(context)
  await editor.load(1)
})

const boxShape = (box: BoxXyxy): Shape => ({ box, segmentation: null, area: null })

const guess = annotationOf(-1_000_000_000, { source: 'proposed', model: 'm', score: 0.8 })

describe('class keys', () => {
  test('a new box is not selected, so that a class key is about the next box', async () => {
    await editor.draw(boxShape([0, 0, 5, 5]))
    editor.classify(2)
    await editor.draw(boxShape([5, 5, 9, 9]))
    await editor.settled()
    const drawn = client.sent('annotations.add').flatMap(({ annotations }) => annotations)
    expect(drawn.map(({ classId }) => classId)).toEqual([1, 2])
    expect(client.sent('annotations.update')).toEqual([])
    expect(context.messages.status).toBe('New boxes: marble')
  })

  test('drawing ends an older selection', async () => {
    editor.image.select([1])
    await editor.draw(boxShape([0, 0, 5, 5]))
    editor.classify(2)
    await editor.settled()
    expect(client.sent('annotations.update')).toEqual([])
  })

  test('of what is selected the class changes, and the window says from what to what', async () => {
    editor.image.select([1])
    editor.classify(2)
    expect(context.messages.status).toBe('Class of 1 box: die → marble')
    expect(editor.penClass).toBe(1)
    await editor.settled()
    expect(client.sent('annotations.update')[0]!.changes).toEqual([{ id: 1, patch: { classId: 2 } }])
  })

  test('several boxes of several classes', () => {
    editor.image.select([1, 2])
    editor.classify(2)
    expect(context.messages.status).toBe('Class of 2 boxes: die, marble → marble')
  })

  test('the class that they have already is no step', async () => {
    editor.image.select([2])
    editor.classify(2)
    await editor.settled()
    expect(client.sent('annotations.update')).toEqual([])
    expect(context.messages.status).toBe('Class of 1 box: already marble')
  })

  test('a project that is open for reading says so and claims nothing', () => {
    context.project = { ...context.project!, readOnly: { code: 'IO_PROJECT_LOCKED', message: 'Held by Ada' } }
    context.canEdit = false
    editor.image.select([1])
    editor.classify(2)
    expect(context.messages.status).toBe('')
    expect(context.messages.list.map(({ kind }) => kind)).toEqual(['error'])
  })
})

describe('what belongs to an image', () => {
  test('goes with it', async () => {
    editor.image.select([1, 2])
    editor.image.hidden.add(2)
    editor.image.locked.add(1)
    editor.image.draft = [{ id: 1, box: [0, 0, 1, 1] }]
    editor.image.guesses = [guess]
    const { image } = editor
    await editor.load(2)
    expect(editor.image).not.toBe(image)
    expect([...editor.image.selection, ...editor.image.hidden, ...editor.image.locked]).toEqual([])
    expect([editor.image.draft, editor.image.guesses, editor.image.annotations]).toEqual([null, [], []])
    expect(editor.image.loaded).toBe(2)
  })

  test('an answer that comes late is not shown on the image that is open by then', async () => {
    let answer = (): void => {}
    client.answers['annotations.of'] = ({ image }) =>
      image === 1 ? new Promise((resolve) => (answer = () => resolve([annotationOf(9)]))) : []
    const first = editor.load(1)
    await idle()
    await editor.load(2)
    answer()
    await first
    expect(editor.image.id).toBe(2)
    expect(editor.image.annotations).toEqual([])
  })

  test('a box of the first class is not added to the image that was opened meanwhile', async () => {
    context.classes = []
    let answer = (): void => {}
    client.answers['classes.add'] = () =>
      new Promise((resolve) => (answer = () => resolve({ id: 7 } as never)))
    const drawing = editor.draw(boxShape([0, 0, 5, 5]))
    await editor.load(2)
    answer()
    await drawing
    await editor.settled()
    expect(client.sent('annotations.add')).toEqual([])
  })

  test('labels copied from another image are not added to a third', async () => {
    let answer = (): void => {}
    client.answers['annotations.of'] = ({ image }) =>
      image === 5 ? new Promise((resolve) => (answer = () => resolve([annotationOf(50)]))) : []
    const copying = editor.clipboard.copyFrom(5)
    await editor.load(2)
    answer()
    await copying
    await editor.settled()
    expect(client.sent('annotations.add')).toEqual([])
  })
})

describe('saving', () => {
  test('a box is moved under the id that the store gave it, and keeps its selection', async () => {
    editor.add([{ classId: 1, box: [0, 0, 5, 5], source: 'drawn' }], 'Draw box')
    const [temporary] = editor.image.selection
    editor.move(new Map([[temporary!, boxShape([1, 1, 6, 6])]]))
    await editor.settled()
    expect(client.sent('annotations.update')[0]!.changes[0]).toMatchObject({
      id: 100,
      patch: { box: [1, 1, 6, 6] },
    })
    expect(editor.saving).toBe(false)
  })

  test('moves by keys are one change', async () => {
    for (const x of [11, 12, 13]) editor.nudge(new Map([[1, boxShape([x, 10, x + 20, 30])]]))
    expect(editor.image.annotations[0]!.box).toEqual([13, 10, 33, 30])
    expect(client.sent('annotations.update')).toEqual([])
    await editor.settled()
    const updates = client.sent('annotations.update')
    expect(updates.length).toBe(1)
    expect(updates[0]!.changes[0]!.patch.box).toEqual([13, 10, 33, 30])
  })

  test('the next image does not swallow a move that is not sent yet', async () => {
    editor.nudge(new Map([[1, boxShape([11, 10, 31, 30])]]))
    await editor.load(2)
    expect(client.sent('annotations.update').length).toBe(1)
  })

  test('after a failure the window shows what is saved, and names what was not', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    client.answers['annotations.add'] = () => {
      throw new Error('disk full')
    }
    editor.add([{ classId: 1, box: [0, 0, 5, 5], source: 'drawn' }], 'Draw box')
    editor.remove([1])
    await editor.settled()
    expect(editor.image.annotations.map(({ id }) => id)).toEqual([1, 2, 3])
    expect(context.messages.list.map(({ kind }) => kind)).toEqual(['error', 'info'])
    expect(context.messages.list[1]!.text).toContain('Delete boxes')
  })

  test('a step of another window is read anew; one about other images is not', async () => {
    const reads = () => client.sent('annotations.of').length
    const before = reads()
    editor.stepped({
      step: 1,
      label: 'Move box',
      images: [8],
      classes: false,
      undo: null,
      redo: null,
      by: null,
    })
    await idle()
    expect(reads()).toBe(before)
    editor.stepped({
      step: 1,
      label: 'Move box',
      images: [1],
      classes: false,
      undo: null,
      redo: null,
      by: null,
    })
    await idle()
    expect(reads()).toBe(before + 1)
  })

  test('a step of the same name from another window is no echo of the one on its way', async () => {
    const reads = () => client.sent('annotations.of').length
    const step = { step: 1, label: 'Draw box', images: [1], classes: false, undo: 'Draw box', redo: null }
    const told = Promise.withResolvers<void>()
    client.answers['annotations.add'] = async () => {
      await told.promise
      return { ids: [nextId++] }
    }
    const before = reads()
    await editor.draw(boxShape([0, 0, 5, 5]))
    await idle()
    const call = client.calls.length
    editor.stepped({ ...step, by: { client: 'this window', call } })
    await idle()
    expect(reads()).toBe(before)
    editor.stepped({ ...step, by: { client: 'another window', call } })
    editor.stepped({ ...step, by: { client: 'this window', call: call + 1 } })
    told.resolve()
    await editor.settled()
    await idle()
    expect(reads()).toBeGreaterThan(before)
  })
})

describe('proposals and guesses', () => {
  test('accepting makes labels of both, and the selection follows', async () => {
    editor.image.guesses = [guess]
    editor.image.select([3, guess.id])
    editor.accept([3, guess.id])
    expect(editor.image.selected.map(({ source }) => source)).toEqual(['accepted', 'accepted'])
    await editor.settled()
    const [sent] = client.sent('annotations.accept')
    expect(sent!.ids).toEqual([3])
    expect(sent!.guesses!.annotations.map(({ box }) => box)).toEqual([guess.box])
  })

  test('rejecting takes both away and remembers where', async () => {
    editor.image.guesses = [guess]
    editor.reject([1, 3, guess.id])
    expect(editor.image.annotations.map(({ id }) => id)).toEqual([1, 2])
    expect(editor.image.rejections.length).toBe(2)
    await editor.settled()
    expect(client.sent('annotations.reject')[0]).toMatchObject({ ids: [3] })
  })

  test('whoever moves a guess has looked at it: it becomes a label of its own', async () => {
    editor.image.guesses = [guess]
    editor.move(new Map([[guess.id, boxShape([11, 11, 31, 31])]]))
    await editor.settled()
    expect(client.sent('annotations.add')[0]!.annotations[0]).toMatchObject({
      source: 'accepted',
      box: [11, 11, 31, 31],
    })
  })
})

describe('outlines', () => {
  const outlined: Shape = { box: [10, 10, 30, 30], segmentation: [[10, 10, 30, 10, 30.1, 30]], area: 200 }

  beforeEach(async () => {
    client.answers['annotations.of'] = ({ image }) =>
      image === 1 ? [annotationOf(1, outlined), annotationOf(2, { ...outlined, source: 'proposed' })] : []
    await editor.load(2)
    await editor.load(1)
  })

  const shown = (id: number): Shape | undefined => {
    const found = editor.image.annotations.find((one) => one.id === id)
    return found && { box: found.box, segmentation: found.segmentation, area: found.area }
  }

  test('what is shown after moving by keys is what is sent, to the bit', async () => {
    let shape = outlined
    for (let i = 0; i < 5; i++) {
      shape = moveShape(shape, 0.1, 1)
      editor.nudge(new Map([[1, shape]]))
    }
    expect(shown(1)).toEqual(shape)
    await editor.settled()
    expect(client.sent('annotations.update')[0]!.changes[0]!.patch).toEqual(shape)
  })

  test('resizing scales them; a proposal that is resized becomes a label with its outline', async () => {
    const shape = fitShape(outlined, [10, 10, 50, 30])
    editor.move(new Map([[2, shape]]))
    expect(shown(2)).toEqual(shape)
    expect(shape).toMatchObject({ area: 400 })
    await editor.settled()
    expect(client.sent('annotations.update')[0]!.changes[0]!.patch).toEqual({ ...shape, source: 'accepted' })
  })

  test('another class, other flags and accepting leave them alone', async () => {
    editor.image.select([1])
    editor.classify(2)
    editor.update([1], { difficult: true }, 'Difficult')
    editor.accept([2])
    expect([shown(1), shown(2)]).toEqual([outlined, outlined])
  })

  test('copies have them: pasted, duplicated, and taken from another image', async () => {
    editor.clipboard.copy([1])
    editor.clipboard.paste()
    editor.clipboard.duplicate([1], 10)
    client.answers['annotations.of'] = () => [annotationOf(9, { ...outlined, box: [0, 0, 30, 30] })]
    await editor.clipboard.copyFrom(5)
    await editor.settled()
    const sent = client.sent('annotations.add').flatMap(({ annotations }) => annotations)
    expect(sent.map(({ segmentation }) => segmentation)).toEqual([
      [[18, 18, 38, 18, 38.1, 38]],
      [[20, 20, 40, 20, 40.1, 40]],
      outlined.segmentation,
    ])
    expect(sent.map(({ area }) => area)).toEqual([200, 200, 200])
  })

  test('pasted copies lie beside their originals, each a little further; in another image they lie in the same place', async () => {
    const boxesSent = () => client.sent('annotations.add').map(({ annotations }) => annotations[0]!.box)
    editor.clipboard.copy([1])
    editor.clipboard.paste()
    editor.clipboard.paste()
    await editor.load(2)
    editor.clipboard.paste()
    await editor.settled()
    const [x1, y1, x2, y2] = outlined.box
    expect(boxesSent()).toEqual([
      [x1 + 8, y1 + 8, x2 + 8, y2 + 8],
      [x1 + 16, y1 + 16, x2 + 16, y2 + 16],
      outlined.box,
    ])
  })

  test('an outline of another image is copied although the same box is here with another', async () => {
    const other = annotationOf(9, { ...outlined, segmentation: [[10, 10, 30, 30, 10, 30]] })
    client.answers['annotations.of'] = () => [annotationOf(8, outlined), other]
    await editor.clipboard.copyFrom(5)
    await editor.settled()
    const [sent] = client.sent('annotations.add')
    expect(sent!.annotations.map(({ segmentation }) => segmentation)).toEqual([other.segmentation])
  })
})
