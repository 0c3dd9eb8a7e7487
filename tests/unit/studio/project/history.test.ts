import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { shapeOfRings } from '../../../../src/core/geometry/shape.ts'
import type { StepEffect } from '../../../../src/main/studio/project/history.ts'
import { createProject, openProject } from '../../../../src/main/studio/project/project.ts'
import { addImages, copyAsIfCut, someProject } from '../../../support/project.ts'
import { perform, someCommand } from '../../../support/project-commands.ts'
import { tracked } from '../../../support/project-state.ts'
import { scratch } from '../../../support/scratch.ts'

const BOX = [0.1 + 0.2, 1 / 3, 20.000000000000004, 40.1] as const

test('any edits: undoing all gives the first state, redoing all the last, with the project closed in between', async () => {
  const edits = fc.array(someCommand, { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(edits, fc.boolean(), async (commands, reopen) => {
      const folder = await scratch()
      let project = await createProject(folder)
      addImages(project, 'a.jpg', 'b.jpg', 'sub/a.jpg')
      const first = tracked(project)
      const cell = project.classes.add('cell')
      project.classes.add('nucleus')
      project.annotations.add(1, [{ classId: cell, box: BOX, source: 'drawn', attributes: { ripe: true } }])
      for (const command of commands) perform(project, command)
      // Only what was not undone by the edits themselves comes back.
      const last = tracked(project)
      const redoable = project.history.steps().filter(({ state }) => state === 'undone').length

      let steps = 0
      while (project.history.undo()) {
        steps++
        if (reopen && steps === 2) {
          project.close()
          project = await openProject(folder)
        }
      }
      expect(tracked(project)).toEqual(first)
      for (let i = 0; i < steps; i++) {
        if (reopen && i === 2) {
          project.close()
          project = await openProject(folder)
        }
        project.history.redo()
      }
      expect(tracked(project)).toEqual(last)
      expect(project.history.steps(1000).filter(({ state }) => state === 'undone')).toHaveLength(redoable)
      expect(project.database.get('PRAGMA integrity_check')).toEqual({ integrity_check: 'ok' })
      expect(project.database.all('PRAGMA foreign_key_check')).toEqual([])
      project.close()
    }),
    { numRuns: Number(process.env.FCOS_RUNS ?? 40) },
  )
}, 120_000)

test('vertices come back to the last bit, however often they are moved, undone and redone', async () => {
  const project = await someProject('a.jpg')
  const classId = project.classes.add('cell')
  const value = fc.double({ min: 0, max: 1e4, noNaN: true }).map((one) => one + 0)
  const ring = fc.array(value, { minLength: 6, maxLength: 24 }).map((all) => all.slice(0, all.length & ~1))
  fc.assert(
    fc.property(fc.array(ring, { minLength: 2, maxLength: 5 }), (rings) => {
      const shapes = rings.map((one) => shapeOfRings([one])).filter((one) => one !== null)
      const [first, ...others] = shapes
      if (!first) return
      const [id] = project.annotations.add(1, [{ classId, ...first, source: 'drawn' }])
      const states = [first, ...others]
      for (const shape of others) project.annotations.update(id!, shape)
      const stored = () => project.annotations.get(id!)
      for (const shape of states.toReversed()) {
        expect(stored()).toMatchObject(shape)
        project.history.undo()
      }
      for (const shape of states) {
        project.history.redo()
        expect(stored()).toMatchObject(shape)
      }
    }),
    { numRuns: 30 },
  )
})

test('coordinates come back to the last bit', async () => {
  const project = await someProject('a.jpg')
  const classId = project.classes.add('cell')
  const [id] = project.annotations.add(1, [{ classId, box: BOX, source: 'drawn' }])
  project.annotations.update(id!, { box: [1, 2, 3, 4] })
  project.history.undo()
  expect(project.annotations.get(id!)?.box).toEqual(BOX)
  project.annotations.remove([id!])
  project.history.undo()
  expect(project.annotations.get(id!)?.box).toEqual(BOX)
})

test('a new change ends what could be redone; one that changes nothing does not', async () => {
  const project = await someProject('a.jpg')
  const { history, images, classes } = project
  images.setState([1], 'done')
  images.setSplit([1], 'val')
  history.undo()
  images.setState([1], 'done')
  classes.reorder([])
  expect(history.steps().map(({ label, state }) => `${label} ${state}`)).toEqual([
    'Change split of images undone',
    'Change state of images done',
  ])
  images.setSplit([1], 'test')
  expect(history.redo()).toBeUndefined()
  expect(project.database.all('SELECT log FROM image_before ORDER BY log')).toHaveLength(2)
})

test('a change that throws leaves nothing behind, not even what it did in other changes', async () => {
  const project = await someProject('a.jpg')
  const before = tracked(project)
  expect(() =>
    project.history.change('Both', () => {
      project.classes.add('cell')
      project.images.setState([1], 'done')
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(tracked(project)).toEqual(before)
  expect(project.history.steps()).toEqual([])
})

test('rows are not changed past the history', async () => {
  const project = await someProject('a.jpg')
  expect(() => project.database.run(`UPDATE image SET state = 'done'`)).toThrow(/image_before.log/)
  expect(() => project.database.run(`INSERT INTO class VALUES (1, 'x', '#000000', 0)`)).toThrow(
    /class_before.log/,
  )
})

test('a clock that goes backwards changes no order', async () => {
  const project = await someProject('a.jpg')
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  for (const [state, time] of [
    ['in-progress', 3e12],
    ['done', 1e12],
    ['ignored', 2e12],
  ] as const) {
    vi.setSystemTime(time)
    project.images.setState([1], state)
  }
  const seen = Array.from({ length: 3 }, () => project.history.undo() && project.images.get(1)!.state)
  expect(seen).toEqual(['done', 'in-progress', 'new'])
})

describe('gestures', () => {
  async function withBox() {
    const project = await someProject('a.jpg', 'b.jpg')
    const classId = project.classes.add('cell')
    const [id] = project.annotations.add(1, [{ classId, box: BOX, source: 'drawn' }])
    const move = (x: number) => project.annotations.update(id!, { box: [x, 2, 90, 4] })
    const x = () => project.annotations.get(id!)!.box[0]
    return { project, history: project.history, move, x, steps: () => project.history.steps().length }
  }

  test('many moves are one step and one row', async () => {
    const { project, history, move, x, steps } = await withBox()
    const gesture = history.begin('Move box')
    for (let i = 1; i <= 50; i++) gesture.extend(() => move(i))
    gesture.commit()
    expect(steps()).toBe(3)
    expect(project.database.all('SELECT id FROM annotation_before WHERE existed')).toHaveLength(1)
    history.undo()
    expect(x()).toBe(BOX[0])
    history.redo()
    expect(x()).toBe(50)
  })

  test('away and back is no step; cancelling takes back', async () => {
    const { history, move, x, steps } = await withBox()
    const there = history.begin('Move box')
    there.extend(() => move(7))
    there.extend(() => history.change('back', () => move(BOX[0])))
    there.extend(() => undefined)
    const again = history.begin('Move box')
    again.extend(() => move(7))
    expect(x()).toBe(7)
    again.cancel()
    again.cancel()
    expect(x()).toBe(BOX[0])
    expect(steps()).toBe(3)
  })

  test('another change ends it, and it goes on as a step of its own', async () => {
    const { project, history, move, x } = await withBox()
    const gesture = history.begin('Move box')
    gesture.extend(() => move(7))
    project.images.setState([2], 'done')
    gesture.extend(() => move(8))
    history.undo()
    expect(x()).toBe(7)
    history.undo()
    expect(project.images.get(2)?.state).toBe('new')
    history.undo()
    expect(x()).toBe(BOX[0])
  })

  test('undo ends it and takes it back', async () => {
    const { history, move, x } = await withBox()
    history.begin('Move box').extend(() => move(7))
    expect(history.undo()).toMatchObject({ label: 'Move box', images: [1], classes: false })
    expect(x()).toBe(BOX[0])
  })

  test('an exclusive one refuses all others until it ends', async () => {
    const { project, history, move, x } = await withBox()
    const gesture = history.begin('Import', { exclusive: true })
    gesture.extend(() => move(7))
    expect(() => project.images.setState([2], 'done')).toThrow(/"Import" is in progress/)
    expect(() => history.undo()).toThrow(expect.objectContaining({ code: 'USAGE_PROJECT_BUSY' }))
    gesture.cancel()
    expect(x()).toBe(BOX[0])
    project.images.setState([2], 'done')
  })

  test('one that a crash interrupted is taken back when the project is opened', async () => {
    const project = await someProject('a.jpg')
    project.images.setState([1], 'in-progress')
    project.history.begin('Drag').extend(() => project.images.setState([1], 'done'))
    const again = await openProject(await copyAsIfCut(project))
    onTestFinished(() => again.close())
    expect(again.history.interrupted).toBe('Drag')
    expect(again.images.get(1)?.state).toBe('in-progress')
    again.history.undo()
    expect(again.images.get(1)?.state).toBe('new')
  })
})

test('listeners are told what looks different after each step', async () => {
  const project = await someProject('a.jpg', 'b.jpg')
  const told: StepEffect[] = []
  const stop = project.history.subscribe((effect) => told.push(effect))
  const classId = project.classes.add('cell')
  const [id] = project.annotations.add(2, [{ classId, box: BOX, source: 'drawn' }])
  project.images.setState([1], 'done')
  project.annotations.remove([id!])
  project.history.undo()
  stop()
  project.history.undo()
  expect(told).toEqual([
    { step: 1, label: 'Add class cell', images: [], classes: true },
    { step: 2, label: 'Add boxes', images: [2], classes: false },
    { step: 3, label: 'Change state of images', images: [1], classes: false },
    { step: 4, label: 'Delete boxes', images: [2], classes: false },
    { step: 4, label: 'Delete boxes', images: [2], classes: false },
  ])
})

test('what is forgotten stays, and cannot be undone or redone', async () => {
  const project = await someProject('a.jpg')
  const cell = project.classes.add('cell')
  project.annotations.add(1, [{ classId: cell, box: BOX, source: 'drawn' }])
  project.classes.rename(cell, 'nucleus')
  project.history.undo()
  const before = tracked(project)
  project.history.forget()
  expect([project.history.undo(), project.history.redo(), project.history.steps()]).toEqual([
    undefined,
    undefined,
    [],
  ])
  expect(tracked(project)).toEqual(before)
  project.classes.rename(cell, 'core')
  project.history.undo()
  expect(tracked(project)).toEqual(before)
})

test('a step that is named is undone, or none is', async () => {
  const project = await someProject('a.jpg')
  const { history, images } = project
  const steps: number[] = []
  history.subscribe(({ step }) => steps.push(step))
  images.setState([1], 'done')
  images.setSplit([1], 'val')
  const [first, second] = steps as [number, number]
  const before = tracked(project)
  expect(() => history.undo(first)).toThrow(
    expect.objectContaining({
      code: 'USAGE_STEP',
      message: expect.stringContaining('"Change state of images" is no longer the last step'),
    }),
  )
  expect(tracked(project)).toEqual(before)
  expect(history.undo(second)).toMatchObject({ step: second, label: 'Change split of images' })
  expect(() => history.undo(second)).toThrow(/"Change split of images" is already undone/)
  expect(history.undo(first)).toMatchObject({ step: first })
  expect(() => history.undo(first)).toThrow(/already undone/)
  expect(() => history.undo(99)).toThrow(/already undone/)
})
