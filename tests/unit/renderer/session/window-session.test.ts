import { beforeEach, describe, expect, test, vi } from 'vitest'
import { CodedError } from '../../../../src/core/errors.ts'
import { WindowSession } from '../../../../src/renderer/session/window-session.svelte.ts'
import {
  annotationOf,
  classOf,
  idle,
  StandInClient,
  summaryOf,
} from '../../../support/stand-in-studio.svelte.ts'

const CELLS = summaryOf()
const COINS = summaryOf({ path: '/projects/coins/project.fcos', name: 'coins' })

let client: StandInClient
/** What the studio has open. */
let open = CELLS

const row = (id: number) => ({ id, path: `${id}.jpg`, width: 10, height: 10, error: null }) as never

beforeEach(() => {
  open = CELLS
  client = new StandInClient({
    'assist.state': () => ({
      ...{
        phase: 'off',
        error: null,
        run: null,
        images: 0,
        step: 0,
        learn: null,
        cpuSeconds: 0,
        proposing: false,
      },
      ...{ thresholds: [], summary: null, curve: [], doubts: 0 },
    }),
    'app.info': () => ({
      ...{
        version: '0',
        shell: 'browser',
        platform: 'linux',
        engine: { title: 'none', canTrain: false },
        detection: [],
      },
    }),
    'settings.all': () => ({}),
    'settings.set': () => null,
    'project.summary': () => open,
    'classes.list': () => (open === CELLS ? [classOf(1, 'die'), classOf(2, 'pawn')] : [classOf(1, 'coin')]),
    'images.find': () => ({ ids: open === CELLS ? [1, 2, 3] : [1, 2] }),
    'images.list': ({ ids }) => ids.map(row),
    'annotations.of': ({ image }) => (open === CELLS ? [annotationOf(image * 10, { classId: 2 })] : []),
    'annotations.rejected': () => [],
    'annotations.update': () => null,
    'runs.list': () => [],
    'runs.comparison': () => null,
    'jobs.list': () => [],
    'models.current': () => null,
    'models.list': () => [],
  })
})

/** As the studio does it: the former project is closed first. */
function switchTo(project: typeof CELLS): void {
  client.emit('project', null)
  open = project
  client.emit('project', project)
}

describe('another project', () => {
  test('has nothing of the one before', async () => {
    const session = await WindowSession.connect(client)
    await idle()
    const cells = session.studio
    cells.editor.penClass = 2
    cells.editor.image.select([10])
    cells.images.open(3)
    await cells.images.search('state:new')
    cells.place = 'train'
    cells.messages.show('Imported 3 objects')
    cells.tour.start(
      [{ imageId: 2, annotationId: null, box: [0, 0, 1, 1], guess: null, note: '' }],
      0,
      () => {},
    )
    const asking = cells.chooser.choose({ title: 'Where?', verb: 'Use', kinds: ['folder'] })
    void asking
    switchTo(COINS)
    await idle()
    const coins = session.studio
    expect(coins).not.toBe(cells)
    expect(coins.project?.name).toBe('coins')
    expect(coins.editor.penClass).toBe(1)
    expect(coins.editor.image.objects).toEqual([])
    expect([coins.images.query, coins.images.ids, coins.images.current]).toEqual(['', [1, 2], 1])
    expect(coins.classes.map(({ name }) => name)).toEqual(['coin'])
    expect([coins.place, coins.messages.list, coins.tour.current, coins.chooser.pending]).toEqual([
      'annotate',
      [],
      null,
      null,
    ])
  })

  test('does not get the changes of the one before, and the window says so', async () => {
    const session = await WindowSession.connect(client)
    await idle()
    const { editor } = session.studio
    editor.nudge(new Map([[10, { box: [11, 10, 31, 30], segmentation: null, area: null }]]))
    switchTo(COINS)
    void editor.settled()
    await idle()
    expect(client.sent('annotations.update')).toEqual([])
    expect(session.messages.list.map(({ text }) => text)).toEqual([expect.stringMatching(/may not be saved/)])
  })

  test('hears nothing of what was asked before', async () => {
    const session = await WindowSession.connect(client)
    await idle()
    const { images } = session.studio
    let answer = (): void => {}
    client.answers['images.find'] = () =>
      new Promise((resolve) => (answer = () => resolve({ ids: [70, 71] })))
    void images.search('pawn')
    client.answers['images.find'] = () => ({ ids: [1, 2] })
    switchTo(COINS)
    answer()
    await idle()
    expect(images.ids).toEqual([1, 2, 3])
    expect(session.studio.images.ids).toEqual([1, 2])
  })

  test('opened by this window, waits until the last change is saved', async () => {
    const session = await WindowSession.connect(client)
    await idle()
    session.studio.editor.nudge(new Map([[10, { box: [11, 10, 31, 30], segmentation: null, area: null }]]))
    client.answers['project.open'] = () => {
      switchTo(COINS)
      return COINS
    }
    await session.openProject('/projects/coins')
    expect(client.calls.map(({ method }) => method).filter((name) => /update|open/.test(name))).toEqual([
      'annotations.update',
      'project.open',
    ])
    expect(session.messages.list).toEqual([])
  })

  test('that cannot be opened leaves this one open, with the reason', async () => {
    const session = await WindowSession.connect(client)
    await idle()
    const { studio } = session
    client.answers['project.open'] = () => {
      throw new CodedError('DATA_READ', 'No such folder')
    }
    await session.openProject('/nowhere')
    expect(session.studio).toBe(studio)
    expect(session.messages.list.map(({ text }) => text)).toEqual(['No such folder'])
  })

  test('changes are told from those of other windows by their calls', async () => {
    const session = await WindowSession.connect(client)
    await idle()
    const reads = () => client.sent('annotations.of').length
    const before = reads()
    let answer = (): void => {}
    client.answers['annotations.update'] = () => new Promise((resolve) => (answer = () => resolve(null)))
    session.studio.editor.move(new Map([[10, { box: [11, 10, 31, 30], segmentation: null, area: null }]]))
    await idle()
    const by = { client: 'this window', call: client.calls.length }
    const step = { step: 1, label: 'Move box', images: [1], classes: false, undo: 'Move box', redo: null }
    client.emit('step', { ...step, by })
    answer()
    await session.studio.editor.settled()
    await idle()
    expect(reads()).toBe(before)
  })

  test('counts of the same project are no other project', async () => {
    const session = await WindowSession.connect(client)
    const { studio } = session
    client.emit('project', { ...CELLS, labels: 9 })
    expect(session.studio).toBe(studio)
    expect(studio.project!.labels).toBe(9)
  })
})

test('a project opens where somebody left it', async () => {
  const session = await WindowSession.connect(client)
  await idle()
  session.studio.images.open(2)
  session.studio.place = 'report'
  switchTo(COINS)
  await idle()
  expect([session.studio.place, session.studio.images.current]).toEqual(['annotate', 1])
  switchTo(CELLS)
  await idle()
  expect([session.studio.place, session.studio.images.current]).toEqual(['report', 2])
})

test('an image that is gone is not opened again', async () => {
  const session = await WindowSession.connect(client)
  await idle()
  session.studio.images.open(3)
  switchTo(COINS)
  client.answers['images.find'] = () => ({ ids: [1, 2] })
  switchTo(CELLS)
  await idle()
  expect(session.studio.images.current).toBe(1)
})

describe('undo', () => {
  test('in the middle of a gesture takes that back and nothing else', async () => {
    const { studio } = await WindowSession.connect(client)
    const gesture = {
      isUnderWay: true,
      cancelGesture: vi.fn(),
      undoGesture: vi.fn(() => true),
      redoGesture: vi.fn(() => true),
    }
    studio.editor.gesture = gesture
    await studio.undo()
    await studio.redo()
    expect(gesture.undoGesture).toHaveBeenCalledOnce()
    expect(gesture.redoGesture).toHaveBeenCalledOnce()
    expect(client.calls.some(({ method }) => method.startsWith('history'))).toBe(false)
  })

  const by = { client: 'this window', call: 7 }
  const step = {
    ...{ step: 3, label: 'Import labels', images: 'many' as const, classes: false },
    ...{ undo: 'Import labels', redo: null, by },
  }
  const drawn = {
    ...step,
    ...{ step: 4, label: 'Draw box', images: [1], undo: 'Draw box', by: { client: 'another', call: 7 } },
  }

  test('is offered for a step only as long as it is the last', async () => {
    const { studio } = await WindowSession.connect(client)
    client.emit('step', step)
    studio.showStep('Imported 3 objects', by)
    expect(studio.messages.list[0]!.action?.title).toBe('Undo')
    client.emit('step', drawn)
    expect(studio.messages.list[0]!.text).toBe('Imported 3 objects')
    expect(studio.messages.list[0]!.action).toBe(null)
  })

  test('is not offered where another window has made a step before the first was told of', async () => {
    const { studio } = await WindowSession.connect(client)
    client.emit('step', step)
    client.emit('step', drawn)
    studio.showStep('Imported 3 objects', by)
    expect(studio.messages.list).toMatchObject([{ text: 'Imported 3 objects', action: null }])
  })

  test('of a message names its step, so that no other is undone in its place', async () => {
    const { studio } = await WindowSession.connect(client)
    client.answers['history.undo'] = () => {
      throw new CodedError('USAGE_STEP', '"Import labels" is no longer the last step')
    }
    client.emit('step', step)
    studio.showStep('Imported 3 objects', by)
    studio.messages.list[0]!.action!.run()
    await idle()
    expect(client.sent('history.undo')).toEqual([{ step: 3 }])
    expect(studio.messages.list.at(-1)).toMatchObject({
      kind: 'error',
      text: expect.stringContaining('no longer the last step'),
    })
  })
})
