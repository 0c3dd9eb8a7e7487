import { beforeEach, describe, expect, test } from 'vitest'
import { CodedError } from '../../../../src/core/errors.ts'
import { around, EvaluationView } from '../../../../src/renderer/evaluate/evaluation-view.svelte.ts'
import { JobList } from '../../../../src/renderer/session/job-list.svelte.ts'
import { ReviewTour } from '../../../../src/renderer/session/review-tour.svelte.ts'
import { idle, StandInClient, StandInContext } from '../../../support/stand-in-studio.svelte.ts'

const entryOf = (id: string) =>
  ({
    id,
    title: id,
    rankings: ['score'],
    iouTypes: ['bbox'],
    source: { kind: 'model', path: `/${id}` },
    query: 'split:val',
  }) as never

const finding = (imageId: number, box: [number, number, number, number]) =>
  ({
    ...{ imageId, kind: 'background', iou: 0 },
    detected: { classId: 1, box, score: 0.8 },
    object: null,
  }) as never

let client: StandInClient
let entries: never[]
let view: EvaluationView
let shown: number[]
let place = 'evaluate'
const model: { current: { path: string } | null } = { current: null }

beforeEach(() => {
  entries = [entryOf('b'), entryOf('a')]
  shown = []
  client = new StandInClient({
    'jobs.list': () => [],
    'evaluation.list': () => entries,
    'evaluation.summary': () => ({}) as never,
    'evaluation.findings': () =>
      ({ findings: [finding(4, [10, 10, 30, 20]), finding(7, [0, 0, 8, 8])], total: 2 }) as never,
  })
  const context = Object.assign(new StandInContext(client), {
    jobs: new JobList(client),
    tour: new ReviewTour((image) => shown.push(image)),
    model,
    set place(name: string) {
      place = name
    },
  })
  view = new EvaluationView(context as never)
})

describe('the list of evaluations', () => {
  test('that of the model in use is open first', async () => {
    model.current = { path: '/a' }
    await view.refresh()
    expect(view.openId).toBe('a')
    model.current = null
  })

  test('the newest is open first; the one that was chosen stays open', async () => {
    await view.refresh()
    expect(view.openId).toBe('b')
    view.openId = 'a'
    entries = [entryOf('c'), ...entries]
    await view.refresh()
    expect(view.openId).toBe('a')
  })

  test('one that is gone is neither open nor beside another', async () => {
    await view.refresh()
    view.openId = 'a'
    view.besideId = 'a'
    entries = [entryOf('b')]
    await view.refresh()
    expect([view.openId, view.besideId]).toEqual(['b', null])
  })

  test('a new one is opened when its job is done', async () => {
    await view.refresh()
    client.answers['evaluation.start'] = () => {
      entries = [entryOf('c'), ...entries]
      setImmediate(() =>
        client.emit('job', { id: 1, state: 'done', result: entryOf('c'), error: null } as never),
      )
      return { job: 1 }
    }
    await view.start({} as never, '')
    expect([view.openId, view.starting]).toEqual(['c', false])
  })

  test('one that cannot be made says why, and another can be started', async () => {
    client.answers['evaluation.start'] = () => {
      throw new CodedError('USAGE_DATASET', 'No image of this split holds a label')
    }
    await view.start({} as never, '')
    expect(view.starting).toBe(false)
    expect((view.studio.messages as StandInContext['messages']).list.length).toBe(1)
  })
})

describe('findings', () => {
  test('are read once for the same list, and anew for another', async () => {
    await view.refresh()
    view.loadFindings()
    await idle()
    view.loadFindings()
    expect(client.sent('evaluation.findings').length).toBe(1)
    view.show({ title: 'All of die', of: { kind: 'falsePositives', type: null, score: 0.3 }, classId: 1 })
    view.loadFindings()
    expect(client.sent('evaluation.findings').length).toBe(2)
    expect(view.at).toBe(0)
  })

  test('a review tour goes through their images and comes back behind the last one visited', async () => {
    await view.refresh()
    view.loadFindings()
    await idle()
    view.startTour(0, () => false)
    const { tour } = view.studio
    tour.step(1)
    expect(shown).toEqual([4, 7])
    expect(tour.current!.guess).toEqual({ classId: 1, box: [0, 0, 8, 8], score: 0.8 })
    tour.end()
    expect([view.at, view.focusWanted, place]).toEqual([1, true, 'evaluate'])
    expect(tour.current).toBe(null)
  })

  test('a review tour leaves out images that are gone, and does not begin at one', async () => {
    await view.refresh()
    view.loadFindings()
    await idle()
    const isGone = (imageId: number): boolean => imageId === 4
    view.startTour(0, isGone)
    expect(shown).toEqual([])
    view.startTour(1, isGone)
    expect(shown).toEqual([7])
    expect(view.studio.tour.stops.length).toBe(view.findings.value!.findings.length - 1)
    view.studio.tour.end()
    expect(view.at).toBe(1)
  })
})

test('the place of a finding holds what was detected and what is labelled', () => {
  const both = { detected: { box: [10, 10, 20, 20] }, object: { box: [5, 12, 18, 30] } } as never
  expect(around(both)).toEqual([5, 10, 20, 30])
})
